/**
 * How a bar's spread and volume compare with the bars before it: value / mean(value of the up to 20 bars before it), half-up to 4 decimals.
 * Everything is integer arithmetic, so the result is exact and the same on every machine.
 */

export const RATIO_WINDOW = 20;
export const RATIO_SCALE = 4;

const ONE = 10_000n;
/** What NUMERIC(10,4) cannot hold is cut to this: 999999.9999. */
const LARGEST = 9_999_999_999n;

/**
 * The ratio of `value` to the mean of `count` values that add up to `sum`, times 10^4. The first bar of a series (count 0) has ratio 1; a
 * zero mean gives 1 where the value is zero too, and the largest ratio otherwise.
 */
export function ratioToMean(value: bigint, sum: bigint, count: number): bigint {
  if (count === 0) return ONE;
  if (sum === 0n) return value === 0n ? ONE : LARGEST;
  // round(value x count / sum, 4) half-up, as floor((2 x 10^4 x value x count + sum) / (2 x sum)); all terms are >= 0.
  const ratio = (2n * ONE * value * BigInt(count) + sum) / (2n * sum);
  return ratio > LARGEST ? LARGEST : ratio;
}

/** The ratio of each value to the mean of the up to 20 before it, times 10^4; the values must be in time order. */
export function rollingRatios(values: ArrayLike<bigint>): BigInt64Array {
  const ratios = new BigInt64Array(values.length);
  let sum = 0n;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]!;
    ratios[index] = ratioToMean(value, sum, Math.min(index, RATIO_WINDOW));
    sum += value;
    if (index >= RATIO_WINDOW) sum -= values[index - RATIO_WINDOW]!;
  }
  return ratios;
}
