import { Decimal as DecimalJs } from 'decimal.js';
import type { Report } from './problem.js';

/**
 * The one Decimal class of this package: a clone of decimal.js with precision 60 and half-up rounding. It never prints an exponent, so that
 * `toString()` and JSON carry `0.00000001` and not `1e-8`.
 */
export const Decimal = DecimalJs.clone({
  defaults: true,
  precision: 60,
  rounding: DecimalJs.ROUND_HALF_UP,
  toExpNeg: -9e15,
  toExpPos: 9e15,
});
export type Decimal = DecimalJs;

/**
 * What a decimal may be given as. A number must be an integer that floating point holds exactly: for `0.1` it is too late, the float has
 * already lost the decimal.
 */
export type DecimalInput = Decimal | string | bigint | number;

/** A column of exact decimals: at most `integerDigits` before the point and `scale` after it. */
export interface DecimalKind {
  readonly name: string;
  readonly integerDigits: number;
  readonly scale: number;
}

/** NUMERIC(18,8). */
export const PRICE: DecimalKind = { name: 'price', integerDigits: 10, scale: 8 };
/** NUMERIC(10,4). */
export const RATIO: DecimalKind = { name: 'ratio', integerDigits: 6, scale: 4 };
/** NUMERIC(12,2). */
export const MONEY: DecimalKind = { name: 'money', integerDigits: 10, scale: 2 };
export const LARGEST_MONEY: Decimal = new Decimal('9999999999.99');

const PLAIN_DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,4})?$/i;
/** Characters. */
export const LONGEST_DECIMAL = 200;
const WORD_DIGITS = 7; // decimal.js keeps its digits in words of base 10^7

const POWERS = Array.from({ length: 16 }, (_, power) => 10 ** power);

const LONGEST_PLAIN_TEXT = 16;
const POINT = 46;
const ZERO = 48;

/** Reads an outside value as a Decimal of any size and of our class; reports and answers undefined when it is none. */
export function readDecimal(value: unknown, path: string, report: Report): Decimal | undefined {
  if (typeof value === 'string') {
    const text = value.trim();
    if (text.length <= LONGEST_DECIMAL && PLAIN_DECIMAL.test(text)) return unsignedZero(new Decimal(text));
  } else if (typeof value === 'bigint') {
    return new Decimal(value.toString());
  } else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return unsignedZero(new Decimal(value));
    if (Number.isFinite(value)) {
      const hint = `pass it as a string: '${value}'`;
      report({
        code: 'DECIMAL_IS_FLOAT',
        path,
        value,
        rule: 'a decimal is not taken from a floating-point number',
        hint,
      });
      return undefined;
    }
  } else if (DecimalJs.isDecimal(value)) {
    // Clones of decimal.js share one prototype, so that `instanceof` cannot tell a caller's class (or Prisma's) from ours.
    if (value.isFinite()) return unsignedZero(value.constructor === Decimal ? value : new Decimal(value));
  }
  report({
    code: 'DECIMAL_INVALID',
    path,
    value,
    rule: 'not a decimal number',
    hint: "write it as '187.15': no thousands separator",
  });
  return undefined;
}

/** decimal.js keeps the sign of -0 and prints it in JSON; no column can. */
function unsignedZero(value: Decimal): Decimal {
  return value.isZero() && value.isNegative() ? value.abs() : value;
}

/**
 * `dividend / divisor`, half-up (a half away from zero) to `places` decimals. Of sums of columns it is rounded once: the quotient of its 60 digits
 * cannot reach a half that the exact one does not lie on, since that is some 10^-40 away.
 */
export function divideHalfUp(dividend: string, divisor: string, places: number): Decimal {
  return unsignedZero(new Decimal(dividend).div(divisor).toDecimalPlaces(places));
}

/**
 * Reads an outside value as the integer `value x 10^scale`. More decimals than the kind has, or more integer digits, are reported and never
 * rounded.
 */
export function readScaled(value: unknown, kind: DecimalKind, path: string, report: Report): bigint | undefined {
  const plain = typeof value === 'string' ? scalePlainText(value, kind) : undefined;
  if (plain !== undefined) return plain;
  const decimal = readDecimal(value, path, report);
  if (decimal === undefined) return undefined;
  if (decimal.e >= kind.integerDigits) {
    const rule = `a ${kind.name} has at most ${kind.integerDigits} digits before the point`;
    report({ code: `${kind.name.toUpperCase()}_TOO_LARGE`, path, value, rule });
    return undefined;
  }
  const scaled = toScaled(decimal, kind.scale);
  if (scaled === undefined) {
    const rule = `a ${kind.name} has at most ${kind.scale} decimals`;
    report({
      code: `${kind.name.toUpperCase()}_TOO_PRECISE`,
      path,
      value,
      rule,
      hint: 'round it yourself: the store never does',
    });
  }
  return scaled;
}

/**
 * What nearly every price and volume in a file looks like: up to 15 digits and perhaps a point. Undefined for anything else, right or wrong,
 * which then goes the long way: by way of a Decimal it takes six times as long, and a million bars have five million of them.
 */
