import { type DecimalKind, readScaled } from './decimal.js';
import type { Report } from './problem.js';

/** NUMERIC(24,8): how much was traded or is offered. Ten digits before the point, as a price has, are too few for coins of a millionth of a dollar. */
export const SIZE: DecimalKind = { name: 'size', integerDigits: 16, scale: 8 };

/** Reads a size, above zero, as the integer `size x 10^8`. */
export function readSize(value: unknown, path: string, report: Report): bigint | undefined {
  const size = readScaled(value, SIZE, path, report);
  if (size === undefined || size > 0n) return size;
  report({ code: 'SIZE_NOT_POSITIVE', path, value, rule: 'a size is above zero' });
  return undefined;
}
