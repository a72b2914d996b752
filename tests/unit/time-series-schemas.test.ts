import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  Decimal,
  indicatorInputSchema,
  microsecondSchema,
  orderBookInputSchema,
  quoteInputSchema,
  readIndicator,
  readIndicatorKey,
  readOrderBook,
  readQuote,
  readSymbol,
  readTrade,
  sizeSchema,
  tradeInputSchema,
} from '../../src/domain/index.js';
import { reading } from './reading.js';

const T = 1_704_205_800_123_456n;
const TRADE = { symbol: ' btcusdt', timestamp: '2024-01-02T14:30:00.123456Z', tradeId: 7, price: '42000.10', size: 1n };
const QUOTE = { symbol: 'ibm', timestamp: T, bidPrice: '183.62', bidSize: 100, askPrice: '183.63', askSize: '0.5' };
const BOOK = {
  symbol: 'X',
  timestamp: { nanoseconds: T * 1000n },
  bids: [
    ['9.5', 1],
    [9, '2.50'],
  ],
  asks: [['9.6', 3n]],
};
const INDICATOR = { symbol: 'a', timeframe: '1h', name: 'rsi', timestamp: '2024-01-02T14:30Z', value: { at: T } };

/** What is wrong, as `path code`; the code of a reader's problem, or else of zod itself. */
function wrongs(schema: z.ZodType, value: unknown): string[] {
  const { error } = schema.safeParse(value);
  return (error?.issues ?? []).map((issue) => {
    const code = issue.code === 'custom' ? issue.params?.code : issue.code;
    return `${issue.path.join('.')} ${code}`.trim();
  });
}

const printed = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part)));

describe.each<[string, z.ZodType, object, object]>([
  [
    'trade',
    tradeInputSchema(),
    TRADE,
    { symbol: 'BTCUSDT', timestamp: `${T}n`, tradeId: '7', price: '42000.1', size: '1', side: null },
  ],
  [
    'quote',
    quoteInputSchema(),
    QUOTE,
    {
      symbol: 'IBM',
      timestamp: `${T}n`,
      sequence: null,
      bidPrice: '183.62',
      bidSize: '100',
      askPrice: '183.63',
      askSize: '0.5',
    },
  ],
  [
    'order book',
    orderBookInputSchema(),
    BOOK,
    {
      symbol: 'X',
      timestamp: `${T}n`,
      bids: [
        ['9.5', '1'],
        ['9', '2.5'],
      ],
      asks: [['9.6', '3']],
    },
  ],
  [
    'indicator',
    indicatorInputSchema,
    INDICATOR,
    { symbol: 'A', timeframe: '1h', name: 'rsi', timestamp: '2024-01-02T14:30:00.000Z', value: { at: `${T}` } },
  ],
])('the schema of a %s', (_, schema, input, output) => {
  it('gives it normalised, and accepts that again', () => {
    const parsed = schema.parse(input);
    expect(printed(parsed)).toEqual(output);
    expect(schema.parse(parsed)).toEqual(parsed);
  });

  it.each([null, undefined, 'x', 1])('refuses %o', (value) => {
    expect(wrongs(schema, value)).toEqual(['invalid_type']);
  });

  it('refuses a field that is none', () => {
    expect(wrongs(schema, { ...input, note: 1 })).toEqual(['unrecognized_keys']);
  });
});

it('gives Decimals of the one class', () => {
  expect(tradeInputSchema().parse(TRADE as never).price.constructor).toBe(Decimal);
  expect(orderBookInputSchema().parse(BOOK as never).asks[0]![1].constructor).toBe(Decimal);
});

describe('the single values', () => {
  it('keep every microsecond', () => {
    expect(microsecondSchema.parse('9999-12-31T23:59:59.999999')).toBe(253_402_300_799_999_999n);
    expect(microsecondSchema.parse(T)).toBe(T);
    expect(wrongs(microsecondSchema, { nanoseconds: T * 1000n + 1n })).toEqual(['INSTANT_TOO_FINE']);
    expect(wrongs(microsecondSchema, T * 1000n)).toEqual(['INSTANT_OUT_OF_RANGE']);
    expect(wrongs(microsecondSchema, Number(T))).toEqual(['INSTANT_INVALID']);
  });

  it('keep every digit of a size', () => {
    expect(sizeSchema.parse('9999999999999999.99999999').toFixed()).toBe('9999999999999999.99999999');
    expect(wrongs(sizeSchema, '0')).toEqual(['SIZE_NOT_POSITIVE']);
    expect(wrongs(sizeSchema, '10000000000000000')).toEqual(['SIZE_TOO_LARGE']);
  });
});

