import { type Report, readOrThrow } from './problem.js';
import { type MarketSymbol, readSymbol } from './symbol.js';
import { readTimeframe, type Timeframe } from './timeframe.js';

/** Names a series: one symbol at one timeframe. */
export interface SeriesKey {
  readonly symbol: MarketSymbol;
  readonly timeframe: Timeframe;
}

/** A series key as a caller writes it. */
export interface SeriesInput {
  /** In any case: `aapl` is AAPL. */
  readonly symbol: string;
  readonly timeframe: Timeframe;
}

/** A series as the catalog has it. `first` and `last` are the opening instants of its first and last bar. */
export interface Series extends SeriesKey {
  /** The UUID that audit events of the series name. */
  readonly id: string;
  /** Volumes are multiples of 10^-volumeScale. */
  readonly volumeScale: number;
  readonly first: Date;
  readonly last: Date;
  /** How many bars. */
  readonly count: number;
}

export function readSeriesKey(input: SeriesInput, report: Report): SeriesKey | undefined {
  if (typeof input !== 'object' || input === null) {
    report({ code: 'SERIES_INVALID', path: '', value: input, rule: 'not an object with a symbol and a timeframe' });
    return undefined;
  }
  const symbol = readSymbol(input.symbol, 'symbol', report);
  const timeframe = readTimeframe(input.timeframe, 'timeframe', report);
  return symbol && timeframe ? { symbol, timeframe } : undefined;
}

/** @throws InvalidInputError */
export function seriesKey(input: SeriesInput): SeriesKey {
  return readOrThrow('series', (report) => readSeriesKey(input, report));
}

/** The order in which series are locked and sorted, everywhere: two writers that share series then queue instead of deadlocking. */
export function compareSeries(a: SeriesKey, b: SeriesKey): number {
  if (a.symbol !== b.symbol) return a.symbol < b.symbol ? -1 : 1;
  return a.timeframe === b.timeframe ? 0 : a.timeframe < b.timeframe ? -1 : 1;
}
