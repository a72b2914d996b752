import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ratioToMean, rollingRatios } from '../../src/domain/bar-ratios.js';
import { Decimal, formatScaled } from '../../src/domain/decimal.js';

const rolling = (...values: bigint[]) =>
  Array.from(rollingRatios(BigInt64Array.from(values)), (ratio) => formatScaled(ratio, 4));

const LARGEST = new Decimal('999999.9999');

/** The definition word for word: value / mean(the up to 20 values before it), half-up to 4 decimals. */
function ratioByDefinition(values: readonly bigint[], index: number): string {
  const before = values.slice(Math.max(0, index - 20), index).map((value) => new Decimal(value.toString()));
  const value = new Decimal(values[index]!.toString());
  if (before.length === 0) return '1.0000';
  const sum = Decimal.sum(0, ...before);
  if (sum.isZero()) return (value.isZero() ? new Decimal(1) : LARGEST).toFixed(4);
  // Multiplied before it is divided, so that the only rounding is the last: a rounded mean can move a ratio off an exact half.
  const ratio = value.times(before.length).div(sum).toDecimalPlaces(4, Decimal.ROUND_HALF_UP);
  return Decimal.min(ratio, LARGEST).toFixed(4);
}

describe('rollingRatios', () => {
  it('gives the first bar of a series 1, even one without spread or volume', () => {
    expect(rolling(123n)).toEqual(['1']);
    expect(rolling(0n)).toEqual(['1']);
    expect(rolling()).toEqual([]);
  });

  it('compares with the mean of what came before, the value itself left out', () => {
    expect(rolling(10n, 20n, 30n, 5n)).toEqual(['1', '2', '2', '0.25']);
  });

  it('gives 1 for zero against a mean of zero, and the largest ratio for anything else', () => {
    expect(rolling(0n, 0n, 1n, 0n)).toEqual(['1', '1', '999999.9999', '0']);
  });

  it('forgets what is more than 20 bars back', () => {
    const values = [1_000_000n, ...Array<bigint>(20).fill(10n), 10n];
    expect(rolling(...values).slice(-2)).toEqual([
      ratioByDefinition(values, 20).replace(/0+$/, ''),
      '1', // the million has left the window
    ]);
  });

  it('cuts at what the column holds', () => {
    expect(rolling(1n, 1_000_000n)).toEqual(['1', '999999.9999']);
    expect(rolling(1n, 999_999n)).toEqual(['1', '999999']);
    // 999999.99994 rounds down to the largest, 999999.99995 up to one that is too large.
    expect(rolling(100_000n, 99_999_999_994n)).toEqual(['1', '999999.9999']);
    expect(rolling(100_000n, 99_999_999_995n)).toEqual(['1', '999999.9999']);
    expect(rolling(100_000n, 99_999_999_984n)).toEqual(['1', '999999.9998']);
  });

  it('rounds up at exactly half, and down below it', () => {
    expect(rolling(20_000n, 1n)).toEqual(['1', '0.0001']); // 0.00005
    expect(rolling(200_000n, 9n)).toEqual(['1', '0']); // 0.000045
    expect(rolling(20_000n, 24_691n)).toEqual(['1', '1.2346']); // 1.23455
    expect(rolling(8n, 1n)).toEqual(['1', '0.125']);
    expect(rolling(3n, 2n)).toEqual(['1', '0.6667']);
    expect(rolling(3n, 1n)).toEqual(['1', '0.3333']);
  });

  it('agrees with the definition in decimals', () => {
    const largest = 2n ** 63n - 1n;
    const value = fc.oneof(
      fc.bigInt({ min: 0n, max: 3n }),
      fc.bigInt({ min: 0n, max: 40_000n }),
      fc.bigInt({ min: 0n, max: largest }),
      fc.constant(largest),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 50 }), (values) => {
        const ratios = rollingRatios(BigInt64Array.from(values));
        expect(Array.from(ratios, (ratio) => new Decimal(ratio.toString()).div(10_000).toFixed(4))).toEqual(
          values.map((_, index) => ratioByDefinition(values, index)),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('is the same whether computed from the start or from 20 bars back', () => {
    const value = fc.bigInt({ min: 0n, max: 1_000_000n });
    fc.assert(
      fc.property(fc.array(value, { minLength: 21, maxLength: 80 }), fc.nat(58), (values, offset) => {
        const from = Math.min(offset, values.length - 21);
        const all = rollingRatios(BigInt64Array.from(values));
        const part = rollingRatios(BigInt64Array.from(values.slice(from)));
        expect(part.slice(20)).toEqual(all.slice(from + 20));
      }),
      { numRuns: 200 },
    );
  });
});

describe('ratioToMean', () => {
  it('depends on the sum alone, not on the order of the values before', () => {
    const values = fc.array(fc.bigInt({ min: 0n, max: 10n ** 18n }), { minLength: 1, maxLength: 20 });
    const withShuffled = values.chain((before) =>
      fc.tuple(fc.constant(before), fc.shuffledSubarray(before, { minLength: before.length })),
    );
    fc.assert(
      fc.property(withShuffled, fc.bigInt({ min: 0n, max: 10n ** 18n }), ([before, shuffled], value) => {
        const last = (values: readonly bigint[]) => rollingRatios(BigInt64Array.from([...values, value])).at(-1);
        const sum = before.reduce((total, one) => total + one, 0n);
        expect(last(shuffled)).toBe(last(before));
        expect(ratioToMean(value, sum, before.length)).toBe(last(before));
      }),
      { numRuns: 200 },
    );
  });

  it('is 1 for a value that equals the mean', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), fc.integer({ min: 0, max: 20 }), (value, count) => {
        expect(ratioToMean(value, value * BigInt(count), count)).toBe(10_000n);
      }),
      { numRuns: 100 },
    );
  });
});
