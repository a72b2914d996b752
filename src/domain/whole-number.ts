import type { Report } from './problem.js';

/** The largest INT of PostgreSQL. */
export const LARGEST_INT = 2_147_483_647;

/** Reads a whole number of `least` to `most`, both included. `name` says what it is: `a confidence score`. */
export function readWholeNumber(
  value: unknown,
  name: string,
  [least, most]: readonly [number, number],
  path: string,
  report: Report,
): number | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most)
    return value === 0 ? 0 : value; // PostgreSQL and JSON have no negative zero
  const bounds = most === LARGEST_INT ? `of at least ${least}` : `from ${least} to ${most}`;
  report({ code: 'NUMBER_OUT_OF_RANGE', path, value, rule: `${name} is a whole number ${bounds}` });
  return undefined;
}

/** Reads true or false. */
export function readFlag(value: unknown, path: string, report: Report): boolean | undefined {
  if (typeof value === 'boolean') return value;
  report({ code: 'FLAG_INVALID', path, value, rule: 'not true or false' });
  return undefined;
}
