import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkAlignment,
  closeOf,
  readTimeframe,
  TIMEFRAMES,
  type Timeframe,
  timeframeDuration,
  timeframeGrid,
} from '../../src/domain/timeframe.js';
import { reading } from './reading.js';

const read = (value: unknown) => reading((report) => readTimeframe(value, 'timeframe', report));
const aligned = (instant: string, timeframe: Timeframe) =>
  reading((report) => checkAlignment(Date.parse(instant), timeframe, 'timestamp', report));

describe('readTimeframe', () => {
  it.each(TIMEFRAMES)('reads %s', (timeframe) => {
    expect(read(timeframe)).toEqual({ value: timeframe, problems: [], codes: [] });
  });

  it.each([
    ['1D', "write '1d'"],
    [' 1h ', "write '1h'"],
    ['1M', "write '1m' if minutes are meant"],
    ['15M', "write '15m' if minutes are meant"],
  ])('rejects %o with the hint %s', (value, hint) => {
    const rule = 'a timeframe is one of 1m, 5m, 15m, 1h, 1d';
    expect(read(value).problems).toEqual([{ code: 'TIMEFRAME_UNKNOWN', path: 'timeframe', value, rule, hint }]);
  });

  it.each(['', '2m', '1w', 'toString', 60, null, undefined, ['1d']])('rejects %o without one', (value) => {
    const { value: timeframe, problems } = read(value);
    expect(timeframe).toBeUndefined();
    expect(problems).toMatchObject([{ code: 'TIMEFRAME_UNKNOWN', value }]);
    expect(problems[0]).not.toHaveProperty('hint');
  });
});

describe('durations', () => {
  it('are in milliseconds, and so is the grid, which has quarters for hourly bars', () => {
    expect(TIMEFRAMES.map(timeframeDuration)).toEqual([60_000, 300_000, 900_000, 3_600_000, 86_400_000]);
    expect(TIMEFRAMES.map(timeframeGrid)).toEqual([60_000, 300_000, 900_000, 900_000, 86_400_000]);
  });

  it('closeOf is the opening instant plus the duration', () => {
    const opening = new Date('2024-01-02T14:30:00Z');
    expect(closeOf(opening, '1h').toISOString()).toBe('2024-01-02T15:30:00.000Z');
    expect(closeOf(new Date('2024-02-28T00:00:00Z'), '1d').toISOString()).toBe('2024-02-29T00:00:00.000Z');
    expect(opening.toISOString()).toBe('2024-01-02T14:30:00.000Z');
  });
});

describe('checkAlignment', () => {
  it.each<[string, Timeframe]>([
    ['2024-01-02T14:30:00Z', '1h'],
    ['2024-01-02T03:45:00Z', '1h'],
    ['2024-01-02T14:30:00Z', '15m'],
    ['2024-01-02T14:35:00Z', '5m'],
    ['2024-01-02T14:31:00Z', '1m'],
    ['2024-01-02T00:00:00Z', '1d'],
    ['1927-05-02T00:00:00Z', '1d'],
  ])('takes %s for %s', (instant, timeframe) => {
    expect(aligned(instant, timeframe)).toEqual({ value: true, problems: [], codes: [] });
  });

  it.each<[string, Timeframe, string]>([
    ['2024-01-02T14:40:00Z', '1h', 'a 1h bar opens on a multiple of 15 minutes'],
    ['2024-01-02T14:40:00Z', '15m', 'a 15m bar opens on a multiple of 15 minutes'],
    ['2024-01-02T14:31:00Z', '5m', 'a 5m bar opens on a multiple of 5 minutes'],
    ['2024-01-02T14:31:30Z', '1m', 'a 1m bar opens on a multiple of 1 minutes'],
    ['2024-01-02T00:00:00.001Z', '1m', 'a 1m bar opens on a multiple of 1 minutes'],
    ['2024-01-02T05:00:00Z', '1d', 'a 1d bar carries 00:00 UTC of its trading date'],
    ['1927-05-02T05:00:00Z', '1d', 'a 1d bar carries 00:00 UTC of its trading date'],
  ])('rejects %s for %s: %s', (instant, timeframe, rule) => {
    const { value, problems } = aligned(instant, timeframe);
    expect(value).toBe(false);
    expect(problems).toMatchObject([{ code: 'TIMESTAMP_MISALIGNED', value: new Date(instant), rule }]);
  });

  it('agrees with the clock, before 1970 too', () => {
    const instant = fc.integer({ min: -(10 ** 8), max: 10 ** 8 }).map((minutes) => new Date(minutes * 60_000));
    fc.assert(
      fc.property(instant, (date) => {
        const minute = date.getUTCMinutes();
        const right = {
          '1m': true,
          '5m': minute % 5 === 0,
          '15m': minute % 15 === 0,
          '1h': minute % 15 === 0,
          '1d': minute === 0 && date.getUTCHours() === 0,
        };
        for (const timeframe of TIMEFRAMES) expect(aligned(date.toISOString(), timeframe).value).toBe(right[timeframe]);
      }),
      { numRuns: 300 },
    );
  });
});