it.each<[string, z.ZodType, object, string[]]>([
  [
    'every field that is missing',
    tradeInputSchema(),
    {},
    ['symbol SYMBOL_INVALID', 'timestamp INSTANT_INVALID', 'price DECIMAL_INVALID', 'size DECIMAL_INVALID'],
  ],
  ['a side in another case', tradeInputSchema(), { ...TRADE, side: 'BUY' }, ['side CHOICE_UNKNOWN']],
  ['a trade id of the store', tradeInputSchema(), { ...TRADE, tradeId: '#0' }, ['tradeId TRADE_ID_INVALID']],
  [
    'a wrong field and one that is none',
    tradeInputSchema(),
    { ...TRADE, size: 0, ordinal: 1 },
    ['size SIZE_NOT_POSITIVE', 'unrecognized_keys'],
  ],
  ['a crossed quote', quoteInputSchema(), { ...QUOTE, bidPrice: '183.64' }, ['bidPrice QUOTE_CROSSED']],
  ['half a side', quoteInputSchema(), { ...QUOTE, askSize: null }, ['askSize QUOTE_SIDE_INCOMPLETE']],
  ['a quote of neither side', quoteInputSchema(), { symbol: 'A', timestamp: T }, ['bidPrice QUOTE_EMPTY']],
  ['a crossed book', orderBookInputSchema(), { ...BOOK, asks: [['9.5', 1]] }, ['bids.0 BOOK_CROSSED']],
  ['an empty side', orderBookInputSchema(), { ...BOOK, asks: [] }, ['asks BOOK_SIDE_EMPTY']],
  [
    'unsorted levels and a size of zero',
    orderBookInputSchema(),
    {
      ...BOOK,
      bids: [
        [1, 1],
        [2, 1],
      ],
      asks: [[10, 0]],
    },
    ['bids.1 BOOK_LEVELS_UNSORTED', 'asks.0 SIZE_NOT_POSITIVE'],
  ],
  [
    'an hour that is none',
    indicatorInputSchema,
    { ...INDICATOR, timestamp: '2024-01-02T14:31Z' },
    ['timestamp TIMESTAMP_MISALIGNED'],
  ],
  ['a name', indicatorInputSchema, { ...INDICATOR, name: 'RSI' }, ['name INDICATOR_NAME_INVALID']],
  [
    'a value that JSON does not hold',
    indicatorInputSchema,
    { ...INDICATOR, value: [Number.NaN] },
    ['value.0 JSON_INVALID'],
  ],
])('names %s', (_, schema, input, expected) => {
  expect(wrongs(schema, input)).toEqual(expected);
});

it('follows the rules that it is given', () => {
  let cut = 0;
  const rules = { allowNonPositive: true, onCut: () => (cut += 1) };
  const fine = { ...TRADE, timestamp: { nanoseconds: T * 1000n + 1n }, price: '-37.63' };
  const trade = tradeInputSchema(rules).parse(fine as never);
  expect([trade.timestamp, `${trade.price}`, cut]).toEqual([T, '-37.63', 1]);
  const oneSided = { ...BOOK, bids: [] };
  expect(orderBookInputSchema({ allowEmptySide: true }).parse(oneSided as never).bids).toEqual([]);
});

describe('a schema accepts what its reader accepts, and names what it names', () => {
  const symbol = fc.constantFrom('BTC', ' eth', '', 5, undefined);
  const instant = fc.constantFrom(T, '2024-01-02T14:30:00Z', T * 1000n, { nanoseconds: 1n }, new Date(Number.NaN), 3);
  const amount = fc.constantFrom('1', '2', '0', '-1', 3n, 0.5, '0.000000001', 'x', null, undefined);
  const level = fc.oneof(fc.tuple(amount, amount), fc.constantFrom([], 'x', null));
  const side = fc.oneof(
    fc.array(level, { maxLength: 3 }),
    fc.constantFrom(
      null,
      [['1', 2]],
      [
        [3, 1],
        [4, 2],
      ],
    ),
  );

  it.each<[string, z.ZodType, fc.Arbitrary<object>, (input: never) => { codes: string[]; value: unknown }]>([
    [
      'trade',
      tradeInputSchema(),
      fc.record({
        symbol,
        timestamp: instant,
        tradeId: fc.constantFrom(1, '#1', '', null),
        price: amount,
        size: amount,
        side: fc.constantFrom('buy', 'Sell', null),
      }),
      (input: { symbol: unknown }) => named(input, (report) => readTrade(input as never, {}, report)),
    ],
    [
      'quote',
      quoteInputSchema(),
      fc.record({
        symbol,
        timestamp: instant,
        sequence: fc.constantFrom(-1, 0, 5n, null),
        bidPrice: amount,
        bidSize: amount,
        askPrice: amount,
        askSize: amount,
      }),
      (input: { symbol: unknown }) => named(input, (report) => readQuote(input as never, {}, report)),
    ],
    [
      'order book',
      orderBookInputSchema(),
      fc.record({ symbol, timestamp: instant, bids: side, asks: side }),
      (input: { symbol: unknown }) => named(input, (report) => readOrderBook(input as never, {}, report)),
    ],
    [
      'indicator',
      indicatorInputSchema,
      fc.record({
        symbol,
        timeframe: fc.constantFrom('1m', '1d', '1D'),
        name: fc.constantFrom('a_1', 'A'),
        timestamp: fc.constantFrom('2024-01-02', '2024-01-02T00:01Z', 'x'),
        value: fc.constantFrom(1, null, undefined, Number.NaN, { a: 1n }),
      }),
      (input) =>
        reading((report) => {
          const key = readIndicatorKey(input, report);
          return key && readIndicator(input, key.timeframe, report);
        }),
    ],
  ])('%s', (_, schema, inputs, read) => {
    let [right, wrong] = [0, 0];
    fc.assert(
      fc.property(inputs, (input) => {
        const { value, codes } = read(input as never);
        const { success, error } = schema.safeParse(input);
        expect(error?.issues.map((issue) => (issue.code === 'custom' ? issue.params?.code : issue.code)) ?? []).toEqual(
          codes,
        );
        expect(success).toBe(value !== undefined);
        if (success) right += 1;
        else wrong += 1;
      }),
      { numRuns: 2_000, seed: 7 },
    );
    expect(Math.min(right, wrong)).toBeGreaterThan(0);
  });
});

function named(input: { symbol: unknown }, read: (report: Parameters<typeof readTrade>[2]) => unknown) {
  return reading((report) => {
    const symbol = readSymbol(input.symbol, 'symbol', report);
    const value = read(report);
    return symbol && value;
  });
}
