import type { Frame } from '../repositories/bars/multi-timeframe.js';
import type { MarketCache } from './cache/market-cache.js';
import type { FrameRequest } from './frame-request.js';
import type { MarketFrame } from './market-frame.js';

/** A frame of now, but for its indicators, which are in the database alone. Undefined where the cache cannot answer for all of it. */
export function cachedFrame(cache: MarketCache, request: FrameRequest): Omit<MarketFrame, 'indicators'> | undefined {
  const { symbol, limit } = request;
  const at = new Date(request.at);
  const timeframes: Frame[] = [];
  for (const timeframe of request.timeframes) {
    const bars = cache.bars({ symbol, timeframe, count: limit, at });
    // A timeframe without bars may have to be resampled, of bars that are not held.
    if (!bars || bars.length === 0) return undefined;
    timeframes.push({ timeframe, source: 'stored', from: timeframe, bars });
  }
  const orderBook = cache.book(symbol, { at });
  const imbalances = cache.imbalances(symbol, { at });
  if (orderBook === undefined || imbalances === undefined) return undefined;
  return { symbol, at, knownAt: null, timeframes, orderBook, imbalances, context: null, lookAhead: null };
}
