import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readPrice } from '../../src/domain/amount.js';
import type { BarInput } from '../../src/domain/bar.js';
import { Decimal } from '../../src/domain/decimal.js';
import {
  barInputSchema,
  decimalSchema,
  instantSchema,
  moneySchema,
  priceSchema,
  ratioSchema,
  seriesSchema,
  signedPriceSchema,
  symbolSchema,
  timeframeSchema,
  volumeSchema,
} from '../../src/domain/schemas.js';
import { decimalParts, textOf } from './arbitraries.js';
import { reading } from './reading.js';

const BAR: BarInput = {
  symbol: ' aapl',
  timeframe: '1d',
  timestamp: '2024-01-02',
  open: '187.15',
  high: '188.44',
  low: '183.885',
  close: '185.64',
  volume: 82488700n,
};

/** What is wrong, as `path code`; the code of a reader's problem, or else of zod itself. */
function wrongs(schema: z.ZodType, value: unknown): string[] {
  const { error } = schema.safeParse(value);
  return (error?.issues ?? []).map((issue) => {
    const code = issue.code === 'custom' ? issue.params?.code : issue.code;
    return `${issue.path.join('.')} ${code}`.trim();
  });
}

describe('the schemas of single values', () => {
  it.each<[string, z.ZodType, unknown, unknown]>([
    ['decimal', decimalSchema, ' 1e30 ', '1000000000000000000000000000000'],
    ['decimal', decimalSchema, '-0', '0'],
    ['price', priceSchema, '187.150', '187.15'],
    ['signed price', signedPriceSchema, '-37.63', '-37.63'],
    ['ratio', ratioSchema, '999999.9999', '999999.9999'],
    ['ratio', ratioSchema, 0, '0'],
    ['money', moneySchema, '-0.05', '-0.05'],
    ['volume', volumeSchema(), '82488700', '82488700'],
    ['volume', volumeSchema(5), '0.00001', '0.00001'],
    ['instant', instantSchema, '2024-01-02T09:30-05:00', '2024-01-02T14:30:00.000Z'],
    ['timeframe', timeframeSchema, '15m', '15m'],
    ['symbol', symbolSchema, ' m&m.ns ', 'M&M.NS'],
    ['series', seriesSchema, { symbol: 'btc/usdt', timeframe: '1m' }, { symbol: 'BTC/USDT', timeframe: '1m' }],
  ])('%s: %o becomes %o', (_, schema, input, output) => {
    expect(JSON.parse(JSON.stringify(schema.parse(input)))).toEqual(output);
  });

  it.each<[string, z.ZodType, unknown, string[]]>([
    ['decimal', decimalSchema, '1_000', ['DECIMAL_INVALID']],
    ['price', priceSchema, '0', ['PRICE_NOT_POSITIVE']],
    ['price', priceSchema, '1.123456789', ['PRICE_TOO_PRECISE']],
    ['price', priceSchema, undefined, ['DECIMAL_INVALID']],
    ['signed price', signedPriceSchema, '-10000000000', ['PRICE_TOO_LARGE']],
    ['ratio', ratioSchema, '-0.0001', ['RATIO_NEGATIVE']],
    ['ratio', ratioSchema, '1000000', ['RATIO_TOO_LARGE']],
    ['money', moneySchema, '0.005', ['MONEY_TOO_PRECISE']],
    ['volume', volumeSchema(), '0.5', ['VOLUME_TOO_PRECISE']],
    ['instant', instantSchema, '2024-02-30', ['INSTANT_INVALID']],
    ['timeframe', timeframeSchema, '1D', ['TIMEFRAME_UNKNOWN']],
    ['symbol', symbolSchema, 'AA\0', ['SYMBOL_INVALID']],
    ['series', seriesSchema, { symbol: '' }, ['symbol SYMBOL_INVALID', 'timeframe TIMEFRAME_UNKNOWN']],
    ['series', seriesSchema, { symbol: 'A', timeframe: '1d', id: 1 }, ['unrecognized_keys']],
    ['series', seriesSchema, null, ['invalid_type']],
  ])('%s: %o is rejected', (_, schema, input, expected) => {
    expect(wrongs(schema, input)).toEqual(expected);
  });

  it('make the whole problem an issue', () => {
    const { error } = z.object({ levels: z.array(priceSchema) }).safeParse({ levels: ['1', 0.1] });
    expect(error?.issues).toEqual([
      {
        code: 'custom',
        path: ['levels', 1],
        message: 'a decimal is not taken from a floating-point number',
        params: {
          code: 'DECIMAL_IS_FLOAT',
          path: '',
          value: 0.1,
          rule: 'a decimal is not taken from a floating-point number',
          hint: "pass it as a string: '0.1'",
        },
      },
    ]);
  });

  it('compose', () => {
    const schema = z.object({ stop: priceSchema.optional(), target: priceSchema.nullable(), at: instantSchema });
    const parsed = schema.parse({ target: null, at: new Date(0) });
    expect(parsed).toEqual({ target: null, at: new Date(0) });
    expect(priceSchema.pipe(z.instanceof(Decimal)).parse('1').toFixed()).toBe('1');
  });

  it('accept what their reader accepts, and give its value', () => {
    fc.assert(
      fc.property(decimalParts(12, 10), (parts) => {
        const text = textOf(parts);
        const { value, codes } = reading((report) => readPrice(text, '', report));
        expect(wrongs(priceSchema, text)).toEqual(codes);
        expect(priceSchema.safeParse(text).data?.times('1e8').toFixed()).toBe(value?.toString());
      }),
      { numRuns: 200 },
    );
  });
});

