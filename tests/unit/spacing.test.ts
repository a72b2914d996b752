import { describe, expect, it } from 'vitest';
import { type Timeframe, timeframeDuration } from '../../src/domain/timeframe.js';
import { checkSpacing, describeDuration, type Spacing, timeframeOf } from '../../src/transfer/read/spacing.js';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Gaps in milliseconds, shortest first. */
function spacing(...gaps: number[]): Spacing {
  const count = (matches: (gap: number, duration: number) => boolean) => {
    const of = (timeframe: Timeframe) => gaps.filter((gap) => matches(gap, timeframeDuration(timeframe))).length;
    return { '1m': of('1m'), '5m': of('5m'), '15m': of('15m'), '1h': of('1h'), '1d': of('1d') };
  };
  const median = gaps[Math.ceil(gaps.length / 2) - 1] ?? 0;
  return {
    gaps: gaps.length,
    median,
    exact: count((gap, duration) => gap === duration),
    shorter: count((gap, duration) => gap < duration),
    elsewhere: gaps.filter((gap) => gap === median && [30 * MINUTE, 120 * MINUTE, 240 * MINUTE, 7 * DAY].includes(gap))
      .length,
  };
}

const many = (count: number, gap: number) => Array<number>(count).fill(gap);

describe('timeframeOf', () => {
  it('is the timeframe as long as the median gap', () => {
    expect(timeframeOf(spacing(...many(10, 15 * MINUTE)))).toBe('15m');
    expect(timeframeOf(spacing(DAY, DAY, 3 * DAY))).toBe('1d');
    expect(timeframeOf(spacing(...many(10, 2 * MINUTE)))).toBeUndefined();
    expect(timeframeOf(spacing(DAY))).toBeUndefined();
  });
});

describe('checkSpacing', () => {
  it.each([
    ['bars that follow each other', spacing(...many(9, MINUTE), 3 * MINUTE), '1m'],
    ['a thinly traded market', spacing(...many(10, MINUTE), ...many(90, 5 * MINUTE)), '1m'],
    ['a few bars with holes', spacing(...many(5, 2 * MINUTE)), '1m'],
    ['a Friday and a Monday', spacing(3 * DAY), '1d'],
    ['a market that is thinner still', spacing(...many(2, 7 * DAY)), '1d'],
    [
      'gaps that are of half an hour by chance',
      spacing(6 * MINUTE, ...many(3, 30 * MINUTE), 50 * MINUTE, ...many(2, DAY)),
      '5m',
    ],
    ['one wrong time among few', spacing(DAY / 2, DAY * 1.5), '1d'],
  ] as const)('accepts %s', (_, gaps, timeframe) => {
    expect(() => checkSpacing(gaps, timeframe)).not.toThrow();
  });

  it.each([
    ['minutes as days', spacing(MINUTE, MINUTE), '1d', 'it looks like 1m: import it with --timeframe 1m'],
    ['days as minutes', spacing(DAY, DAY), '1m', 'it looks like 1d: import it with --timeframe 1d'],
    ['15 minutes as 5', spacing(...many(9, 15 * MINUTE)), '5m', 'it looks like 15m: import it with --timeframe 15m'],
    ['weeks as days', spacing(...many(50, 7 * DAY)), '1d', 'they are not bars of 1d'],
    ['a month of weeks as days', spacing(...many(3, 7 * DAY)), '1d', 'they are not bars of 1d'],
    [
      'a day of two bars of four hours as hours',
      spacing(...many(3, 240 * MINUTE), ...many(3, DAY - 240 * MINUTE)),
      '1h',
      'they are not bars of 1h',
    ],
    ['half hours as quarters', spacing(...many(12, 30 * MINUTE)), '15m', 'they are not bars of 15m'],
    ['half minutes as minutes', spacing(...many(50, MINUTE / 2)), '1m', 'they are not bars of 1m'],
  ] as const)('rejects %s', (_, gaps, timeframe, hint) => {
    expect(() => checkSpacing(gaps, timeframe)).toThrow(expect.objectContaining({ code: 'TIMEFRAME_MISMATCH', hint }));
  });
});

describe('describeDuration', () => {
  it('takes the largest unit that fits', () => {
    expect([DAY, 90 * MINUTE, 120 * MINUTE, 500, 7 * DAY].map(describeDuration)).toEqual([
      '1 day',
      '90 minutes',
      '2 hours',
      '500 milliseconds',
      '7 days',
    ]);
  });
});
