import { setTimeout as sleep } from 'node:timers/promises';
import { readChoice } from '../../domain/choice.js';
import { readOrThrow } from '../../domain/problem.js';
import { DatabaseError, StatementTimeoutError, TransactionConflictError } from '../../errors.js';
import type { Pool } from '../pool.js';
import type { Client } from '../session.js';
import { readConfiguredInterval, requireOwner, requireUnchanged } from './apply.js';
import { readChunkInterval } from './chunk-interval.js';
import { compressionOff, type HypertableState, readHypertableState } from './hypertable-state.js';
import { HYPERTABLES, type HypertableDesign } from './hypertables.js';
import type { Layout } from './layout.js';
import { readChunks, rechunkStep } from './rechunk-step.js';
import { rechunkWindows } from './rechunk-windows.js';

export interface RechunkOptions {
  /** Whole hours, days or weeks, e.g. `7 days`. */
  readonly interval: string;
  /** Default: every hypertable. */
  readonly table?: string | undefined;
  /** WYCKOFF_CHUNK_INTERVAL, as it is. */
  readonly configured?: string | undefined;
  /** Milliseconds that it goes on trying to get a window from those who use the table. */
  readonly patience?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: RechunkProgress) => void) | undefined;
}

export interface RechunkProgress {
  readonly table: string;
  /** Windows; a window is a transaction. */
  readonly done: number;
  readonly total: number;
}

export interface RechunkReport {
  /** As SQL has it. */
  readonly interval: string;
  /** The interval that `wyckoff storage apply` and later migrations are told, as SQL has it; null: none. */
  readonly configured: string | null;
  /** Whether that is another one, which the next `apply` would set for new chunks. */
  readonly reverts: boolean;
  /** Empty where the database has no hypertables. */
  readonly tables: readonly RechunkedTable[];
}

export interface RechunkedTable {
  readonly table: string;
  /** Of new chunks, before. */
  readonly formerInterval: string;
  readonly windows: number;
  /** That were moved. */
  readonly rows: number;
  readonly chunksBefore: number;
  readonly chunksAfter: number;
}

const PATIENCE = 30_000;
const PAUSE = 500;

/**
 * Cuts the chunks that there are to another interval, and new ones from now on, oldest first: window by window, each a transaction, in which rows
 * are set aside, counted and hashed, their chunks dropped, and the rows put back, compressed and compared. It may be stopped at any time; what is done stays,
 * and running it again goes on, since the chunks say what is left.
 *
 * @throws InvalidInputError CHUNK_INTERVAL_INVALID, CHUNK_INTERVAL_OUT_OF_RANGE, CHOICE_UNKNOWN
 * @throws DatabaseError STORAGE_NOT_OWNER, STORAGE_CHANGED_BY_HAND, STORAGE_INCOMPLETE, STORAGE_LOCKS_TOO_FEW, STORAGE_CHUNKS_KEPT, STORAGE_MOVE_DIFFERS
 * @throws StatementTimeoutError STORAGE_BUSY
 */
export async function rechunk(
  { pool, layout }: { readonly pool: Pool; readonly layout: Layout },
  options: RechunkOptions,
): Promise<RechunkReport> {
  const { patience = PATIENCE, signal = new AbortController().signal, onProgress = () => {} } = options;
  const interval = readOrThrow('interval', (report) => readChunkInterval(options.interval, 'interval', report));
  const { table: wanted } = options;
  if (wanted !== undefined) {
    const names = HYPERTABLES.map(({ table }) => table);
    readOrThrow('table', (report) => readChoice(wanted, names, 'the table', 'table', report));
  }
  const designs = layout.hypertables.filter(({ table }) => wanted === undefined || table === wanted);
  const configured = await pool.transaction((client) => readConfiguration(client, options.configured, interval.text));
  const tables: RechunkedTable[] = [];
  for (const design of designs) {
    const { table } = design;
    const start = await patiently(table, patience, signal, () =>
      pool.transaction((client) => begin(client, design, interval.text)),
    );
    const step = { interval: BigInt(interval.hours) * 3_600_000_000n, intervalText: interval.text, signal };
    let [windows, rows] = [0, 0];
    let remaining = rechunkWindows(start.chunks, step.interval).length;
    while (remaining > 0) {
      onProgress({ table, done: windows, total: windows + remaining });
      const done = await patiently(table, patience, signal, () =>
        pool.transaction((client) => rechunkStep(client, design, step)),
      );
      if (!done) break;
      windows += 1;
      rows += done.rows;
      remaining = done.remaining;
    }
    onProgress({ table, done: windows, total: windows });
    const after = await pool.withClient((client) => readChunks(client, table));
    const { formerInterval } = start;
    tables.push({ table, formerInterval, windows, rows, chunksBefore: start.chunks.length, chunksAfter: after.length });
  }
  return { interval: interval.text, ...configured, tables };
}

async function readConfiguration(
  client: Client,
  given: string | undefined,
  interval: string,
): Promise<{ configured: string | null; reverts: boolean }> {
  const configured = await readConfiguredInterval(client, given);
  const { rows } = await client.query<{ reverts: boolean }>(
    'SELECT coalesce(extract(epoch FROM $1::interval) <> extract(epoch FROM $2::interval), false) AS reverts',
    [configured ?? null, interval],
  );
  return { configured: configured ?? null, reverts: rows[0]!.reverts };
}

/** Chunks that come into being from here on have the new interval, or are cut to what lies between the others. */
async function begin(client: Client, design: HypertableDesign, interval: string) {
  await client.query('SET LOCAL lock_timeout = 500');
  await requireOwner(client, design);
  const state = await readHypertableState(client, design);
  requireUnchanged(state);
  requireCompression(design, state);
  await client.query('SELECT set_chunk_time_interval($1::regclass, $2::interval)', [
    `public.${design.table}`,
    interval,
  ]);
  return { formerInterval: state.chunkInterval!, chunks: await readChunks(client, design.table) };
}

function requireCompression(design: HypertableDesign, { missing }: HypertableState): void {
  const { what } = compressionOff(design);
  if (!missing.some((each) => each.what === what)) return;
  throw new DatabaseError('STORAGE_INCOMPLETE', what, { hint: 'run `wyckoff storage apply` first' });
}

/** Tries again while others hold what it needs: in between they go on, also those who wait for what this one had. */
async function patiently<T>(
  table: string,
  patience: number,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  const deadline = Date.now() + patience;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const locked = error instanceof StatementTimeoutError && error.code === 'LOCK_TIMEOUT';
      if (!locked && !(error instanceof TransactionConflictError)) throw error;
      if (Date.now() >= deadline)
        throw new StatementTimeoutError(
          'STORAGE_BUSY',
          `other sessions use ${table} and did not let go: what is done stays`,
          {
            hint: 'stop what runs long on it (SELECT pid, query FROM pg_stat_activity shows it) and run this again: it goes on',
            cause: error,
          },
        );
      await sleep(PAUSE, undefined, { signal }).catch(() => {});
    }
  }
}
