import { DatabaseError } from '../../errors.js';
import { instant } from '../instant.js';
import type { Client } from '../session.js';
import { fingerprint, requireSame } from './fingerprint.js';
import type { HypertableDesign } from './hypertables.js';
import { enoughLocks, hasRoom, LOCKS_PER_CHUNK, readLockTable } from './locks.js';
import { fillFrom } from './move-rows.js';
import { type ChunkRange, type RechunkWindow, rechunkWindows } from './rechunk-windows.js';

/** Below the server's deadlock_timeout of a second: whoever has read and now wants to write goes first, and this tries again. */
const LOCK_TIMEOUT = 500;
/** Measured on 2.28: entries of the lock table that a compressed chunk takes when it is read and dropped, and one that is made and compressed. */
const LOCKS_OF_OLD = 14;
const LOCKS_OF_NEW = 8;

export interface RechunkStep {
  readonly rows: number;
  /** Windows that are left. */
  readonly remaining: number;
}

interface StepOptions {
  /** In microseconds, and as SQL has it. */
  readonly interval: bigint;
  readonly intervalText: string;
  readonly signal: AbortSignal;
}

/**
 * Cuts the first window anew that needs it, in the caller's transaction; undefined: none does. Writers of the table wait from the beginning;
 * readers go on until its chunks are dropped, and then wait until the transaction ends.
 */
export async function rechunkStep(
  client: Client,
  design: HypertableDesign,
  { interval, intervalText, signal }: StepOptions,
): Promise<RechunkStep | undefined> {
  const { table, catalog, time } = design;
  // Read committed: a snapshot from before the locks would not have what writers had committed until then, and it would be dropped.
  await client.query(
    `SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = ${LOCK_TIMEOUT};
     SET LOCAL client_min_messages = error;
     LOCK TABLE public.${catalog} IN EXCLUSIVE MODE; LOCK TABLE ONLY public.${table} IN EXCLUSIVE MODE`,
  );
  const [window] = rechunkWindows(await readChunks(client, table), interval);
  if (!window) return undefined;
  const where = `${time} >= '${instant(window.from)}' AND ${time} < '${instant(window.to)}'`;
  const before = await fingerprint(client, table, where);
  await client.query(
    `CREATE TEMPORARY TABLE former_rows ON COMMIT DROP AS SELECT * FROM public.${table} WHERE ${where} ORDER BY ${time}`,
  );
  await requireLocks(client, design, window, interval, intervalText);
  signal.throwIfAborted();
  // Of the table too: TimescaleDB leaves out chunks that are gone by the time it would lock them, so that a reader who had looked them up
  // before would miss their rows, without an error.
  await client.query(`LOCK TABLE ONLY public.${table} IN ACCESS EXCLUSIVE MODE`);
  await dropChunks(client, table, window);
  await fillFrom(client, table, 'former_rows', () => signal.throwIfAborted());
  await compressNew(client, design, window);
  requireSame(table, before, await fingerprint(client, table, where));
  const left = rechunkWindows(await readChunks(client, table), interval);
  if (left[0] && left[0].from <= window.from) throw stuck(table, window);
  return { rows: before.rows, remaining: left.length };
}

/** Oldest first. */
export async function readChunks(client: Client, table: string): Promise<ChunkRange[]> {
  const { rows } = await client.query<{ start: string; end: string; compressed: boolean }>(
    `SELECT (extract(epoch FROM range_start) * 1000000)::bigint AS start, (extract(epoch FROM range_end) * 1000000)::bigint AS end,
            is_compressed AS compressed
     FROM timescaledb_information.chunks WHERE hypertable_schema = 'public' AND hypertable_name = $1 ORDER BY range_start`,
    [table],
  );
  return rows.map(({ start, end, compressed }) => ({ from: BigInt(start), to: BigInt(end), compressed }));
}

async function dropChunks(client: Client, table: string, window: RechunkWindow): Promise<void> {
  const { rows } = await client.query<{ dropped: number }>(
    'SELECT count(*)::int AS dropped FROM drop_chunks($1::regclass, older_than => $2::timestamptz, newer_than => $3::timestamptz)',
    [`public.${table}`, instant(window.to), instant(window.from)],
  );
  if (rows[0]!.dropped !== window.chunks.length) throw stuck(table, window);
}

/**
 * A row that is compressed as soon as it was written is seen by every snapshot, also by one from before. Others would be missed by whoever waits
 * here with a snapshot that was taken already: any COPY does, and a transaction at repeatable read.
 */
async function compressNew(client: Client, { table }: HypertableDesign, window: RechunkWindow): Promise<void> {
  await client.query(
    `SELECT set_config(name, 'truncate_only', true) FROM pg_settings WHERE name = 'timescaledb.compress_truncate_behaviour'`,
  );
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', chunk_schema, chunk_name) AS name FROM timescaledb_information.chunks
     WHERE hypertable_schema = 'public' AND hypertable_name = $1 AND range_start < $2 AND range_end > $3 ORDER BY range_start`,
    [table, instant(window.to), instant(window.from)],
  );
  for (const { name } of rows) await client.query('SELECT compress_chunk($1::regclass)', [name]);
}

async function requireLocks(
  client: Client,
  { table, time }: HypertableDesign,
  { chunks }: RechunkWindow,
  interval: bigint,
  intervalText: string,
): Promise<void> {
  const { rows } = await client.query<{ ranges: number }>(
    `SELECT count(DISTINCT floor(extract(epoch FROM ${time}) * 1000000 / $1::bigint))::int AS ranges FROM former_rows`,
    [interval],
  );
  const { ranges } = rows[0]!;
  const needed = chunks.length * LOCKS_OF_OLD + ranges * LOCKS_OF_NEW;
  const locks = await readLockTable(client);
  const asChunks = Math.ceil(needed / LOCKS_PER_CHUNK);
  if (hasRoom(locks, asChunks)) return;
  throw new DatabaseError(
    'STORAGE_LOCKS_TOO_FEW',
    `${chunks.length} chunks of ${table} would become ${ranges} of ${intervalText} in one transaction, which needs ${needed} locks; the server has ${locks.capacity} for all`,
    {
      hint: `an administrator runs ${enoughLocks(locks, asChunks)} and restarts the server; or choose an interval nearer to the present one`,
    },
  );
}

function stuck(table: string, { from, to }: RechunkWindow): DatabaseError {
  return new DatabaseError(
    'STORAGE_CHUNKS_KEPT',
    `TimescaleDB does not cut the chunks of ${table} from ${instant(from)} to ${instant(to)} anew: nothing was changed there`,
    {
      hint: 'a chunk that somebody froze, or that lies elsewhere, stays as it is: look at timescaledb_information.chunks',
    },
  );
}
