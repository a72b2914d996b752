import { DatabaseError } from '../../errors.js';
import type { Client } from '../session.js';
import { fingerprint, requireSame } from './fingerprint.js';
import type { HypertableDesign } from './hypertables.js';
import { enoughLocks, hasRoom, LOCKS_PER_CHUNK, readLockTable } from './locks.js';

export interface MoveProgress {
  readonly table: string;
  readonly phase: 'read' | 'move' | 'verify';
  /** Of {@link total}, in parts of the work; not rows. */
  readonly done: number;
  readonly total: number;
}

export interface MovedRows {
  readonly table: string;
  readonly rows: number;
  readonly chunks: number;
}

interface MoveOptions {
  readonly chunkInterval: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: MoveProgress) => void;
}

/** Blocks of 8 kB, about 60 bars each, that one statement moves. */
const STRIDE = 1_000;

/**
 * Makes a hypertable of a table that may have rows, in the caller's transaction, which holds the table locked. The table stays itself, with
 * its grants, checks and comments: its rows are set aside in the order of time, it is emptied, cut into chunks, and filled again.
 * create_hypertable(migrate_data) would do that as well, in one silent statement.
 */
export async function makeHypertable(
  client: Client,
  design: HypertableDesign,
  { chunkInterval, signal, onProgress }: MoveOptions,
): Promise<MovedRows> {
  const { table, time } = design;
  const report = (phase: MoveProgress['phase'], done: number, total: number) => {
    signal.throwIfAborted();
    onProgress({ table, phase, done, total });
  };
  report('read', 0, 2);
  await requireLocks(client, design, chunkInterval);
  const before = await fingerprint(client, table);
  report('read', 1, 2);
  const name = `former_${table}`;
  // A temporary table writes no log, and is gone with the transaction whatever happens.
  await client.query(`CREATE TEMPORARY TABLE ${name} ON COMMIT DROP AS SELECT * FROM public.${table} ORDER BY ${time}`);
  await client.query(`TRUNCATE public.${table}`);
  // Without its own index on the time: Prisma would see that as drift, and the unique index serves the reads.
  await client.query(
    'SELECT create_hypertable($1::regclass, by_range($2, $3::interval), create_default_indexes => false)',
    [`public.${table}`, time, chunkInterval],
  );
  await fillFrom(client, table, name, (block, blocks) => report('move', block, blocks));
  report('verify', 0, 1);
  const after = await fingerprint(client, table);
  requireSame(table, before, after);
  const { rows } = await client.query<{ chunks: number }>(
    `SELECT count(*)::int AS chunks FROM show_chunks('public.${table}')`,
  );
  report('verify', 1, 1);
  return { table, rows: after.rows, chunks: rows[0]!.chunks };
}

/** Copies the rows of a temporary table, in their order there. */
export async function fillFrom(
  client: Client,
  table: string,
  source: string,
  onBlock: (block: number, blocks: number) => void,
): Promise<void> {
  const { rows } = await client.query<{ blocks: number }>(
    `SELECT (pg_relation_size('${source}') / current_setting('block_size')::int)::int AS blocks`,
  );
  const { blocks } = rows[0]!;
  const columns = await writableColumns(client, table);
  for (let block = 0; block < blocks; block += STRIDE) {
    onBlock(block, blocks);
    await client.query(
      `INSERT INTO public.${table} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM ${source} WHERE ctid >= '(${block},0)' AND ctid < '(${block + STRIDE},0)'`,
    );
  }
}

/** Without those that are computed, which somebody may have added. */
async function writableColumns(client: Client, table: string): Promise<string> {
  const { rows } = await client.query<{ columns: string }>(
    `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
    [`public.${table}`],
  );
  return rows[0]!.columns;
}

/** All chunks are made in one transaction: without room for their locks it would fail at its end, with "out of shared memory". */
async function requireLocks(client: Client, { table, time }: HypertableDesign, chunkInterval: string): Promise<void> {
  const { rows } = await client.query<{ chunks: number }>(
    `SELECT count(DISTINCT floor(extract(epoch FROM ${time}) / extract(epoch FROM $1::interval)))::int AS chunks FROM public.${table}`,
    [chunkInterval],
  );
  const { chunks } = rows[0]!;
  const locks = await readLockTable(client);
  if (hasRoom(locks, chunks)) return;
  throw new DatabaseError(
    'STORAGE_LOCKS_TOO_FEW',
    `${table} would have ${chunks} chunks of ${chunkInterval}, which need ${chunks * LOCKS_PER_CHUNK} locks in one transaction; the server has ${locks.capacity} for all`,
    {
      hint: `an administrator runs ${enoughLocks(locks, chunks)} and restarts the server; or choose longer chunks with WYCKOFF_CHUNK_INTERVAL='30 days'`,
    },
  );
}
