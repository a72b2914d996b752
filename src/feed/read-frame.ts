import type { Client } from '../database/session.js';
import { inSnapshot } from '../database/snapshot.js';
import type { OrderBookSnapshot } from '../domain/order-book.js';
import type { Aggregates } from '../repositories/bars/buckets.js';
import { readFrames } from '../repositories/bars/multi-timeframe.js';
import { readClosedImbalances } from '../repositories/closed-imbalances.js';
import { readLatestIndicators } from '../repositories/latest-indicators.js';
import { ORDER_BOOKS } from '../repositories/order-books.js';
import { readLatest } from '../repositories/time-series/read.js';
import type { FrameRequest } from './frame-request.js';
import { readStretches } from './frame-stretches.js';
import type { MarketFrame } from './market-frame.js';

const TABLES = ['ohlcv_bars', 'order_book_snapshots', 'indicators'];

/** The frame, all of one snapshot of the database. */
export async function readFrame(client: Client, request: FrameRequest, aggregates: Aggregates): Promise<MarketFrame> {
  const { symbol, timeframes, knownAt } = request;
  const at = BigInt(request.at) * 1000n;
  return inSnapshot(client, TABLES, async () => {
    const frames = await readFrames(client, request, aggregates);
    const orderBook = await readBook(client, request, at);
    const last = orderBook?.timestamp;
    return {
      symbol,
      at: new Date(request.at),
      knownAt: knownAt === undefined ? null : new Date(knownAt),
      timeframes: frames,
      orderBook: orderBook ?? null,
      imbalances: last === undefined ? [] : await readClosedImbalances(client, symbol, { at, last, knownAt }),
      indicators: await readLatestIndicators(client, symbol, timeframes, request.at, knownAt),
      ...(await readStretches(client, request)),
    };
  });
}

async function readBook(
  client: Client,
  { symbol, knownAt }: FrameRequest,
  until: bigint,
): Promise<OrderBookSnapshot | undefined> {
  const series = { symbol, timeframe: '', name: '' };
  const known = knownAt === undefined ? undefined : new Date(knownAt);
  const [book] = await readLatest(client, ORDER_BOOKS, series, 1, { until, knownAt: known });
  return book;
}
