import { DatabaseError } from '../../errors.js';
import type { Pool } from '../pool.js';
import type { Client } from '../session.js';
import type { Layout } from './layout.js';

export type Direction = 'compress' | 'decompress';

export interface CompressOptions {
  /** Only chunks that end longer ago than this interval, e.g. `7 days`; those that are yet to be filled are left out anyway. */
  readonly olderThan?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CompressProgress) => void) | undefined;
}

export interface CompressProgress {
  readonly table: string;
  /** Chunks. */
  readonly done: number;
  readonly total: number;
}

export interface CompressReport {
  readonly table: string;
  /** That were changed. */
  readonly chunks: number;
  /** Of these, with their indexes. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/**
 * Compresses chunks, or undoes it, oldest first: each in a transaction of its own, so that it may be stopped between any two and goes on from
 * there. Empty where the database has no hypertables.
 * @throws DatabaseError INTERVAL_INVALID
 */
export async function compressChunks(
  { pool, layout }: { readonly pool: Pool; readonly layout: Layout },
  direction: Direction,
  { olderThan, signal, onProgress = () => {} }: CompressOptions = {},
): Promise<CompressReport[]> {
  return pool.withClient(async (client) => {
    const reports: CompressReport[] = [];
    await client.query('SET statement_timeout = 0');
    try {
      for (const { table } of layout.hypertables) {
        const chunks = await findChunks(client, table, direction, olderThan);
        const bytesBefore = await sizeOf(client, table, chunks);
        for (const [done, chunk] of chunks.entries()) {
          signal?.throwIfAborted();
          onProgress({ table, done, total: chunks.length });
          await client.query(
            direction === 'compress'
              ? 'SELECT compress_chunk($1::regclass, if_not_compressed => true)'
              : 'SELECT decompress_chunk($1::regclass, if_compressed => true)',
            [chunk],
          );
        }
        onProgress({ table, done: chunks.length, total: chunks.length });
        reports.push({ table, chunks: chunks.length, bytesBefore, bytesAfter: await sizeOf(client, table, chunks) });
      }
    } finally {
      await client.query('RESET statement_timeout').catch(() => {});
    }
    return reports;
  });
}

/** A compressed chunk that was written to has rows in its own table again: compressing takes those in. */
async function findChunks(
  client: Client,
  table: string,
  direction: Direction,
  olderThan: string | undefined,
): Promise<string[]> {
  const which =
    direction === 'compress' ? '(NOT is_compressed OR pg_relation_size(name::regclass) > 0)' : 'is_compressed';
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT name FROM timescaledb_information.chunks, LATERAL format('%I.%I', chunk_schema, chunk_name) AS name
       WHERE hypertable_schema = 'public' AND hypertable_name = $1 AND range_end <= now() - coalesce($2::interval, INTERVAL '0') AND ${which}
       ORDER BY range_start`,
      [table, olderThan ?? null],
    );
    return rows.map(({ name }) => name);
  } catch (error) {
    throw intervalError(error, olderThan);
  }
}

/** With their indexes and, where they are compressed, what they were compressed into. */
async function sizeOf(client: Client, table: string, chunks: readonly string[]): Promise<number> {
  if (chunks.length === 0) return 0;
  const { rows } = await client.query<{ bytes: string }>(
    `SELECT coalesce(sum(total_bytes), 0) AS bytes FROM chunks_detailed_size($1::regclass)
     WHERE format('%I.%I', chunk_schema, chunk_name) = ANY ($2)`,
    [`public.${table}`, chunks],
  );
  return Number(rows[0]!.bytes);
}

/** The server's own words for a text that is no interval, as a typed error; any other error as it is. */
export function intervalError(error: unknown, value: string | undefined): unknown {
  if (!['22007', '22008', '22015'].includes((error as { code?: string }).code ?? '')) return error;
  return new DatabaseError('INTERVAL_INVALID', `not an interval: ${JSON.stringify(value)}`, {
    hint: "write it as '7 days' or '10 years'",
    cause: error,
  });
}
