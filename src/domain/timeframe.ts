import type { Report } from './problem.js';

/** From fine to coarse. */
export const TIMEFRAMES = ['1m', '5m', '15m', '1h', '1d'] as const;
/** How long a bar lasts. */
export type Timeframe = (typeof TIMEFRAMES)[number];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const DURATIONS: Record<Timeframe, number> = {
  '1m': MINUTE,
  '5m': 5 * MINUTE,
  '15m': 15 * MINUTE,
  '1h': HOUR,
  '1d': DAY,
};

/** An hourly bar may open at any quarter: US exchanges open at 14:30Z, Indian ones at 03:45Z. */
const GRIDS: Record<Timeframe, number> = { ...DURATIONS, '1h': 15 * MINUTE };

/** How long a bar of this timeframe lasts, in milliseconds. */
export function timeframeDuration(timeframe: Timeframe): number {
  return DURATIONS[timeframe];
}

/** The grid, in milliseconds since the epoch, on which a bar of this timeframe opens. */
export function timeframeGrid(timeframe: Timeframe): number {
  return GRIDS[timeframe];
}

export function isTimeframe(value: unknown): value is Timeframe {
  return (TIMEFRAMES as readonly unknown[]).includes(value);
}

export function readTimeframe(value: unknown, path: string, report: Report): Timeframe | undefined {
  if (isTimeframe(value)) return value;
  const lower = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
  const rule = `a timeframe is one of ${TIMEFRAMES.join(', ')}`;
  // Elsewhere a capital M is a month: the hint must not turn a monthly bar into a bar of one minute.
  const meaning = lower?.endsWith('m') ? ' if minutes are meant' : '';
  const hint = isTimeframe(lower) ? { hint: `write '${lower}'${meaning}` } : {};
  report({ code: 'TIMEFRAME_UNKNOWN', path, value, rule, ...hint });
  return undefined;
}

/** Reports an opening instant (milliseconds since the epoch) that no bar of this timeframe can have. */
export function checkAlignment(timestamp: number, timeframe: Timeframe, path: string, report: Report): boolean {
  if (timestamp % GRIDS[timeframe] === 0) return true;
  const rule =
    timeframe === '1d'
      ? 'a 1d bar carries 00:00 UTC of its trading date'
      : `a ${timeframe} bar opens on a multiple of ${GRIDS[timeframe] / MINUTE} minutes`;
  const hint =
    timeframe === '1d'
      ? 'give the calendar date as its exchange writes it, without a time'
      : 'a bar carries the instant at which it opened: is the timeframe right, or is this when it closed?';
  report({ code: 'TIMESTAMP_MISALIGNED', path, value: new Date(timestamp), rule, hint });
  return false;
}

/** The instant at which a bar that opened at `timestamp` has closed: a read as of any earlier instant must not see it. */
export function closeOf(timestamp: Date, timeframe: Timeframe): Date {
  return new Date(timestamp.getTime() + DURATIONS[timeframe]);
}
