import type { Client } from '../database/session.js';
import { bucketOf } from '../domain/microseconds.js';
import { intervalSpan } from '../domain/tick-interval.js';
import { TIMEFRAMES, type Timeframe, timeframeDuration } from '../domain/timeframe.js';
import { readRange } from '../repositories/bars/read.js';
import { readKnownView, readSymbolView } from '../repositories/bars/symbol-view.js';
import { readLastBooks } from '../repositories/order-book-buckets.js';
import { ORDER_BOOKS } from '../repositories/order-books.js';
import { closedBuckets } from '../repositories/time-series/buckets.js';
import type { FrameRequest } from './frame-request.js';
import type { FrameStretch } from './market-frame.js';

const MINUTE = 60_000;

/** The minutes before and after the instant, where they were asked for. */
export async function readStretches(
  client: Client,
  request: FrameRequest,
): Promise<{ context: FrameStretch | null; lookAhead: FrameStretch | null }> {
  const { at, contextMinutes, lookAheadMinutes } = request;
  if (contextMinutes === 0 && lookAheadMinutes === 0) return { context: null, lookAhead: null };
  const timeframe = await finestTimeframe(client, request);
  const duration = timeframe === null ? 0 : timeframeDuration(timeframe);
  const read = async (from: number, to: number, firstOpening: number, firstMinute: bigint): Promise<FrameStretch> => ({
    from: new Date(from),
    to: new Date(to),
    timeframe,
    bars: await readBars(client, request, timeframe, firstOpening, to - duration + 1),
    orderBooks: await readBooks(client, request, firstMinute, to),
  });
  const [before, after] = [at - contextMinutes * MINUTE, at + lookAheadMinutes * MINUTE];
  const minuteOfAt = bucketOf(BigInt(at) * 1000n, intervalSpan('1m'));
  const context = contextMinutes === 0 ? null : await read(before, at, before, BigInt(before) * 1000n);
  const lookAhead = lookAheadMinutes === 0 ? null : await read(at, after, at - duration + 1, minuteOfAt);
  return { context, lookAhead };
}

async function finestTimeframe(client: Client, { symbol, at, knownAt }: FrameRequest): Promise<Timeframe | null> {
  const { series } =
    knownAt === undefined ? await readSymbolView(client, symbol, []) : await readKnownView(client, symbol, knownAt);
  const closed = (timeframe: Timeframe) => {
    const first = series.get(timeframe)?.first.getTime();
    return first !== undefined && first + timeframeDuration(timeframe) <= at;
  };
  return TIMEFRAMES.find(closed) ?? null;
}

/** Bars that open in `[from, to)`. */
async function readBars(
  client: Client,
  { symbol, knownAt }: FrameRequest,
  timeframe: Timeframe | null,
  from: number,
  to: number,
) {
  if (timeframe === null || from >= to) return [];
  const known = knownAt === undefined ? undefined : new Date(knownAt);
  const key = { symbol, timeframe };
  return readRange(client, { key, from: new Date(from), to: new Date(to), knownAt: known, open: false, whole: false });
}

/** The last book of each minute that opens at `first` or later and has closed by `to`. */
async function readBooks(client: Client, { symbol, knownAt }: FrameRequest, first: bigint, to: number) {
  const end = BigInt(to) * 1000n;
  const series = { symbol, timeframe: '', name: '' };
  const known = knownAt === undefined ? undefined : new Date(knownAt);
  const window = { series, first, last: end - 1n, open: true, knownAt: known };
  const span = intervalSpan('1m');
  return readLastBooks(client, ORDER_BOOKS, closedBuckets(window, span, end), span);
}
