/** Exact decimals as whole numbers of their smallest unit, apart from the store's own: 187.15 at scale 8 is 18715000000n. */

const PLAIN = /^([+-]?)(\d+)(?:\.(\d+))?$/;

/** The units of a text or a whole number; undefined where the column `NUMERIC(integerDigits + scale, scale)` cannot hold it exactly. */
export function readUnits(value: unknown, scale: number, integerDigits: number): bigint | undefined {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  const match = typeof text === 'string' ? PLAIN.exec(text) : null;
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  const decimals = fraction.replace(/0+$/, '');
  if (decimals.length > scale || whole.replace(/^0+/, '').length > integerDigits) return undefined;
  const magnitude = BigInt(whole + decimals.padEnd(scale, '0'));
  return sign === '-' ? -magnitude : magnitude;
}

/** Without trailing zeros and without an exponent. */
export function printUnits(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const decimals = digits.slice(digits.length - scale).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${whole}${decimals && `.${decimals}`}`;
}

/** A decimal text as every other spelling of it would be. */
export function canonical(text: string): string {
  return printUnits(readUnits(text, 30, 30)!, 30);
}

/** numerator / denominator, both not below zero, half-up to a whole number. */
export function halfUp(numerator: bigint, denominator: bigint): bigint {
  return (2n * numerator + denominator) / (2n * denominator);
}

export function distance(a: bigint, b: bigint): bigint {
  return a > b ? a - b : b - a;
}

export function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}

const PRICE_SCALE = 8;

/** NUMERIC(18,8), above zero. */
export function readPriceUnits(value: unknown): bigint | undefined {
  const units = readUnits(value, PRICE_SCALE, 10);
  return units !== undefined && units > 0n ? units : undefined;
}

export function printPrice(units: bigint): string {
  return printUnits(units, PRICE_SCALE);
}

/** Of a text that is known to be a price. */
export function priceOf(text: string): bigint {
  return readPriceUnits(text)!;
}

/** NUMERIC(10,4), not below zero. */
export function readRatioUnits(value: unknown): bigint | undefined {
  const units = readUnits(value, 4, 6);
  return units !== undefined && units >= 0n ? units : undefined;
}
