import type pg from 'pg';

type Row = Readonly<Record<string, unknown>>;
export type DatabaseContent = Readonly<Record<string, readonly Row[]>>;

/** What the schema has, by the server's own words for it. */
const SCHEMA = {
  tables: `
    SELECT oid::regclass::text AS name, relkind::text AS kind, pg_get_userbyid(relowner) AS owner, relacl::text AS rights, relreplident::text AS identity,
           obj_description(oid, 'pg_class') AS comment
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'i') ORDER BY 1`,
  columns: `
    SELECT attrelid::regclass::text AS relation, attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required,
           pg_get_expr(adbin, adrelid) AS default, col_description(attrelid, attnum) AS comment
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm') AND attnum > 0 AND NOT attisdropped ORDER BY 1, attnum`,
  constraints: `
    SELECT conrelid::regclass::text AS relation, conname AS name, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE conrelid <> 0 AND connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', '_timescaledb_internal'))
    ORDER BY 1, 2`,
  indexes: `
    SELECT schemaname AS schema, indexdef AS definition FROM pg_indexes WHERE schemaname IN ('public', '_timescaledb_internal') ORDER BY 1, 2`,
  triggers: `
    SELECT tgrelid::regclass::text AS relation, tgname AS name, pg_get_triggerdef(oid) AS definition, tgenabled::text AS enabled
    FROM pg_trigger WHERE NOT tgisinternal AND tgrelid <> 0 ORDER BY 1, 2`,
  routines: `
    SELECT oid::regprocedure::text AS name, md5(pg_get_functiondef(oid)) AS definition, pg_get_userbyid(proowner) AS owner, proacl::text AS rights
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind <> 'a'
      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e') ORDER BY 1`,
  views: "SELECT viewname AS name, definition FROM pg_views WHERE schemaname = 'public' ORDER BY 1",
};

/** The extension's own jobs have numbers below 1000 and are not the database's. */
const STORAGE = {
  extension: "SELECT extversion AS version FROM pg_extension WHERE extname = 'timescaledb'",
  hypertables: `
    SELECT hypertable_schema, hypertable_name, owner, num_chunks, compression_enabled FROM timescaledb_information.hypertables ORDER BY 1, 2`,
  dimensions: `
    SELECT hypertable_name, column_name, time_interval::text, integer_interval FROM timescaledb_information.dimensions ORDER BY 1, 2`,
  compression: `
    SELECT hypertable_name, attname, segmentby_column_index, orderby_column_index, orderby_asc
    FROM timescaledb_information.compression_settings ORDER BY 1, 2`,
  chunks: `
    SELECT hypertable_name, chunk_schema, chunk_name, range_start::text, range_end::text, is_compressed
    FROM timescaledb_information.chunks ORDER BY 1, 3`,
  jobs: `
    SELECT job_id, application_name, schedule_interval::text, max_retries, proc_schema, proc_name, owner::text, scheduled, fixed_schedule,
           config::text, hypertable_schema, hypertable_name
    FROM timescaledb_information.jobs WHERE job_id >= 1000 ORDER BY 1`,
  aggregates: `
    SELECT view_schema, view_name, materialized_only, compression_enabled, materialization_hypertable_name, view_definition
    FROM timescaledb_information.continuous_aggregates ORDER BY 1, 2`,
  watermarks:
    'SELECT mat_hypertable_id, watermark::text FROM _timescaledb_catalog.continuous_aggs_watermark ORDER BY 1',
};

/**
 * Everything that a backup has to bring back: the schema with its rights, the rows of every table and view (their number and a hash), and, with
 * TimescaleDB, chunks and whether they are compressed, settings, policies, jobs and continuous aggregates.
 */
export async function readContent(client: pg.Client): Promise<DatabaseContent> {
  const content: Record<string, Row[]> = {};
  const { rows: found } = await client.query("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'");
  for (const [name, query] of Object.entries({ ...SCHEMA, ...(found.length > 0 ? STORAGE : {}) }))
    content[name] = (await client.query(query)).rows.map(normalize);
  const relations = content.tables!.filter(({ kind }) => kind !== 'i' && kind !== 'S').map(({ name }) => `${name}`);
  // A view of a continuous aggregate shows what is missing in it, from the rows that it is made of.
  for (const aggregate of content.aggregates ?? [])
    relations.push(`_timescaledb_internal.${aggregate.materialization_hypertable_name}`);
  content.rows = [];
  for (const relation of relations) {
    const { rows } = await client.query(
      `SELECT count(*)::int AS count, md5(string_agg(each::text, ',' ORDER BY each::text COLLATE "C")) AS hash FROM ${relation} AS each`,
    );
    content.rows.push({ relation, ...rows[0] });
  }
  return content;
}

/**
 * A list of VARCHARs (`status IN ('a', 'b')`) is written another way once it was read from a dump: cast element by element instead of as a whole.
 * It means the same.
 */
function normalize(row: Row): Row {
  if (typeof row.definition !== 'string') return row;
  return { ...row, definition: row.definition.replaceAll(/::(?:character varying|text)(?:\[\])?|[()]/g, '') };
}
