import { DateTime } from 'luxon';
import { compareSeries, type SeriesKey } from '../domain/series.js';
import { closeOf, timeframeDuration } from '../domain/timeframe.js';
import type { BarRepository } from '../repositories/bars/bar-repository.js';
import { type Latencies, latenciesOf } from './latencies.js';

export interface YearReads extends Latencies {
  readonly runs: number;
  /** What was read in turn, e.g. `AAPL 1d`. */
  readonly series: readonly string[];
  /** Bars of the largest read. */
  readonly bars: number;
}

const MOST_SERIES = 10;
const RUNS = 50;
/** Milliseconds; a year of minutes takes one of them. */
const LONGEST = 5_000;
const HOUR = 3_600_000;

/**
 * Times reads of the last year of series, one after the other: 50, or as many as there is time for in 5 s. Of hours and days as bars, of finer
 * timeframes as columns, since nobody reads half a million bars as objects. Undefined where none of the series has bars.
 */
export async function timeYearReads(
  bars: BarRepository,
  wanted: readonly SeriesKey[],
  signal?: AbortSignal,
): Promise<YearReads | undefined> {
  const stored = await bars.series();
  const subjects = stored.filter((one) => wanted.some((key) => compareSeries(one, key) === 0)).slice(0, MOST_SERIES);
  if (subjects.length === 0) return undefined;
  const reads = subjects.map(({ symbol, timeframe, last }) => {
    const to = closeOf(last, timeframe);
    const window = { symbol, timeframe, to, from: DateTime.fromJSDate(to, { zone: 'utc' }).minus({ years: 1 }) };
    return timeframeDuration(timeframe) >= HOUR ? () => bars.range(window) : () => bars.columns(window);
  });
  const times: number[] = [];
  let most = 0;
  for (const read of reads) most = Math.max(most, (await read()).length); // not timed: what it needs is in memory then
  const until = performance.now() + LONGEST;
  while (times.length < RUNS && (times.length < reads.length || performance.now() < until)) {
    signal?.throwIfAborted();
    const start = performance.now();
    await reads[times.length % reads.length]!();
    times.push(performance.now() - start);
  }
  const series = subjects.map(({ symbol, timeframe }) => `${symbol} ${timeframe}`);
  return { ...latenciesOf(times), runs: times.length, series, bars: most };
}
