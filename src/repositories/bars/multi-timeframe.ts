import type { Client } from '../../database/session.js';
import type { Bar } from '../../domain/bar.js';
import { RATIO_WINDOW, rollingRatios } from '../../domain/bar-ratios.js';
import { readOrThrow, requireObject } from '../../domain/problem.js';
import type { ResampledBar } from '../../domain/resampled-bar.js';
import { type MarketSymbol, readSymbol } from '../../domain/symbol.js';
import { type InstantInput, readInstant } from '../../domain/time.js';
import { readTimeframe, TIMEFRAMES, type Timeframe, timeframeDuration } from '../../domain/timeframe.js';
import { type KnownAt, readLimit } from './bar-window.js';
import { type Aggregates, type Buckets, readBuckets, type Wanted } from './buckets.js';
import { closedBuckets } from './resample-request.js';
import { toResampledBars } from './resampled-bars.js';
import { storedBarAt } from './stored-bar-at.js';
import type { SymbolView } from './symbol-view.js';

/** Which frames. */
export interface MultiTimeframeInput extends KnownAt {
  readonly symbol: string;
  /** Different ones. */
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
  readonly knownAt: number | undefined;
  readonly limit: number;
}

/** @throws InvalidInputError */
export function readMultiTimeframeRequest(input: MultiTimeframeInput): MultiTimeframeRequest {
  requireObject(input, 'multiTimeframe');
  const limit = readLimit(input.limit);
  return readOrThrow('multiTimeframe', (report) => {
    const symbol = readSymbol(input.symbol, 'symbol', report);
    const at = readInstant(input.at, 'at', report)?.getTime();
    const knownAt = input.knownAt === undefined ? undefined : readInstant(input.knownAt, 'knownAt', report)?.getTime();
    const given: readonly unknown[] = Array.isArray(input.timeframes) ? input.timeframes : [];
    const timeframes = given.map((each, index) => readTimeframe(each, `timeframes.${index}`, report));
    if (given.length === 0 || new Set(given).size < given.length) {
      const rule = `a list of different timeframes of ${TIMEFRAMES.join(', ')}`;
      report({ code: 'TIMEFRAMES_INVALID', path: 'timeframes', value: input.timeframes, rule });
    }
    if (!symbol || at === undefined) return undefined;
    return { symbol, timeframes: timeframes.filter((each) => each !== undefined), at, knownAt, limit };
  });
}

/** The last closed bars of each timeframe, all of one snapshot; in the order of the request. */
export async function readFrames(
  client: Client,
  request: MultiTimeframeRequest,
  aggregates: Aggregates,
): Promise<Frame[]> {
  const { symbol, timeframes, limit, knownAt } = request;
  const choose = (view: SymbolView) => timeframes.flatMap((timeframe) => wantedOf(timeframe, request, view) ?? []);
  const { view, wanted, answers } = await readBuckets(client, symbol, aggregates, choose, knownAt);
  return timeframes.map((timeframe): Frame => {
    const index = wanted.findIndex((each) => ('timeframe' in each ? each.timeframe : each.to) === timeframe);
    const each = wanted[index];
    const buckets = answers[index];
    if (!each || !buckets || buckets.length === 0) return { timeframe, source: 'none', from: null, bars: [] };
    if ('timeframe' in each) {
      if (knownAt !== undefined) deriveRatios(buckets);
      const { volumeScale } = view.series.get(timeframe)!;
      const last = buckets.timeOrder().slice(-limit);
      const bars = Array.from(last, (index) => storedBarAt(buckets, { symbol, timeframe }, volumeScale, index));
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
  { at, limit, knownAt }: MultiTimeframeRequest,
  { series }: SymbolView,
): Wanted | undefined {
  const duration = timeframeDuration(timeframe);
  const stored = series.get(timeframe);
  if (stored && stored.first.getTime() + duration <= at) {
    // The ratios that are stored are of what is known now.
    return { timeframe, end: at - duration + 1, limit: knownAt === undefined ? limit : limit + RATIO_WINDOW };
  }
  const closed = closedBuckets(at, duration);
  const from = TIMEFRAMES.find(
    (finer) => timeframeDuration(finer) < duration && (series.get(finer)?.first.getTime() ?? closed) < closed,
  );
  if (!from) return undefined;
  // Of the last ones, too, the ratios are made of the 20 before them.
  const before = limit + RATIO_WINDOW;
  return { from, to: timeframe, start: closed, end: closed, before, after: false, closed, at };
}

/** The ratios of bars that came without; the first {@link RATIO_WINDOW} are there for those behind them, unless the series begins with them. */
function deriveRatios(buckets: Buckets): void {
  const order = buckets.timeOrder();
  const spreads = rollingRatios(Array.from(order, (index) => buckets.high[index]! - buckets.low[index]!));
  const volumes = rollingRatios(Array.from(order, (index) => buckets.volume[index]!));
  for (const [place, index] of order.entries()) {
    buckets.spreadRatio[index] = spreads[place]!;
    buckets.volumeRatio[index] = volumes[place]!;
  }
}
