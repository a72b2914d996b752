import type { Bar } from '../../domain/bar.js';
import { readOrThrow } from '../../domain/problem.js';
import type { ResampledBar } from '../../domain/resampled-bar.js';
import { compareSeries, type SeriesInput, type SeriesKey } from '../../domain/series.js';
import { type InstantInput, readInstant } from '../../domain/time.js';
import { type Timeframe, timeframeDuration, timeframeGrid } from '../../domain/timeframe.js';
import type { BarRepository } from './bar-repository.js';
import { type BarWindow, type KnownAt, type ReadWindow, readWindow } from './bar-window.js';
import { seriesName } from './catalog.js';
import { type ResampleInput, readResampleRequest } from './resample-request.js';

/** A request for what could not have been known when it was made. */
export interface LookAheadViolation extends SeriesKey {
  readonly method: 'range' | 'resample' | 'inference';
  /** Where the clock stood. */
  readonly at: Date;
  /** The bound that reached too far: `to` (of a resample `end`), or `from` (`start`) where the request had none; the last instant that a frame was to have. */
  readonly asked: Date;
}

/** How a reader has read one series. */
export interface SeriesReads extends SeriesKey {
  /** Reads that were answered. */
  readonly count: number;
  /** Where the clock stood at the earliest and at the latest of them. */
  readonly firstAt: Date;
  readonly lastAt: Date;
}

/** The same in milliseconds since the epoch: a Date that is handed out can be changed. */
interface KeptReads {
  readonly key: SeriesKey;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** What the reader needs of the bars. */
export type ClosedBars = Pick<BarRepository, 'asOf' | 'range' | 'resample'>;

/** Of all violations the first say what the run does wrong; a run that makes millions does not keep them all. */
const KEPT_VIOLATIONS = 100;

/**
 * Reads bars as they could be read at an instant of market time: what a backtest or a detector reads through. Its clock only goes forward,
 * and no answer has a bar that had not closed by it. A request for more than that is answered with what had closed, and counted as a
 * look-ahead violation, so that the reader can tell afterwards whether the run was clean ({@link vouchesFor}).
 *
 * Reads may be under way side by side; each uses the clock of the moment at which it was called. Bars come back oldest first.
 */
export class AsOfReader {
  readonly #bars: ClosedBars;
  readonly #series = new Map<string, KeptReads>();
  readonly #violations: LookAheadViolation[] = [];
  #violationCount = 0;
  #at: Date;

  /** @throws InvalidInputError where `at` is not an instant */
  constructor(bars: ClosedBars, at: InstantInput) {
    this.#bars = bars;
    this.#at = readOrThrow('clock', (report) => readInstant(at, 'at', report));
  }

  /** The clock: market time, UTC. */
  get at(): Date {
    return new Date(this.#at);
  }

  /**
   * Sets the clock to the same or a later instant.
   *
   * @throws InvalidInputError CLOCK_MOVED_BACK, and the clock stays where it was
   */
  advanceTo(at: InstantInput): void {
    this.#at = readOrThrow('clock', (report) => {
      const next = readInstant(at, 'at', report);
      if (next && next < this.#at) {
        const rule = `the clock only goes forward; it stands at ${this.#at.toISOString()}`;
        const hint = 'a run that has seen later bars knows too much: start another reader at the earlier instant';
        report({ code: 'CLOCK_MOVED_BACK', path: 'at', value: next, rule, hint });
      }
      return next;
    });
  }