describe('barInputSchema', () => {
  const schema = barInputSchema();

  it('gives the normalised bar, which it accepts again', () => {
    const bar = schema.parse({ ...BAR, vwap: '186.1' });
    expect(bar.open.constructor).toBe(Decimal);
    expect(bar.timestamp).toEqual(new Date('2024-01-02T00:00:00Z'));
    expect(JSON.parse(JSON.stringify(bar))).toEqual({
      symbol: 'AAPL',
      timeframe: '1d',
      timestamp: '2024-01-02T00:00:00.000Z',
      open: '187.15',
      high: '188.44',
      low: '183.885',
      close: '185.64',
      volume: '82488700',
      vwap: '186.1',
      source: null,
    });
    expect(schema.parse(bar)).toEqual(bar);
  });

  it.each([{}, { vwap: null, source: null }, { vwap: undefined, source: undefined }])(
    'has null for no VWAP and no source (%o)',
    (fields) => {
      expect(schema.parse({ ...BAR, ...fields })).toMatchObject({ vwap: null, source: null });
    },
  );

  it('follows the rules of its series', () => {
    const oil = { ...BAR, low: '-40.32', close: '-37.63', volume: '0.5' };
    expect(wrongs(schema, oil)).toEqual([
      'low PRICE_NOT_POSITIVE',
      'close PRICE_NOT_POSITIVE',
      'volume VOLUME_TOO_PRECISE',
    ]);
    const bar = barInputSchema({ volumeScale: 1, allowNonPositive: true }).parse(oil);
    expect([bar.low.toFixed(), bar.close.toFixed(), bar.volume.toFixed()]).toEqual(['-40.32', '-37.63', '0.5']);
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['high below low', { high: 1 }, ['high HIGH_BELOW_LOW']],
    ['a close outside', { close: '188.45' }, ['close PRICE_OUTSIDE_BAR']],
    ['a misaligned instant', { timestamp: '2024-01-02T05:00Z' }, ['timestamp TIMESTAMP_MISALIGNED']],
    ['both', { timestamp: '2024-01-02T05:00Z', high: 1 }, ['timestamp TIMESTAMP_MISALIGNED', 'high HIGH_BELOW_LOW']],
    ['a source with NUL', { source: '\0' }, ['source SOURCE_INVALID']],
    ['a field that is none', { spread: '1' }, ['unrecognized_keys']],
    [
      'wrong fields',
      { symbol: '', open: 'x', extra: 1 },
      ['symbol SYMBOL_INVALID', 'open DECIMAL_INVALID', 'unrecognized_keys'],
    ],
    ['a wrong volume scale alone', { volume: '0.5' }, ['volume VOLUME_TOO_PRECISE']],
  ])('rejects %s', (_, fields, expected) => {
    expect(wrongs(schema, { ...BAR, ...fields })).toEqual(expected);
  });

  it('reports every field that is missing', () => {
    expect(wrongs(schema, {})).toEqual([
      'symbol SYMBOL_INVALID',
      'timeframe TIMEFRAME_UNKNOWN',
      'timestamp INSTANT_INVALID',
      'open DECIMAL_INVALID',
      'high DECIMAL_INVALID',
      'low DECIMAL_INVALID',
      'close DECIMAL_INVALID',
      'volume DECIMAL_INVALID',
    ]);
  });
});
