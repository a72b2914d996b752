import { readChoice } from './choice.js';
import type { Report } from './problem.js';

export const INTERVALS = ['1s', '1m'] as const;
/** How long a bar of trades lasts, or from when to when a book stands for the others: shorter than any timeframe, or as short as the shortest. */
export type TickInterval = (typeof INTERVALS)[number];

export const SECOND = 1_000_000n;
const SPANS: Record<TickInterval, bigint> = { '1s': SECOND, '1m': 60n * SECOND };

/** In microseconds. */
export function intervalSpan(interval: TickInterval): bigint {
  return SPANS[interval];
}

export function readInterval(value: unknown, path: string, report: Report): TickInterval | undefined {
  return readChoice(value, INTERVALS, 'an interval', path, report);
}
