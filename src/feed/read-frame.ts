import type { Client } from '../database/session.js';
import { inSnapshot } from '../database/snapshot.js';
import { type BookImbalance, IMBALANCE_SECONDS } from '../domain/book-imbalance.js';
import { bucketOf } from '../domain/microseconds.js';
import type { OrderBookSnapshot } from '../domain/order-book.js';
import { SECOND } from '../domain/tick-interval.js';
import type { Aggregates } from '../repositories/bars/buckets.js';
import { readFrames } from '../repositories/bars/multi-timeframe.js';
import { readLatestIndicators } from '../repositories/latest-indicators.js';
import { readImbalances } from '../repositories/order-book-buckets.js';
import { ORDER_BOOKS } from '../repositories/order-books.js';
import { readLatest } from '../repositories/time-series/read.js';
import type { SeriesName } from '../repositories/time-series/table.js';
import type { FrameRequest } from './frame-request.js';
import { readStretches } from './frame-stretches.js';
import type { MarketFrame } from './market-frame.js';

/** The frame, all of one snapshot of the database. */
export async function readFrame(client: Client, request: FrameRequest, aggregates: Aggregates): Promise<MarketFrame> {
  const { symbol, at, timeframes } = request;
  const knownAt = request.knownAt === undefined ? null : new Date(request.knownAt);
  return inSnapshot(client, async () => {
    const frames = await readFrames(client, request, aggregates);
    const books = { series: { symbol, timeframe: '', name: '' }, until: BigInt(at) * 1000n, knownAt };
    const orderBook = await readBook(client, books);
    const imbalances = orderBook ? await readClosedImbalances(client, books, orderBook) : [];
    const indicators = await readLatestIndicators(client, symbol, timeframes, at, request.knownAt);
    const { context, lookAhead } = await readStretches(client, request, books.series);
    return {
      symbol,
      at: new Date(at),
      knownAt,
      timeframes: frames,
      orderBook: orderBook ?? null,
      imbalances,
      indicators,
      context,
      lookAhead,
    };
  });
}

interface Books {
  readonly series: SeriesName;
  /** Microseconds since the epoch. */
  readonly until: bigint;
  readonly knownAt: Date | null;
}

async function readBook(client: Client, { series, until, knownAt }: Books): Promise<OrderBookSnapshot | undefined> {
  const [book] = await readLatest(client, ORDER_BOOKS, series, 1, { until, knownAt: knownAt ?? undefined });
  return book;
}

/** Of each length the last window that had closed. One that ended before the last book's began has no book. */
async function readClosedImbalances(
  client: Client,
  { series, until, knownAt }: Books,
  { timestamp }: OrderBookSnapshot,
): Promise<BookImbalance[]> {
  const windows = IMBALANCE_SECONDS.map((seconds) => {
    const span = BigInt(seconds) * SECOND;
    const end = bucketOf(until, span);
    return { seconds, first: end - span, last: end - 1n };
  });
  const answers: BookImbalance[] = [];
  for (const { seconds, first, last } of windows) {
    if (timestamp < first) continue;
    const window = { series, first, last, open: false, knownAt: knownAt ?? undefined };
    answers.push(...(await readImbalances(client, ORDER_BOOKS, window, seconds)));
  }
  return answers;
}
