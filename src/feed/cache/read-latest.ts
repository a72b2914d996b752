import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import type { Bar } from '../../domain/bar.js';
import { EARLIEST_MICROSECOND, LATEST_MICROSECOND } from '../../domain/microseconds.js';
import type { OrderBookSnapshot } from '../../domain/order-book.js';
import type { SeriesKey } from '../../domain/series.js';
import { readWindow } from '../../repositories/bars/bar-window.js';
import { readLatest as readLatestBars } from '../../repositories/bars/read.js';
import { ORDER_BOOKS } from '../../repositories/order-books.js';
import { inWindow, microseconds, readLatest } from '../../repositories/time-series/read.js';
import { type BarWindow, readLiveBars } from '../subscribe/read-bars.js';
import type { BookMoment } from './cached-books.js';

/** The newest bars of a series, oldest first. */
export function readNewestBars(client: Client, key: SeriesKey, limit: number): Promise<Bar[]> {
  return readLatestBars(client, readWindow(key), limit);
}

/** Every bar from one instant to another one, both included, of each series; milliseconds since the epoch. */
export async function readStretches(
  client: Client,
  stretches: readonly (SeriesKey & { readonly low: number; readonly high: number })[],
): Promise<Bar[]> {
  const windows = stretches.map(
    ({ symbol, timeframe, low, high }): BarWindow => ({
      ...{ symbol, timeframe, first: BigInt(low) * 1000n, last: BigInt(high) * 1000n },
      knownFrom: [EARLIEST_MICROSECOND],
    }),
  );
  return (await readLiveBars(client, windows)).map(({ bar }) => bar);
}

/** The books of a symbol from an instant on (microseconds since the epoch), and the last one of all. One snapshot. */
export async function readBooks(
  client: Client,
  symbol: string,
  from: number,
): Promise<{ readonly moments: BookMoment[]; readonly latest: OrderBookSnapshot | undefined }> {
  const series = { symbol, timeframe: '', name: '' };
  const { text, values } = inWindow(ORDER_BOOKS, { series, first: BigInt(from), last: LATEST_MICROSECOND });
  const [latest] = await readLatest(client, ORDER_BOOKS, series, 1);
  const last = latest === undefined ? from : Number(latest.timestamp);
  if (last < from) return { moments: [], latest };
  // Not beyond the last one: a book that came in between the two reads is told of.
  const { rows } = await client.query<[string, string | null]>({
    name: 'feed.book-moments',
    text: `SELECT ${microseconds('timestamp')}, (imbalance * 1e8)::bigint FROM order_book_snapshots WHERE ${text} ORDER BY timestamp`,
    values: [...values.slice(0, 2), instant(BigInt(last))],
    rowMode: 'array',
  });
  const moments = rows.map(([time, imbalance]) => ({
    time: Number(time),
    imbalance: imbalance === null ? Number.NaN : Number(imbalance),
  }));
  return { moments: latest === undefined ? [] : moments, latest };
}
