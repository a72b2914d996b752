import fc from 'fast-check';

/** A decimal number as its parts, so that a test can work with its text and needs no arithmetic of the code under test. */
export interface DecimalParts {
  readonly negative: boolean;
  readonly whole: string;
  readonly fraction: string;
}

export function decimalParts(longestWhole: number, longestFraction: number): fc.Arbitrary<DecimalParts> {
  return fc.record({
    negative: fc.boolean(),
    whole: digits(1, longestWhole),
    fraction: digits(0, longestFraction),
  });
}

export function textOf({ negative, whole, fraction }: DecimalParts): string {
  return `${negative ? '-' : ''}${whole}${fraction ? `.${fraction}` : ''}`;
}

/** `value x 10^scale` by moving the point in the text, or undefined where digits would be left behind it. */
export function shiftPoint({ negative, whole, fraction }: DecimalParts, scale: number): bigint | undefined {
  const kept = fraction.replace(/0+$/, '');
  if (kept.length > scale) return undefined;
  const magnitude = BigInt(whole + kept.padEnd(scale, '0'));
  return negative ? -magnitude : magnitude;
}

function digits(minLength: number, maxLength: number): fc.Arbitrary<string> {
  // Runs of zeros and nines are where carries, padding and rounding go wrong.
  const digit = fc.oneof(fc.constantFrom('0', '9'), fc.constantFrom(...'0123456789'));
  return fc.string({ unit: digit, minLength, maxLength });
}
