import type { Report } from './problem.js';

/** How the rows of trades, quotes and books are read. */
export interface TickRules {
  /** Takes prices at or below zero. */
  readonly allowNonPositive?: boolean | undefined;
  /** Called for a row whose nanoseconds were cut; without it such a row is reported. */
  readonly onCut?: (() => void) | undefined;
}

/** The number of a trade or a quote, as a BIGINT holds it. */
const LARGEST_NUMBER = 2n ** 63n - 1n;

/** Reads a whole number from 0 that the source counts its quotes by; null where there is none. */
export function readSequence(value: unknown, path: string, report: Report): bigint | null | undefined {
  if (value === undefined || value === null) return null;
  const number = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof number === 'bigint' && number >= 0n && number <= LARGEST_NUMBER) return number;
  const rule = 'a sequence is a whole number from 0 that fits 64 bits';
  report({ code: 'SEQUENCE_INVALID', path, value, rule, hint: 'give a large one as a bigint' });
  return undefined;
}
