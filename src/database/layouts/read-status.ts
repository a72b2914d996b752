import type { UnsupportedServerError } from '../../errors.js';
import type { Client } from '../session.js';
import { adviseExtension, adviseHypertable, adviseJob } from './advice.js';
import { readForeignAggregates, readMissingAggregates } from './aggregates.js';
import { readExtension } from './extension.js';
import { readHypertableState, readMissingJobs } from './hypertable-state.js';
import { HYPERTABLES, type HypertableDesign, JOBS } from './hypertables.js';
import { type LockTable, readLockTable } from './locks.js';
import type { Advice, HypertableStatus, JobStatus, PlainTableStatus, StorageStatus } from './status.js';

/** What is stored how, and what to do about it. Reads only. */
export async function readStorageStatus(client: Client): Promise<StorageStatus> {
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  const serverVersion = rows[0]!.server_version;
  const extension = await readExtension(client);
  const installed = extension.state === 'ready' ? extension.installed : undefined;
  if (installed === undefined) {
    const tables: PlainTableStatus[] = [];
    for (const design of HYPERTABLES) tables.push(await readPlainTable(client, design));
    const unusable: UnsupportedServerError | undefined = extension.state === 'unusable' ? extension.error : undefined;
    const advice = adviseExtension(extension.state === 'ready' ? extension.available : undefined, unusable);
    return { layout: 'plain', serverVersion, extensionVersion: null, tables, hypertables: [], jobs: [], advice };
  }
  const locks = await readLockTable(client);
  const tables: PlainTableStatus[] = [];
  const hypertables: HypertableStatus[] = [];
  const advice: Advice[] = [];
  for (const design of HYPERTABLES) {
    const read = await readTable(client, design, locks);
    if (read.hypertable) hypertables.push(read.hypertable);
    else tables.push(await readPlainTable(client, design));
    advice.push(...read.advice);
  }
  for (const { what } of [...(await readMissingAggregates(client)), ...(await readMissingJobs(client))])
    advice.push({ what, command: 'wyckoff storage apply' });
  for (const { what, statement } of await readForeignAggregates(client))
    advice.push({ what, command: `${statement};` });
  const jobs = await readJobs(client);
  for (const job of jobs) advice.push(...adviseJob(job));
  const layout = hypertables.length > 0 ? 'timescale' : 'plain';
  return { layout, serverVersion, extensionVersion: installed, tables, hypertables, jobs, advice };
}

async function readTable(
  client: Client,
  design: HypertableDesign,
  locks: LockTable,
): Promise<{ hypertable: HypertableStatus | undefined; advice: Advice[] }> {
  const state = await readHypertableState(client, design);
  const advice: Advice[] = state.changed.map(({ what, statement }) => ({ what, command: `${statement};` }));
  for (const { what } of state.missing) advice.push({ what, command: 'wyckoff storage apply' });
  if (!state.hypertable) {
    advice.push({
      what: `${design.table} is a plain table, though TimescaleDB is there`,
      command: 'wyckoff storage apply',
    });
    return { hypertable: undefined, advice };
  }
  const { rows } = await client.query<
    Omit<HypertableStatus, 'table' | 'chunkInterval' | 'chunkSeconds' | 'rowsPerChunk' | 'rows'>
  >(CHUNKS, [design.table, `public.${design.table}`, state.chunkSeconds]);
  const count = await countRows(client, design, `approximate_row_count('public.${design.table}')`);
  const found = rows[0]!;
  const hypertable: HypertableStatus = {
    table: design.table,
    ...found,
    rows: count,
    chunkInterval: state.chunkInterval!,
    chunkSeconds: state.chunkSeconds!,
    rowsPerChunk: found.chunks === 0 ? null : Math.round(count / found.chunks),
  };
  advice.push(...adviseHypertable(hypertable, locks));
  return { hypertable, advice };
}

