import { readChoice } from '../../domain/choice.js';
import { readOrThrow, requireObject } from '../../domain/problem.js';
import type { Fill } from '../../domain/resampled-bar.js';
import { type MarketSymbol, readSymbol } from '../../domain/symbol.js';
import { EARLIEST_INSTANT, type InstantInput, LATEST_INSTANT, readInstant } from '../../domain/time.js';
import { readTimeframe, type Timeframe, timeframeDuration } from '../../domain/timeframe.js';

/** Which coarser bars, made of which. */
export interface ResampleInput {
  readonly symbol: string;
  /** The timeframe of the stored bars that the answer is made of. */
  readonly from: Exclude<Timeframe, '1d'>;
  /** A coarser one. */
  readonly to: Exclude<Timeframe, '1m'>;
  /** Buckets that open in `[start, end)`. Without a bound: to the series' own end. */
  readonly start?: InstantInput | undefined;
  readonly end?: InstantInput | undefined;
  /** Only buckets that had closed by this instant of market time. Default: now, by this process's clock. */
  readonly at?: InstantInput | undefined;
  /** Default `none`: a bucket without bars is a gap. */
  readonly fill?: Fill | undefined;
}

export interface ResampleRequest {
  readonly symbol: MarketSymbol;
  readonly from: Timeframe;
  readonly to: Timeframe;
  /** The first bucket's opening instant, and the end of the last, in milliseconds since the epoch; on the grid of `to`. */
  readonly start: number;
  readonly end: number;
  /** Likewise where the last closed bucket ends. */
  readonly closed: number;
  readonly at: number;
  readonly fill: Fill;
  /** The later bound that was named. */
  readonly asked: Date;
  /** Whether `end` was named and a bucket of the window had not closed by `at`. */
  readonly reachesOpen: boolean;
}

/** @throws InvalidInputError */
export function readResampleRequest(input: ResampleInput): ResampleRequest {
  requireObject(input, 'resample');
  return readOrThrow('resample', (report) => {
    const symbol = readSymbol(input.symbol, 'symbol', report);
    const from = readTimeframe(input.from, 'from', report);
    const to = readTimeframe(input.to, 'to', report);
    const start = readInstant(input.start ?? new Date(EARLIEST_INSTANT), 'start', report)?.getTime();
    const end = readInstant(input.end ?? new Date(LATEST_INSTANT), 'end', report)?.getTime();
    const at = readInstant(input.at ?? new Date(), 'at', report)?.getTime();
    const fill = readChoice(input.fill ?? 'none', ['none', 'previous'], 'a fill', 'fill', report);
    if (from && to && timeframeDuration(from) >= timeframeDuration(to)) {
      const rule = `bars are resampled to a coarser timeframe than they have (${from})`;
      report({ code: 'TIMEFRAME_NOT_COARSER', path: 'to', value: to, rule });
    }
    if (start !== undefined && end !== undefined && start > end) {
      const rule = `end is not before start (${new Date(start).toISOString()})`;
      report({ code: 'WINDOW_REVERSED', path: 'end', value: new Date(end), rule });
    }
    if (!symbol || !from || !to || start === undefined || end === undefined || at === undefined || !fill)
      return undefined;
    const duration = timeframeDuration(to);
    const closed = closedBuckets(at, duration);
    const [low, high] = [ceiling(start, duration), ceiling(end, duration)];
    const reachesOpen = input.end !== undefined && high > closed && high > low;
    const asked = new Date(input.end === undefined ? start : end);
    return { symbol, from, to, start: low, end: Math.min(high, closed), closed, at, fill, asked, reachesOpen };
  });
}

/** Where the last bucket that has closed by `at` ends. */
export function closedBuckets(at: number, duration: number): number {
  return Math.floor(at / duration) * duration;
}

function ceiling(instant: number, duration: number): number {
  return Math.ceil(instant / duration) * duration;
}
