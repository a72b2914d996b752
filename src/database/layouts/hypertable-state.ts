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
  readonly unique: boolean;
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
    if (row.column !== design.time || row.dimensions !== 1) changed.push(wrongDimension(design));
    if (!row.compressed) missing.push(compressionOff(design));
    else if (row.segmentBy !== design.segmentBy || row.orderBy !== design.orderBy)
      changed.push(wrongCompression(design, row));
    if (!row.policy) missing.push(policyMissing(design));
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
    statement: `CREATE UNIQUE INDEX ${name} ON public.${table} ${definition}`,
  };
}

/** Chunks cannot be cut anew in place. */
function wrongDimension({ table, time }: HypertableDesign): Deviation {
  return {
    what: `${table} is cut into chunks by something else than ${time} alone`,
    statement: `COPY (SELECT * FROM public.${table}) TO STDOUT, and load that into a newly migrated database: nothing mends it in place`,
  };
}
