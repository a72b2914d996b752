import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import {
  dateOf,
  EARLIEST_MICROSECOND,
  formatMicroseconds,
  LATEST_MICROSECOND,
  microsecondsOf,
  readMicroseconds,
} from '../../src/domain/microseconds.js';
import { reading } from './reading.js';

const read = (value: unknown, onCut?: () => void) =>
  reading((report) => readMicroseconds(value, 'timestamp', report, onCut));
const code = (value: unknown) => read(value).problems.map((problem) => problem.code);

const T = 1_704_205_800_123_456n;

describe('reading', () => {
  it.each<[unknown, bigint]>([
    [T, T],
    [{ nanoseconds: T * 1000n }, T],
    ['2024-01-02T14:30:00.123456Z', T],
    ['2024-01-02T14:30:00.123456', T],
    ['2024-01-02T14:30:00,123456000Z', T],
    ['2024-01-02T16:30:00.123456+02:00', T],
    ['2024-01-02T09:30:00.123456-05', T],
    ['2024-01-02T14:30:00.1234Z', T - 56n],
    ['2024-01-02T14:30:00.123Z', T - 456n],
    ['2024-01-02', T - 52_200_123_456n],
    [new Date(1_704_205_800_123), T - 456n],
    [DateTime.fromMillis(1_704_205_800_123), T - 456n],
    ['1969-12-31T23:59:59.999999Z', -1n],
    ['1600-01-01', EARLIEST_MICROSECOND],
    ['9999-12-31T23:59:59.999999Z', LATEST_MICROSECOND],
  ])('%s', (value, microseconds) => {
    expect(read(value)).toMatchObject({ value: microseconds, problems: [] });
  });

  it.each<[unknown, string]>([
    [LATEST_MICROSECOND + 1n, 'INSTANT_OUT_OF_RANGE'],
    [EARLIEST_MICROSECOND - 1n, 'INSTANT_OUT_OF_RANGE'],
    [T * 1000n, 'INSTANT_OUT_OF_RANGE'],
    [{ nanoseconds: EARLIEST_MICROSECOND * 1000n - 1000n }, 'INSTANT_OUT_OF_RANGE'],
    ['1599-12-31T23:59:59.999999Z', 'INSTANT_OUT_OF_RANGE'],
    [{ nanoseconds: T * 1000n + 1n }, 'INSTANT_TOO_FINE'],
    ['2024-01-02T14:30:00.1234567Z', 'INSTANT_TOO_FINE'],
    ['2024-01-02T14:30:00.1234567891Z', 'INSTANT_TOO_FINE'],
    [1_704_205_800_123, 'INSTANT_INVALID'],
    [{ nanoseconds: 1 }, 'INSTANT_INVALID'],
    ['2024-01-02T14:30:61.123456Z', 'INSTANT_INVALID'],
    ['.123456', 'INSTANT_INVALID'],
    [null, 'INSTANT_INVALID'],
  ])('%s is %s', (value, expected) => {
    expect(code(value)).toEqual([expected]);
  });

  it('cuts nanoseconds towards the past where asked to, and says so each time', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), (nanoseconds) => {
        let cut = 0;
        const { value } = read({ nanoseconds }, () => {
          cut += 1;
        });
        const remainder = nanoseconds - value! * 1000n;
        expect(remainder >= 0n && remainder < 1000n).toBe(true);
        expect(cut).toBe(remainder === 0n ? 0 : 1);
      }),
    );
  });
});

describe('writing', () => {
  it('reads what it wrote, over the whole range', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: EARLIEST_MICROSECOND, max: LATEST_MICROSECOND }), (at) => {
        const text = formatMicroseconds(at);
        expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
        expect(read(text)).toMatchObject({ value: at, problems: [] });
        const milliseconds = dateOf(at);
        expect(at - microsecondsOf(milliseconds)).toBeGreaterThanOrEqual(0n);
        expect(at - microsecondsOf(milliseconds)).toBeLessThan(1000n);
      }),
    );
  });
});
