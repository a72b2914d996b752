import type { Client, Session } from '../../database/session.js';
import { bucketOf, type MicrosecondInput, readMicroseconds } from '../../domain/microseconds.js';
import { readOrThrow } from '../../domain/problem.js';
import { boundedWindow, inWindow, microseconds } from './read.js';
import type { AnyTable } from './table.js';
import type { ReadWindow, TickWindow } from './window.js';

/**
 * Buckets that open in `[from, to)`, each made of all its rows, so that windows which are joined have every bucket once. Without a bound: from
 * the series' first bucket, or to its last.
 */
export interface BucketWindow extends TickWindow {
  /** Only buckets that had closed by this instant are answered. Default: now. */
  readonly at?: MicrosecondInput | undefined;
}

type Table = Pick<AnyTable, 'relation' | 'seriesColumns'>;

/** @throws InvalidInputError */
export function readAt(at: MicrosecondInput | undefined): bigint {
  if (at === undefined) return BigInt(Date.now()) * 1000n;
  return readOrThrow('instant', (report) => readMicroseconds(at, 'at', report));
}

/** The rows of the buckets that open in the window and had closed by `at`. */
export function closedBuckets(window: ReadWindow, span: bigint, at: bigint): ReadWindow {
  const end = bucketOf(window.last + span, span);
  const closed = bucketOf(at, span);
  // Open: the series' own bounds keep TimescaleDB from planning chunks that others have, and the parameters inside its range.
  return {
    ...window,
    first: bucketOf(window.first + span - 1n, span),
    last: (end < closed ? end : closed) - 1n,
    open: true,
  };
}

/** SQL of the opening of the bucket that holds `timestamp`; its span is the parameter at `place`, as {@link spanText}. */
export function openingAt(place: number): string {
  // From the first year that there is: some minor versions of PostgreSQL 15 put what lies before the origin, on a boundary, one bucket too early.
  return `date_bin($${place}::interval, timestamp, TIMESTAMPTZ '1600-01-01 00:00:00+00')`;
}

export function spanText(span: bigint): string {
  return `${span} microseconds`;
}

/**
 * The window's buckets in constant memory, by pages of whole buckets that have about `size` rows. No connection is held between pages, so a row
 * written meanwhile is seen when it lies ahead.
 */
export async function* iterateBuckets<Bucket>(
  session: Session,
  table: Table,
  given: ReadWindow,
  { span, size, signal }: { readonly span: bigint; readonly size: number; readonly signal?: AbortSignal | undefined },
  read: (client: Client, window: ReadWindow) => Promise<Bucket[]>,
): AsyncGenerator<Bucket, void, undefined> {
  let window = await session.withClient((client) => boundedWindow(client, table, given));
  while (window) {
    signal?.throwIfAborted();
    const ahead: ReadWindow = { ...window, open: false };
    const { last, buckets } = await session.withClient(async (client) => {
      const end = await pageEnd(client, table, ahead, span, size);
      return { last: end, buckets: await read(client, { ...ahead, last: end }) };
    });
    yield* buckets;
    window = last < ahead.last ? { ...ahead, first: last + 1n } : undefined;
  }
}

/** The last instant of the bucket that has row number `size` of the window. */
async function pageEnd(client: Client, table: Table, window: ReadWindow, span: bigint, size: number): Promise<bigint> {
  const { text, values } = inWindow(table, window);
  const { rows } = await client.query<[string]>({
    name: `${table.relation}.page-end`,
    text: `SELECT ${microseconds('timestamp')} FROM ${table.relation} WHERE ${text}
           ORDER BY timestamp OFFSET $${values.length + 1} LIMIT 1`,
    values: [...values, size - 1],
    rowMode: 'array',
  });
  const end = rows[0] && bucketOf(BigInt(rows[0][0]), span) + span - 1n;
  return end !== undefined && end < window.last ? end : window.last;
}
