import type { Report } from './problem.js';

/** PostgreSQL's text has no NUL, and UTF-8 no half of a surrogate pair: a driver would write another character in its place. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

const LONGEST_REASON = 1_000;

/** Whether PostgreSQL can hold this text as it is. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** Reads a text of 1 to `longest` characters (code points) that is not blank. */
export function readText(value: unknown, longest: number, path: string, report: Report): string | undefined {
  if (typeof value === 'string' && value.trim() !== '' && length(value, longest) <= longest && isStorable(value))
    return value;
  report({ code: 'TEXT_INVALID', path, value, rule: `not a text of 1 to ${longest} characters, none of them NUL` });
  return undefined;
}

/** Reads why somebody decided as he did, at most 1,000 characters. */
export function readReason(value: unknown, report: Report): string | undefined {
  return readText(value, LONGEST_REASON, 'reason', report);
}

/** VARCHAR counts code points. What is far too long is not taken apart to be counted. */
function length(text: string, longest: number): number {
  return text.length > 2 * longest ? text.length : [...text].length;
}