  /**
   * The newest `limit` bars (default 1) that had closed by the clock, oldest of them first. With `knownAt`, as the store knew them at that
   * instant of its own time, which the clock does not bound: bars are often imported long after they closed.
   *
   * @throws InvalidInputError, DatabaseError
   */
  async latest(input: SeriesInput & KnownAt & { readonly limit?: number }): Promise<Bar[]> {
    const at = this.#at;
    const { symbol, timeframe, knownAt } = input;
    const { key } = readWindow({ symbol, timeframe, knownAt });
    return this.answered(key, at, await this.#bars.asOf({ ...key, knownAt, at, limit: input.limit ?? 1 }));
  }

  /**
   * The bars of `[from, to)` that had closed by the clock; without `to`, all from `from` on. `knownAt` as in {@link latest}.
   *
   * It is a violation to name an instant later than the clock, or to ask for a bar that may be open yet: the last instant of `[from, to)`
   * at which a bar of the timeframe may open, plus the timeframe's duration, lies after the clock. So at 10:05, `to: 10:05` is right for 1m
   * and 5m bars; for 15m it asks for the bar of 10:00, for 1d for today's. Hourly bars may open at every quarter: at 11:00, `to: 11:00` asks
   * for the bars of 10:15, 10:30 and 10:45 too, `to: 10:01` does not. Who means "until now" leaves `to` out, which never is a violation.
   *
   * @throws InvalidInputError, DatabaseError
   */
  async range(input: BarWindow & KnownAt): Promise<Bar[]> {
    const at = this.#at;
    const window = readWindow(input);
    const { key, from, knownAt } = window;
    const asked = input.to === undefined ? from : window.to;
    if (asked > at || (input.to !== undefined && mayBeOpen(window, at)))
      this.record({ method: 'range', ...key, at: new Date(at), asked });
    const end = Math.min(window.to.getTime(), at.getTime() - timeframeDuration(key.timeframe) + 1);
    if (from.getTime() >= end) return this.answered(key, at, []);
    const closed = { ...key, from: input.from === undefined ? undefined : from, to: new Date(end), knownAt };
    return this.answered(key, at, await this.#bars.range(closed));
  }

  /**
   * Coarser bars of `[start, end)`, made of stored ones, that had closed by the clock; a read of the series of `to`.
   *
   * It is a violation to name an instant later than the clock, or an `end` with a bucket before it that has not closed: at 10:05, `end: 10:05` is
   * right for 5m buckets, and for 15m it asks for the bucket of 10:00.
   *
   * @throws InvalidInputError, DatabaseError
   */
  async resample(input: Omit<ResampleInput, 'at'>): Promise<ResampledBar[]> {
    const at = this.#at;
    const { symbol, from, to, start, end, fill } = input;
    const { asked, reachesOpen, ...request } = readResampleRequest({ symbol, from, to, start, end, fill, at });
    const key = { symbol: request.symbol, timeframe: request.to };
    if (asked > at || reachesOpen) this.record({ method: 'resample', ...key, at: new Date(at), asked });
    return this.answered(key, at, await this.#bars.resample({ symbol, from, to, start, end, fill, at }));
  }

  /** How many reads were answered. */
  get reads(): number {
    return [...this.#series.values()].reduce((total, { count }) => total + count, 0);
  }

  /** The series that were read, by symbol and timeframe. */
  get series(): SeriesReads[] {
    return [...this.#series.values()]
      .map(({ key, count, firstAt, lastAt }) => ({
        ...key,
        count,
        firstAt: new Date(firstAt),
        lastAt: new Date(lastAt),
      }))
      .sort(compareSeries);
  }

  /** The first 100 violations; {@link violationCount} counts all. */
  get violations(): readonly LookAheadViolation[] {
    return [...this.#violations];
  }

  /** How often the run asked for what it could not have known. */
  get violationCount(): number {
    return this.#violationCount;
  }

  /**
   * Whether this reader is evidence that a run over `[from, to)` of a series did not look ahead: it has made no violation, of any series,
   * and has read this one, at a clock after `from` and not only at clocks after `to`, when the whole period is in view at once.
   *
   * @throws InvalidInputError
   */
  vouchesFor(run: BarWindow): boolean {
    const { key, from, to } = readWindow(run);
    const reads = this.#series.get(seriesName(key));
    return this.#violationCount === 0 && reads !== undefined && reads.lastAt > +from && reads.firstAt <= +to;
  }

  /** Counts a read of a series that is answered. */
  protected answered<T>(key: SeriesKey, at: Date, bars: T): T {
    const instant = at.getTime();
    const before = this.#series.get(seriesName(key)) ?? { key, count: 0, firstAt: instant, lastAt: instant };
    // Reads that were under way together are answered in any order.
    const firstAt = Math.min(before.firstAt, instant);
    const lastAt = Math.max(before.lastAt, instant);
    this.#series.set(seriesName(key), { key, count: before.count + 1, firstAt, lastAt });
    return bars;
  }

  protected record(violation: LookAheadViolation): void {
    this.#violationCount += 1;
    if (this.#violations.length < KEPT_VIOLATIONS) this.#violations.push(violation);
  }
}

/** Whether a bar that opens in the window may still be open at `at`. */
function mayBeOpen({ key, from, to }: ReadWindow, at: Date): boolean {
  const opening = lastOpeningBefore(to.getTime(), key.timeframe);
  return opening >= from.getTime() && opening + timeframeDuration(key.timeframe) > at.getTime();
}

/** In milliseconds since the epoch, as `instant` is. */
function lastOpeningBefore(instant: number, timeframe: Timeframe): number {
  const grid = timeframeGrid(timeframe);
  return Math.floor((instant - 1) / grid) * grid;
}