async function readPlainTable(client: Client, design: HypertableDesign): Promise<PlainTableStatus> {
  const estimate = `(SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = to_regclass('public.${design.table}'))`;
  const { rows } = await client.query<{ bytes: string | null }>(
    'SELECT pg_total_relation_size(to_regclass($1)) AS bytes',
    [`public.${design.table}`],
  );
  return { table: design.table, rows: await countRows(client, design, estimate), bytes: Number(rows[0]!.bytes ?? 0) };
}

async function countRows(client: Client, { countRows }: HypertableDesign, estimate: string): Promise<number> {
  const { rows } = await client.query<[string]>({ text: countRows ?? `SELECT ${estimate}`, rowMode: 'array' });
  return Number(rows[0]![0]);
}

/** A compressed chunk that was written to keeps what is new beside it, in its own table, which is empty otherwise. */
const CHUNKS = `
  WITH policy AS (
    SELECT (config ->> 'compress_after')::interval AS after FROM timescaledb_information.jobs
    WHERE hypertable_schema = 'public' AND hypertable_name = $1 AND proc_name = 'policy_compression' LIMIT 1
  ), chunk AS (
    SELECT chunk_schema, chunk_name, range_start, range_end, is_compressed,
           NOT is_compressed OR pg_relation_size(format('%I.%I', chunk_schema, chunk_name)::regclass) > 0 AS loose
    FROM timescaledb_information.chunks WHERE hypertable_schema = 'public' AND hypertable_name = $1
  ), sized AS (
    SELECT chunk.*, total_bytes, before_compression_total_bytes, after_compression_total_bytes,
           loose AND range_end <= now() - policy.after AS due,
           loose AND range_end <= now() - policy.after - INTERVAL '1 day' AS overdue
    FROM chunk
    LEFT JOIN policy ON true
    LEFT JOIN chunks_detailed_size($2::regclass) USING (chunk_schema, chunk_name)
    LEFT JOIN chunk_compression_stats($2::regclass) USING (chunk_schema, chunk_name)
  )
  SELECT count(*)::int AS chunks, count(*) FILTER (WHERE is_compressed)::int AS "compressedChunks",
         count(*) FILTER (WHERE extract(epoch FROM range_end - range_start) <> $3)::int AS "otherChunks",
         coalesce(sum(total_bytes), 0)::float8 AS bytes,
         coalesce(sum(before_compression_total_bytes), 0)::float8 AS "bytesBeforeCompression",
         coalesce(sum(after_compression_total_bytes), 0)::float8 AS "bytesAfterCompression",
         min(range_start) AS oldest, max(range_end) AS newest,
         count(*) FILTER (WHERE due)::int AS "dueChunks", coalesce(sum(total_bytes) FILTER (WHERE due), 0)::float8 AS "dueBytes",
         count(*) FILTER (WHERE overdue)::int AS "overdueChunks", (SELECT after::text FROM policy) AS "compressAfter"
  FROM sized`;

/** A job that never ran has -infinity as its last run, which no Date can be. */
export async function readJobs(client: Client): Promise<JobStatus[]> {
  const { rows } = await client.query<JobStatus>(
    `SELECT job_id AS id, proc_name AS job, job.hypertable_name AS table, schedule_interval::text AS every, scheduled AS enabled,
            CASE WHEN isfinite(last_run_started_at) THEN last_run_started_at END AS "lastRun", last_run_status AS "lastStatus",
            coalesce(total_failures, 0)::int AS failures, CASE WHEN isfinite(stats.next_start) THEN stats.next_start END AS "nextRun"
     FROM timescaledb_information.jobs job LEFT JOIN timescaledb_information.job_stats stats USING (job_id)
     WHERE (job.hypertable_schema = 'public' AND job.hypertable_name = ANY ($1)) OR (proc_schema = 'public' AND proc_name = ANY ($2))
     ORDER BY job_id`,
    [HYPERTABLES.map(({ table }) => table), JOBS.map(({ procedure }) => procedure)],
  );
  return rows;
}
