import type { Report } from './problem.js';
import { EARLIEST_INSTANT, type InstantInput, LATEST_INSTANT, readInstant } from './time.js';

/**
 * What an instant of trades, quotes and books may be given as: microseconds since the epoch, or nanoseconds, or as a bar's (a Date, a luxon
 * DateTime, an ISO 8601 string, which may have nine decimals of a second here; without a zone it is read as UTC).
 */
export type MicrosecondInput = bigint | InstantInput | { readonly nanoseconds: bigint };

/** In microseconds since the epoch, as everything here. */
export const EARLIEST_MICROSECOND = BigInt(EARLIEST_INSTANT) * 1000n;
export const LATEST_MICROSECOND = BigInt(LATEST_INSTANT) * 1000n + 999n;

/** The decimals of a second behind the third, and what may follow them. */
const FINE_DECIMALS = /([.,]\d{3})(\d+)(?=\s*$|Z\s*$|[+-][\d:]+\s*$)/i;
const DECIMALS_OF_A_NANOSECOND = 6;

/**
 * Reads an instant as microseconds since the epoch. What is finer is reported, or, with `onCut`, cut towards the past: then `onCut` is called.
 * Beyond the years 1600 to 9999 is reported.
 */
export function readMicroseconds(value: unknown, path: string, report: Report, onCut?: () => void): bigint | undefined {
  if (typeof value === 'bigint') return inRange(value, value, path, report);
  if (isNanoseconds(value)) return cut(value.nanoseconds, value.nanoseconds, path, report, onCut);
  const fine = typeof value === 'string' ? FINE_DECIMALS.exec(value) : null;
  if (fine === null) {
    const instant = readInstant(value, path, report);
    return instant && microsecondsOf(instant);
  }
  const decimals = fine[2]!;
  const milliseconds = readInstant((value as string).replace(FINE_DECIMALS, '$1'), path, (problem) =>
    report({ ...problem, value }),
  );
  if (milliseconds === undefined) return undefined;
  if (/[1-9]/.test(decimals.slice(DECIMALS_OF_A_NANOSECOND))) {
    report({ code: 'INSTANT_TOO_FINE', path, value, rule: 'an instant has at most nanosecond precision' });
    return undefined;
  }
  const nanoseconds = BigInt(decimals.slice(0, DECIMALS_OF_A_NANOSECOND).padEnd(DECIMALS_OF_A_NANOSECOND, '0'));
  return cut(microsecondsOf(milliseconds) * 1000n + nanoseconds, value, path, report, onCut);
}

function isNanoseconds(value: unknown): value is { readonly nanoseconds: bigint } {
  return typeof value === 'object' && value !== null && 'nanoseconds' in value && typeof value.nanoseconds === 'bigint';
}

function cut(nanoseconds: bigint, value: unknown, path: string, report: Report, onCut: (() => void) | undefined) {
  const remainder = modulo(nanoseconds, 1000n);
  if (remainder !== 0n && onCut === undefined) {
    const hint = "cut it yourself, or pass nanoseconds: 'cut', which counts what it cuts";
    report({ code: 'INSTANT_TOO_FINE', path, value, rule: 'an instant has at most microsecond precision', hint });
    return undefined;
  }
  const microseconds = inRange((nanoseconds - remainder) / 1000n, value, path, report);
  if (remainder !== 0n && microseconds !== undefined) onCut!();
  return microseconds;
}

function inRange(microseconds: bigint, value: unknown, path: string, report: Report): bigint | undefined {
  if (microseconds >= EARLIEST_MICROSECOND && microseconds <= LATEST_MICROSECOND) return microseconds;
  const hint = 'a bigint counts microseconds since the epoch: for nanoseconds write { nanoseconds: ... }';
  report({ code: 'INSTANT_OUT_OF_RANGE', path, value, rule: 'an instant lies in the years 1600 to 9999', hint });
  return undefined;
}

export function microsecondsOf(instant: Date): bigint {
  return BigInt(instant.getTime()) * 1000n;
}

/** The millisecond that holds this microsecond. */
export function dateOf(microseconds: bigint): Date {
  return new Date(Number(bucketOf(microseconds, 1000n) / 1000n));
}

/** The opening of the bucket that holds this instant; buckets of `span` microseconds lie end to end, and one opens at the epoch. */
export function bucketOf(microseconds: bigint, span: bigint): bigint {
  return microseconds - modulo(microseconds, span);
}

/** ISO 8601 in UTC with six decimals and `Z`: `2024-01-02T14:30:00.123456Z`. */
export function formatMicroseconds(microseconds: bigint): string {
  const micros = modulo(microseconds, 1000n).toString().padStart(3, '0');
  return `${dateOf(microseconds).toISOString().slice(0, -1)}${micros}Z`;
}

/** From 0 to below the divisor, before 1970 too. */
function modulo(value: bigint, divisor: bigint): bigint {
  return ((value % divisor) + divisor) % divisor;
}
