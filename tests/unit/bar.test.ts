import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BarRules, type BarValuesInput, readBarValues } from '../../src/domain/bar.js';
import { Decimal, fromScaled } from '../../src/domain/decimal.js';
import { reading } from './reading.js';

const DAILY: BarRules = { timeframe: '1d', volumeScale: 0 };
const RIGHT: BarValuesInput = {
  timestamp: '2024-01-02',
  open: '187.15',
  high: '188.44',
  low: '183.885',
  close: '185.64',
  volume: 82488700,
};

/** A right bar but for the given fields, which may be of types that no caller in TypeScript could pass. */
const read = (fields: Partial<Record<keyof BarValuesInput, unknown>> = {}, rules: BarRules = DAILY) =>
  reading((report) => readBarValues({ ...RIGHT, ...fields } as BarValuesInput, rules, report));

describe('readBarValues', () => {
  it('reads a bar as integers', () => {
    expect(read({ vwap: new Decimal('186.00000001'), source: 'yahoo' })).toEqual({
      value: {
        timestamp: Date.UTC(2024, 0, 2),
        open: 18715000000n,
        high: 18844000000n,
        low: 18388500000n,
        close: 18564000000n,
        volume: 82488700n,
        vwap: 18600000001n,
        source: 'yahoo',
      },
      problems: [],
      codes: [],
    });
  });

  it.each([{}, { vwap: null, source: null }, { vwap: undefined, source: undefined }])(
    'has null for no VWAP and no source (%o)',
    (fields) => {
      expect(read(fields).value).toMatchObject({ vwap: null, source: null });
    },
  );

  it('takes a flat bar, and the largest prices', () => {
    const flat = { open: '9999999999.99999999', high: '9999999999.99999999', low: '9999999999.99999999' };
    expect(read({ ...flat, close: '9999999999.99999999', volume: 0 })).toMatchObject({
      value: { low: 999999999999999999n, volume: 0n },
      codes: [],
    });
  });

  it.each<[string, Partial<Record<keyof BarValuesInput, unknown>>, string, string]>([
    ['high below low', { high: 180, low: 181 }, 'HIGH_BELOW_LOW', 'high'],
    ['open below low', { open: '183.88499999' }, 'PRICE_OUTSIDE_BAR', 'open'],
    ['open above high', { open: '188.44000001' }, 'PRICE_OUTSIDE_BAR', 'open'],
    ['close below low', { close: 1 }, 'PRICE_OUTSIDE_BAR', 'close'],
    ['close above high', { close: 200 }, 'PRICE_OUTSIDE_BAR', 'close'],
    ['a 9th decimal', { open: '187.123456789' }, 'PRICE_TOO_PRECISE', 'open'],
    ['an 11th digit', { high: '10000000000' }, 'PRICE_TOO_LARGE', 'high'],
    ['a zero price', { low: 0 }, 'PRICE_NOT_POSITIVE', 'low'],
    ['a VWAP of zero', { vwap: '0.0' }, 'PRICE_NOT_POSITIVE', 'vwap'],
    ['a VWAP that is none', { vwap: '' }, 'DECIMAL_INVALID', 'vwap'],
    ['a float', { close: 185.64 }, 'DECIMAL_IS_FLOAT', 'close'],
    ['no close', { close: undefined }, 'DECIMAL_INVALID', 'close'],
    ['a volume below zero', { volume: -1 }, 'VOLUME_NEGATIVE', 'volume'],
    ['a fractional volume', { volume: '100.5' }, 'VOLUME_TOO_PRECISE', 'volume'],
    ['a volume of 2^63', { volume: 2n ** 63n }, 'VOLUME_TOO_LARGE', 'volume'],
    ['a volume of 20 digits', { volume: '1e19' }, 'VOLUME_TOO_LARGE', 'volume'],
    ['a time of day', { timestamp: '2024-01-02T14:30:00Z' }, 'TIMESTAMP_MISALIGNED', 'timestamp'],
    ['no timestamp', { timestamp: undefined }, 'INSTANT_INVALID', 'timestamp'],
    ['an empty source', { source: '' }, 'SOURCE_INVALID', 'source'],
    ['a long source', { source: 'x'.repeat(33) }, 'SOURCE_INVALID', 'source'],
    ['a NUL in the source', { source: 'a\0b' }, 'SOURCE_INVALID', 'source'],
    ['half a surrogate pair in the source', { source: 'a\ud83d' }, 'SOURCE_INVALID', 'source'],
    ['a source that is a number', { source: 7 }, 'SOURCE_INVALID', 'source'],
  ])('rejects %s', (_, fields, code, path) => {
    const { value, problems } = read(fields);
    expect(value).toBeUndefined();
    expect(problems.map((problem) => [problem.code, problem.path])).toEqual([[code, path]]);
  });

  it('names the bound that a price breaks, without an exponent', () => {
    const tiny = { open: '0.00000002', high: '0.00000002', low: '0.00000002', close: '0.00000001' };
    expect(read(tiny).problems).toMatchObject([{ rule: 'close is not below low (0.00000002)', value: '0.00000001' }]);
  });

  it('reports everything that is wrong at once', () => {
    const fields = { timestamp: 'x', open: 'x', high: 0, low: '1e-9', close: 0.5, volume: -1, vwap: 'x', source: '' };
    expect(read(fields).codes).toEqual([
      'INSTANT_INVALID',
      'DECIMAL_INVALID',
      'PRICE_NOT_POSITIVE',
      'PRICE_TOO_PRECISE',
      'DECIMAL_IS_FLOAT',
      'VOLUME_NEGATIVE',
      'DECIMAL_INVALID',
      'SOURCE_INVALID',
    ]);
  });

  it('still compares the prices of a bar whose timestamp or volume is wrong', () => {
    expect(read({ timestamp: 'x', volume: 'x', high: 1 }).codes).toEqual([
      'INSTANT_INVALID',
      'DECIMAL_INVALID',
      'HIGH_BELOW_LOW',
    ]);
  });

  it('takes prices at and below zero where the caller says so', () => {
    const oil = { open: '17.73', high: '17.85', low: '-40.32', close: '-37.63', vwap: 0 };
    expect(read(oil).codes).toEqual(['PRICE_NOT_POSITIVE', 'PRICE_NOT_POSITIVE', 'PRICE_NOT_POSITIVE']);
    expect(read(oil, { ...DAILY, allowNonPositive: true })).toMatchObject({
      value: { low: -4032000000n, close: -3763000000n, vwap: 0n },
      codes: [],
    });
  });

  it('rejects a spread that its column cannot hold', () => {
    const wide = { open: 0, close: 0, high: '9999999999', low: '-0.99999999' };
    const rules = { ...DAILY, allowNonPositive: true };
    expect(read(wide, rules)).toMatchObject({ value: { high: 999999999900000000n, low: -99999999n }, codes: [] });
    expect(read({ ...wide, low: '-1' }, rules).codes).toEqual(['SPREAD_TOO_LARGE']);
  });

  it.each([
    [0, '9223372036854775807', 2n ** 63n - 1n],
    [0, '9007199254740993', 9007199254740993n], // no float holds it
    [2, '90071992547409.93', 9007199254740993n],
    [5, '0.00001', 1n],
    [5, '12.5', 1250000n],
    [8, '92233720368.54775807', 2n ** 63n - 1n],
    [8, '-0', 0n],
  ])('counts volumes in units of 10^-%d: %s is %d', (volumeScale, volume, units) => {
    expect(read({ volume }, { ...DAILY, volumeScale }).value?.volume).toBe(units);
  });

  it.each([
    [5, '0.000001', 'VOLUME_TOO_PRECISE', 'a volume of this series has at most 5 decimals'],
    [0, '0.5', 'VOLUME_TOO_PRECISE', 'a volume of this series is a whole number'],
    [8, '92233720368.54775808', 'VOLUME_TOO_LARGE', 'a volume in its units fits 64 bits'],
    [8, '100000000000', 'VOLUME_TOO_LARGE', 'a volume has at most 11 digits before the point'],
    [9, '1', 'VOLUME_SCALE_INVALID', 'a volume scale is a whole number from 0 to 8'],
    [0.5, '1', 'VOLUME_SCALE_INVALID', 'a volume scale is a whole number from 0 to 8'],
  ])('rejects with volume scale %d the volume %s: %s', (volumeScale, volume, code, rule) => {
    expect(read({ volume }, { ...DAILY, volumeScale }).problems).toMatchObject([{ code, rule }]);
  });

  it('answers exactly where low <= open, close <= high, whatever the values are given as', () => {
    const scaled = fc.bigInt({ min: 1n, max: 10n ** 18n - 1n });
    const near = fc.bigInt({ min: 1n, max: 4n });
    const prices = fc.oneof(fc.tuple(scaled, scaled, scaled, scaled), fc.tuple(near, near, near, near));
    fc.assert(
      fc.property(prices, fc.boolean(), ([open, high, low, close], asText) => {
        const given = (price: bigint) => (asText ? fromScaled(price, 8).toFixed() : fromScaled(price, 8));
        const { value, codes } = read({ open: given(open), high: given(high), low: given(low), close: given(close) });
        const right = low <= open && low <= close && open <= high && close <= high;
        expect(value === undefined).toBe(!right);
        expect(codes.length > 0).toBe(!right);
        if (right) expect(value).toMatchObject({ open, high, low, close });
      }),
      { numRuns: 1000 },
    );
  });
});
