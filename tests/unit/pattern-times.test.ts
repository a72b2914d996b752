import { describe, expect, it, test } from 'vitest';
import type { Timeframe } from '../../src/domain/timeframe.js';
import { draft, expectRefused, readPattern, SPRING } from './pattern-inputs.js';

describe('the times of a new pattern', () => {
  const LOOK_AHEAD = 'the bar of 2024-02-01T00:00:00Z closes at 2024-02-02T00:00:00Z: nobody knows it before';

  it('leave its bar to close first', () => {
    const at = '2024-02-01T23:59:59.999Z';
    expectRefused(
      { ...SPRING, detectionTime: at },
      { code: 'LOOK_AHEAD', path: 'detectionTime', value: new Date(at), rule: LOOK_AHEAD },
    );
    expectRefused({ ...SPRING, detectionTime: '2024-01-31' }, { code: 'LOOK_AHEAD', rule: LOOK_AHEAD });
    expect(draft({ detectionTime: '2024-02-02T00:00:00.000Z' }).detectionTime).toEqual(new Date('2024-02-02'));
    expect(draft({ detectionTime: '2024-02-01T19:00:00-05:00' }).detectionTime).toEqual(new Date('2024-02-02'));
  });

  test.each<[Timeframe, string, string, string, string]>([
    ['1m', '2024-02-01T14:31:00Z', '2024-02-01T14:32:00Z', '2024-02-01T14:31:00.001Z', 'multiple of 1 minutes'],
    ['5m', '2024-02-01T14:35:00Z', '2024-02-01T14:40:00Z', '2024-02-01T14:31:00Z', 'multiple of 5 minutes'],
    ['15m', '2024-02-01T14:30:00Z', '2024-02-01T14:45:00Z', '2024-02-01T14:35:00Z', 'multiple of 15 minutes'],
    ['1h', '2024-02-01T03:45:00Z', '2024-02-01T04:45:00Z', '2024-02-01T03:40:00Z', 'multiple of 15 minutes'],
    ['1d', '2024-02-01T00:00:00Z', '2024-02-02T00:00:00Z', '2024-02-01T14:30:00Z', '00:00 UTC of its trading date'],
  ])('are on the grid of %s', (timeframe, bar, close, between, rule) => {
    const input = { ...SPRING, timeframe, patternBarTimestamp: bar, detectionTime: close };
    expect(readPattern(input).problems).toEqual([]);
    const early = new Date(Date.parse(close) - 1);
    expectRefused({ ...input, detectionTime: early }, { code: 'LOOK_AHEAD', path: 'detectionTime', value: early });
    const misaligned = { code: 'TIMESTAMP_MISALIGNED', value: new Date(between), rule: expect.stringContaining(rule) };
    expectRefused(
      { ...input, patternBarTimestamp: between, detectionTime: '2024-03-01' },
      { ...misaligned, path: 'patternBarTimestamp' },
    );
  });

  describe('of its test', () => {
    const tested = { ...SPRING, testBarTimestamp: '2024-02-05', detectionTime: '2024-02-06' };

    it('need a bar once it is confirmed', () => {
      const problem = { code: 'TEST_BAR_MISSING', path: 'testBarTimestamp', rule: 'a confirmed test has a bar' };
      for (const testBarTimestamp of [undefined, null])
        expectRefused({ ...tested, testBarTimestamp, testConfirmed: true }, { ...problem, value: testBarTimestamp });
      expect(draft({ ...tested, testConfirmed: true }).testConfirmed).toBe(true);
      expect(draft({ ...tested, testConfirmed: false }).testBarTimestamp).toEqual(new Date('2024-02-05'));
    });

    it('come after the bar that it tests', () => {
      const rule = 'a test comes after the bar that it tests, 2024-02-01T00:00:00Z';
      for (const bar of ['2024-02-01', '2024-01-31'])
        expectRefused(
          { ...tested, testBarTimestamp: bar },
          { code: 'TEST_NOT_LATER', path: 'testBarTimestamp', value: new Date(bar), rule },
        );
      expect(draft({ ...tested, testBarTimestamp: '2024-02-02' }).testBarTimestamp).toEqual(new Date('2024-02-02'));
    });

    it('are on the grid', () => {
      const bar = '2024-02-05T14:30:00Z';
      expectRefused(
        { ...tested, testBarTimestamp: bar },
        {
          code: 'TIMESTAMP_MISALIGNED',
          path: 'testBarTimestamp',
          value: new Date(bar),
          rule: 'a 1d bar carries 00:00 UTC of its trading date',
        },
      );
    });

    it('leave its bar to close before the pattern is seen', () => {
      const at = new Date('2024-02-05T23:59:59.999Z');
      const rule = 'the bar of 2024-02-05T00:00:00Z closes at 2024-02-06T00:00:00Z: nobody knows it before';
      for (const testConfirmed of [true, false])
        expectRefused(
          { ...tested, detectionTime: at, testConfirmed },
          { code: 'LOOK_AHEAD', path: 'detectionTime', value: at, rule },
        );
    });
  });
});