function scalePlainText(text: string, kind: DecimalKind): bigint | undefined {
  if (text.length === 0 || text.length > LONGEST_PLAIN_TEXT) return undefined;
  let digits = 0;
  let point = -1;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const digit = code - ZERO;
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit;
    else if (code === POINT && point < 0 && index > 0) point = index;
    else return undefined;
  }
  const wholeDigits = point < 0 ? text.length : point;
  const factor = POWERS[kind.scale - (point < 0 ? 0 : text.length - 1 - point)];
  if (factor === undefined || wholeDigits > kind.integerDigits || digits > Number.MAX_SAFE_INTEGER) return undefined;
  const scaled = digits * factor;
  return scaled <= Number.MAX_SAFE_INTEGER ? BigInt(scaled) : BigInt(digits) * BigInt(factor);
}

/** `value x 10^scale` as an integer, or undefined where that is not an integer. Exact; the value is finite. */
export function toScaled(value: Decimal, scale: number): bigint | undefined {
  const words = value.d;
  const firstPower = Math.floor(value.e / WORD_DIGITS) * WORD_DIGITS + scale;
  let sum = 0;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]!;
    const power = firstPower - index * WORD_DIGITS;
    if (power >= POWERS.length) return toScaledSlowly(value, scale);
    if (power >= 0) sum += word * POWERS[power]!;
    else if (power > -WORD_DIGITS && word % POWERS[-power]! === 0) sum += word / POWERS[-power]!;
    else return undefined;
    // Every partial sum below 2^53 is exact, and none is larger than the whole.
    if (sum > Number.MAX_SAFE_INTEGER) return toScaledSlowly(value, scale);
  }
  return BigInt(value.s < 0 ? -sum : sum);
}

/** By way of the text: `times` would round to the class's precision, and so make an integer of a value that has a 61st digit. */
function toScaledSlowly(value: Decimal, scale: number): bigint | undefined {
  return value.decimalPlaces() <= scale ? BigInt(value.toFixed(scale).replace('.', '')) : undefined;
}

/** The text of `scaled / 10^scale` without trailing zeros: `formatScaled(18715000000n, 8)` is `187.15`. */
export function formatScaled(scaled: bigint, scale: number): string {
  if (scale === 0) return scaled.toString();
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === ZERO) end -= 1;
  const fraction = end > point ? `.${digits.slice(point, end)}` : '';
  return `${scaled < 0n ? '-' : ''}${digits.slice(0, point)}${fraction}`;
}

const WORD = 10 ** WORD_DIGITS;

/** `scaled / 10^scale` as a Decimal. Exact. */
export function fromScaled(scaled: bigint, scale: number): Decimal {
  const float = Number(scaled);
  if (scaled === 0n || scale > FRACTION_DIGITS || !Number.isSafeInteger(float))
    return new Decimal(formatScaled(scaled, scale));
  return fromWords(Math.abs(float), scale, float < 0 ? -1 : 1);
}

/** Two words. */
const FRACTION_DIGITS = 2 * WORD_DIGITS;

/**
 * As {@link fromScaled}, for what is not zero: its words are put where the class has them, without a text in between. A year of hourly bars
 * has 70,000 decimals, and by way of their texts they take four times as long.
 */
function fromWords(scaled: number, scale: number, sign: number): Decimal {
  const power = POWERS[scale]!;
  const whole = Math.floor(scaled / power);
  const fraction = (scaled - whole * power) * POWERS[FRACTION_DIGITS - scale]!;
  const tenths = Math.floor(fraction / WORD);
  const words = trimmed(
    Math.floor(whole / WORD / WORD),
    Math.floor(whole / WORD) % WORD,
    whole % WORD,
    tenths,
    fraction % WORD,
  );
  const place = whole >= WORD * WORD ? 2 : whole >= WORD ? 1 : whole > 0 ? 0 : tenths > 0 ? -1 : -2;
  return new DecimalOfWords(sign, place * WORD_DIGITS + digitsOf(words[0]!) - 1, words);
}

/** Makes a Decimal like any other without the class's own constructor, which reads a value and takes five times as long. */
const DecimalOfWords = function (this: Record<string, unknown>, sign: number, exponent: number, words: number[]) {
  this.constructor = Decimal;
  this.s = sign;
  this.e = exponent;
  this.d = words;
} as unknown as { new (sign: number, exponent: number, words: number[]): Decimal; prototype: Decimal };
DecimalOfWords.prototype = Decimal.prototype as Decimal;

/** The words without zeros at the ends. The usual ones are literals: an array that grows has room for 17, and collecting that takes the longest. */
function trimmed(a: number, b: number, c: number, d: number, e: number): number[] {
  if (a === 0 && b === 0 && c > 0) {
    if (e > 0) return [c, d, e];
    return d > 0 ? [c, d] : [c];
  }
  const words = [a, b, c, d, e];
  let first = 0;
  while (words[first] === 0) first += 1;
  let end = words.length;
  while (words[end - 1] === 0) end -= 1;
  return words.slice(first, end);
}

function digitsOf(word: number): number {
  let digits = 1;
  while (word >= POWERS[digits]!) digits += 1;
  return digits;
}
