import { readChoice } from './choice.js';
import type { Report } from './problem.js';

/** The five phases of a trading range (Wyckoff schematics): stopping the trend, building the cause, the test, the sign, the trend out of it. */
export const PHASES = ['A', 'B', 'C', 'D', 'E'] as const;
/** Where in its range a pattern is. */
export type Phase = (typeof PHASES)[number];

export function readPhase(value: unknown, path: string, report: Report): Phase | undefined {
  return readChoice(value, PHASES, 'a phase', path, report);
}
