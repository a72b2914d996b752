import type { Client } from '../session.js';
import { type HypertableDesign, JOBS } from './hypertables.js';

/** How a table lies in a database that has the extension. */
export interface HypertableState {
  readonly hypertable: boolean;
  /** As SQL has it; undefined where it is no hypertable. */
  readonly chunkInterval: string | undefined;
  /** In seconds. */
  readonly chunkSeconds: number | undefined;
  /** Something that is there and is not as it was designed, and the statement that makes it so. Only a hand can have done it. */
  readonly changed: readonly Deviation[];
  /** What `wyckoff storage apply` brings: a layout that was applied half, or by an earlier version. */
  readonly missing: readonly Deviation[];
}

export interface Deviation {
  /** As a sentence without its full stop. */
  readonly what: string;
  readonly statement: string;
}

interface Row {
  readonly hypertable: boolean;
  readonly dimensions: number | null;
  readonly column: string | null;
  readonly interval: string | null;
  readonly seconds: number | null;
  readonly compressed: boolean | null;
  readonly segmentBy: string | null;
  readonly orderBy: string | null;
  readonly policy: boolean;
  readonly dropsChunks: boolean;
  readonly unique: boolean;
  /** That are made of it, each before what it is made of. */
  readonly aggregates: string[];
  /** Statements that make them. */
  readonly triggers: string[];
}

const QUERY = `
  SELECT hypertable.hypertable_name IS NOT NULL AS hypertable, hypertable.num_dimensions AS dimensions,
         dimension.column_name AS column, dimension.time_interval::text AS interval,
         extract(epoch FROM dimension.time_interval)::float8 AS seconds, hypertable.compression_enabled AS compressed,
         (SELECT string_agg(attname, ', ' ORDER BY segmentby_column_index) FROM timescaledb_information.compression_settings
          WHERE hypertable_schema = 'public' AND hypertable_name = $1 AND segmentby_column_index IS NOT NULL) AS "segmentBy",
         (SELECT string_agg(attname || CASE WHEN orderby_asc THEN '' ELSE ' DESC' END, ', ' ORDER BY orderby_column_index)
          FROM timescaledb_information.compression_settings
          WHERE hypertable_schema = 'public' AND hypertable_name = $1 AND orderby_column_index IS NOT NULL) AS "orderBy",
         EXISTS (SELECT FROM timescaledb_information.jobs
                 WHERE hypertable_schema = 'public' AND hypertable_name = $1 AND proc_name = 'policy_compression') AS policy,
         EXISTS (SELECT FROM timescaledb_information.jobs
                 WHERE hypertable_schema = 'public' AND hypertable_name = $1 AND proc_name = 'policy_retention') AS "dropsChunks",
         -- Also those that are made of one of them, the last first.
         ARRAY(WITH RECURSIVE made AS (
                 SELECT format('%I.%I', view_schema, view_name) AS name, materialization_hypertable_name AS relation, 1 AS level
                 FROM timescaledb_information.continuous_aggregates WHERE hypertable_schema = 'public' AND hypertable_name = $1
                 UNION ALL
                 SELECT format('%I.%I', view_schema, view_name), materialization_hypertable_name, level + 1
                 FROM made JOIN timescaledb_information.continuous_aggregates aggregate ON aggregate.hypertable_name = made.relation)
               SELECT name FROM made ORDER BY level DESC, name) AS aggregates,
         ARRAY(SELECT pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
               WHERE tgrelid = to_regclass('public.' || quote_ident($1)) AND NOT tgisinternal
                 AND pronamespace::regnamespace::text <> '_timescaledb_functions' ORDER BY tgname) AS triggers,
         EXISTS (SELECT FROM pg_index WHERE indrelid = to_regclass('public.' || quote_ident($1)) AND indisunique AND indisvalid
                 AND pg_get_indexdef(indexrelid) LIKE '% USING btree ' || $2) AS unique
  FROM (SELECT) AS one
  LEFT JOIN timescaledb_information.hypertables hypertable ON hypertable_schema = 'public' AND hypertable_name = $1
  LEFT JOIN timescaledb_information.dimensions dimension
    ON dimension.hypertable_schema = 'public' AND dimension.hypertable_name = $1 AND dimension_number = 1`;

