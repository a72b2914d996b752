import type { Client } from '../../database/session.js';
import type { Bar } from '../../domain/bar.js';
import { RATIO_SCALE, RATIO_WINDOW } from '../../domain/bar-ratios.js';
import { fromScaled, PRICE } from '../../domain/decimal.js';
import { readOrThrow, requireObject } from '../../domain/problem.js';
import type { ResampledBar } from '../../domain/resampled-bar.js';
import { type MarketSymbol, readSymbol } from '../../domain/symbol.js';
import { type InstantInput, readInstant } from '../../domain/time.js';
import { readTimeframe, TIMEFRAMES, type Timeframe, timeframeDuration } from '../../domain/timeframe.js';
import { readLimit } from './bar-window.js';
import { type Aggregates, type Buckets, readBuckets, type Wanted } from './buckets.js';
import { closedBuckets } from './resample-request.js';
import { toResampledBars } from './resampled-bars.js';
import type { SymbolView } from './symbol-view.js';

export interface MultiTimeframeInput {
  readonly symbol: string;
  readonly timeframes: readonly Timeframe[];
  /** Market time: no bar that had not closed by it. */
  readonly at: InstantInput;
  /** Bars of each timeframe. */
  readonly limit: number;
}

/** The last closed bars of one timeframe, oldest first. */
export type Frame =
  /** As they are stored: the timeframe has a series with a bar that had closed. */
  | {
      readonly timeframe: Timeframe;
      readonly source: 'stored';
      readonly from: Timeframe;
      readonly bars: readonly Bar[];
    }
  /** Made of the finest timeframe that has one. */
  | {
      readonly timeframe: Timeframe;
      readonly source: 'resampled';
      readonly from: Timeframe;
      readonly bars: readonly ResampledBar[];
    }
  /** Neither it nor a finer one has any. */
  | { readonly timeframe: Timeframe; readonly source: 'none'; readonly from: null; readonly bars: readonly [] };

export interface MultiTimeframeRequest {
  readonly symbol: MarketSymbol;
  readonly timeframes: readonly Timeframe[];
  readonly at: number;
  readonly limit: number;
}

/** @throws InvalidInputError */
export function readMultiTimeframeRequest(input: MultiTimeframeInput): MultiTimeframeRequest {
  requireObject(input, 'multiTimeframe');
  const limit = readLimit(input.limit);
  return readOrThrow('multiTimeframe', (report) => {
    const symbol = readSymbol(input.symbol, 'symbol', report);
    const at = readInstant(input.at, 'at', report)?.getTime();
    const given: readonly unknown[] = Array.isArray(input.timeframes) ? input.timeframes : [];
    const timeframes = given.map((each, index) => readTimeframe(each, `timeframes.${index}`, report));
    if (given.length === 0 || new Set(given).size < given.length) {
      const rule = `a list of different timeframes of ${TIMEFRAMES.join(', ')}`;
      report({ code: 'TIMEFRAMES_INVALID', path: 'timeframes', value: input.timeframes, rule });
    }
    if (!symbol || at === undefined) return undefined;
    return { symbol, timeframes: timeframes.filter((each) => each !== undefined), at, limit };
  });
}

/** The last closed bars of each timeframe, all of one snapshot; in the order of the request. */
export async function readFrames(
  client: Client,
  request: MultiTimeframeRequest,
  aggregates: Aggregates,
): Promise<Frame[]> {
  const { symbol, timeframes, limit } = request;
  const choose = (view: SymbolView) => timeframes.flatMap((timeframe) => wantedOf(timeframe, request, view) ?? []);
  const { view, wanted, answers } = await readBuckets(client, symbol, aggregates, choose);
  return timeframes.map((timeframe): Frame => {
    const index = wanted.findIndex((each) => ('timeframe' in each ? each.timeframe : each.to) === timeframe);
    const each = wanted[index];
    const buckets = answers[index];
    if (!each || !buckets || buckets.length === 0) return { timeframe, source: 'none', from: null, bars: [] };
    if ('timeframe' in each) {
      const bars = toBars(buckets, symbol, timeframe, view.series.get(timeframe)!.volumeScale);
      return { timeframe, source: 'stored', from: timeframe, bars };
    }
    const order = buckets.timeOrder();
    const start = buckets.timestamp[order[Math.max(order.length - limit, 0)]!]!;
    const window = { symbol, to: timeframe, start, end: each.end, fill: 'none' } as const;
    const bars = toResampledBars(buckets, view.series.get(each.from)!.volumeScale, window);
    return { timeframe, source: 'resampled', from: each.from, bars };
  });
}

/** The stored bars where one had closed; else buckets of the finest series of which one had; else undefined. */
function wantedOf(
  timeframe: Timeframe,
  { at, limit }: MultiTimeframeRequest,
  { series }: SymbolView,
): Wanted | undefined {
  const duration = timeframeDuration(timeframe);
  const stored = series.get(timeframe);
  if (stored && stored.first.getTime() + duration <= at) return { timeframe, end: at - duration + 1, limit };
  const closed = closedBuckets(at, duration);
  const from = TIMEFRAMES.find(
    (finer) => timeframeDuration(finer) < duration && (series.get(finer)?.first.getTime() ?? closed) < closed,
  );
  if (!from) return undefined;
  // Of the last ones, too, the ratios are made of the 20 before them.
  const before = limit + RATIO_WINDOW;
  return { from, to: timeframe, start: closed, end: closed, before, after: false, closed, at };
}

function toBars(buckets: Buckets, symbol: MarketSymbol, timeframe: Timeframe, volumeScale: number): Bar[] {
  return Array.from(buckets.timeOrder(), (index) => {
    const price = (value: bigint) => fromScaled(value, PRICE.scale);
    const [high, low, vwap] = [buckets.high[index]!, buckets.low[index]!, buckets.vwapAt(index)];
    return {
      symbol,
      timeframe,
      timestamp: new Date(buckets.timestamp[index]!),
      open: price(buckets.open[index]!),
      high: price(high),
      low: price(low),
      close: price(buckets.close[index]!),
      volume: fromScaled(buckets.volume[index]!, volumeScale),
      spread: price(high - low),
      spreadRatio: fromScaled(buckets.spreadRatio[index]!, RATIO_SCALE),
      volumeRatio: fromScaled(buckets.volumeRatio[index]!, RATIO_SCALE),
      vwap: vwap === null ? null : price(vwap),
      source: buckets.source[index]!,
      createdAt: new Date(buckets.createdAt[index]!),
    };
  });
}
