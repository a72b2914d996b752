import { type Report, readOrThrow } from '../../domain/problem.js';
import { readSeriesKey, type SeriesInput, type SeriesKey } from '../../domain/series.js';
import { EARLIEST_INSTANT, type InstantInput, LATEST_INSTANT, readInstant } from '../../domain/time.js';
import { timeframeDuration } from '../../domain/timeframe.js';

/** A stretch `[from, to)` of one series: a bar at `from` belongs to it, a bar at `to` does not. Without a bound: to the series' own end. */
export interface BarWindow extends SeriesInput {
  /** First instant that belongs to it. */
  readonly from?: InstantInput | undefined;
  /** First instant that no longer does. */
  readonly to?: InstantInput | undefined;
}

/** With it, a read answers what the store had been told by this instant; without it, what it knows now. */
export interface KnownAt {
  /** The store's time, UTC. */
  readonly knownAt?: InstantInput | undefined;
}

export interface ReadWindow {
  readonly key: SeriesKey;
  readonly from: Date;
  readonly to: Date;
  readonly knownAt: Date | undefined;
  /** Whether the caller left a bound out... */
  readonly open: boolean;
  /** ...or both. */
  readonly whole: boolean;
}

const EARLIEST = new Date(EARLIEST_INSTANT);
/** Bars open on whole minutes: none can open in the last millisecond there is. */
const AFTER_LATEST = new Date(LATEST_INSTANT);

/** @throws InvalidInputError */
export function readWindow(input: BarWindow & KnownAt): ReadWindow {
  return readOrThrow('window', (report) => {
    const key = readSeriesKey(input, report);
    const from = readBound(input.from, 'from', EARLIEST, report);
    const to = readBound(input.to, 'to', AFTER_LATEST, report);
    const knownAt = input.knownAt === undefined ? undefined : readInstant(input.knownAt, 'knownAt', report);
    if (from && to && from > to)
      report({ code: 'WINDOW_REVERSED', path: 'to', value: to, rule: `to is not before from (${from.toISOString()})` });
    if (!key || !from || !to) return undefined;
    const left = [input.from, input.to].filter((bound) => bound === undefined).length;
    return { key, from, to, knownAt, open: left > 0, whole: left === 2 };
  });
}

/** Of the window's bars those that had closed by `at`: one that opened at `at` less its duration is the last. */
export function closedBy(window: ReadWindow, at: Date): ReadWindow {
  return { ...window, to: new Date(at.getTime() - timeframeDuration(window.key.timeframe) + 1) };
}

/** @throws InvalidInputError */
export function readLimit(value: number, path = 'limit'): number {
  return readOrThrow('limit', (report) => {
    if (Number.isSafeInteger(value) && value >= 1) return value;
    report({ code: 'LIMIT_INVALID', path, value, rule: 'a limit is a whole number from 1' });
    return undefined;
  });
}

function readBound(value: InstantInput | undefined, path: string, fallback: Date, report: Report): Date | undefined {
  return value === undefined ? fallback : readInstant(value, path, report);
}