export async function readHypertableState(client: Client, design: HypertableDesign): Promise<HypertableState> {
  const { rows } = await client.query<Row>(QUERY, [design.table, design.uniqueIndex.definition]);
  const row = rows[0]!;
  const changed: Deviation[] = [];
  const missing: Deviation[] = [];
  if (!row.unique) changed.push(uniqueIndexMissing(design));
  if (row.hypertable) {
    if (row.column !== design.time || row.dimensions !== 1) changed.push(wrongDimension(design, row));
    if (!row.compressed) missing.push(compressionOff(design));
    else if (row.segmentBy !== design.segmentBy || row.orderBy !== design.orderBy)
      changed.push(wrongCompression(design, row));
    if (!row.policy) missing.push(policyMissing(design));
    if (row.dropsChunks && design.countRows !== undefined) changed.push(dropsChunks(design));
  }
  return {
    hypertable: row.hypertable,
    chunkInterval: row.interval ?? undefined,
    chunkSeconds: row.seconds ?? undefined,
    changed,
    missing,
  };
}

/** Jobs of ours that the database lacks. */
export async function readMissingJobs(client: Client): Promise<Deviation[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT proc_name AS name FROM timescaledb_information.jobs WHERE proc_schema = 'public'",
  );
  return JOBS.filter(({ procedure }) => !rows.some(({ name }) => name === procedure)).map(({ procedure, every }) => ({
    what: `the job ${procedure}, every ${every}, is missing`,
    statement: `SELECT add_job('public.${procedure}', INTERVAL '${every}')`,
  }));
}

export function compressionOff(design: HypertableDesign): Deviation {
  return { what: `${design.table} has no compression`, statement: compressionSettings(design) };
}

export function policyMissing({ table, compressAfter }: HypertableDesign): Deviation {
  return {
    what: `nothing compresses the old chunks of ${table}`,
    statement: `SELECT add_compression_policy('public.${table}', INTERVAL '${compressAfter}')`,
  };
}

function wrongCompression(design: HypertableDesign, { segmentBy, orderBy }: Row): Deviation {
  return {
    what:
      `${design.table} is compressed by segments of ${segmentBy ?? 'nothing'} in the order of ${orderBy ?? 'nothing'}, ` +
      `not of ${design.segmentBy} in the order of ${design.orderBy}`,
    statement: compressionSettings(design),
  };
}

function compressionSettings({ table, segmentBy, orderBy }: HypertableDesign): string {
  return (
    `ALTER TABLE public.${table} SET (timescaledb.compress, timescaledb.compress_segmentby = '${segmentBy}', ` +
    `timescaledb.compress_orderby = '${orderBy}')`
  );
}

function uniqueIndexMissing({ table, uniqueIndex: { name, definition } }: HypertableDesign): Deviation {
  return {
    what: `${table} lacks the unique index ${name}, without which a row may be there twice`,
    // Which was lost with it.
    statement: `CREATE UNIQUE INDEX ${name} ON public.${table} ${definition}; ALTER TABLE public.${table} REPLICA IDENTITY USING INDEX ${name}`,
  };
}

/** Retention of our own goes through functions that keep the catalog right. */
function dropsChunks({ table }: HypertableDesign): Deviation {
  return {
    what: `a retention policy of TimescaleDB drops chunks of ${table}, and the catalog still counts what was in them`,
    statement: `SELECT remove_retention_policy('public.${table}')`,
  };
}

/** Chunks cannot be cut anew in place: a plain table takes its place, and `wyckoff storage apply` makes a hypertable of that. */
function wrongDimension(design: HypertableDesign, { aggregates, triggers }: Row): Deviation {
  const { table, time, catalog } = design;
  const steps = [
    'BEGIN',
    `LOCK TABLE public.${catalog} IN EXCLUSIVE MODE`,
    `LOCK TABLE public.${table} IN ACCESS EXCLUSIVE MODE`,
    `CREATE TABLE public.renewed_${table} (LIKE public.${table} INCLUDING ALL EXCLUDING INDEXES)`,
    `INSERT INTO public.renewed_${table} SELECT * FROM public.${table}`,
    ...aggregates.map((name) => `DROP MATERIALIZED VIEW ${name}`),
    `DROP TABLE public.${table}`,
    `ALTER TABLE public.renewed_${table} RENAME TO ${table}`,
    uniqueIndexMissing(design).statement,
    ...triggers,
    'COMMIT',
  ];
  return {
    what: `${table} is cut into chunks by something else than ${time} alone, and has to be made anew (as are the rights on it: wyckoff roles apply)`,
    statement: steps.join('; '),
  };
}
