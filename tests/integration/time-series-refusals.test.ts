import { expect, test } from 'vitest';
import {
  indicatorInputSchema,
  orderBookInputSchema,
  quoteInputSchema,
  tradeInputSchema,
} from '../../src/domain/index.js';
import {
  type IndicatorInput,
  InvalidInputError,
  type OrderBookInput,
  type Problem,
  type QuoteInput,
  RowConflictError,
  type Store,
  type TradeInput,
} from '../../src/index.js';
import { openTestStore } from '../setup/test-database.js';

const T = 1_704_205_800_123_456n;
const AFTER_ALL = 253_402_300_800_000_000n; // the year 10000
const BEFORE_ALL = -11_676_096_000_000_001n; // the last microsecond of 1599

const trade = (change: Partial<TradeInput> = {}): TradeInput => ({
  ...{ symbol: 'A', timestamp: T, tradeId: 1, price: '100', size: 1 },
  ...change,
});
const quote = (change: Partial<QuoteInput> = {}): QuoteInput => ({
  ...{ symbol: 'A', timestamp: T, bidPrice: 99, bidSize: 1, askPrice: 100, askSize: 1 },
  ...change,
});
const book = (change: Partial<OrderBookInput> = {}): OrderBookInput => ({
  ...{ symbol: 'A', timestamp: T, bids: [[99, 1]], asks: [[100, 1]] },
  ...change,
});
const indicator = (change: Partial<IndicatorInput> = {}): IndicatorInput => ({
  ...{ symbol: 'A', timeframe: '1d', name: 'rsi', timestamp: '2024-01-02', value: '50' },
  ...change,
});

async function refusal(write: Promise<unknown>): Promise<string[]> {
  const error = await write.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error instanceof InvalidInputError || error instanceof RowConflictError).toBe(true);
  return (error as InvalidInputError).problems.map(({ row, code, path }: Problem) => `${row} ${code} ${path}`);
}

const counts = async ({ trades, quotes, orderBooks, indicators }: Store) => [
  await trades.count({ symbol: 'A' }),
  await quotes.count({ symbol: 'A' }),
  await orderBooks.count({ symbol: 'A' }),
  await indicators.count({ symbol: 'A', timeframe: '1d', name: 'rsi' }),
];

test('timestamps beyond the years 1600 to 9999 are refused, each by its position', async () => {
  const { store } = await openTestStore();
  const ticks = [
    { timestamp: AFTER_ALL - 1n },
    { timestamp: AFTER_ALL },
    { timestamp: BEFORE_ALL + 1n },
    { timestamp: BEFORE_ALL },
    { timestamp: { nanoseconds: AFTER_ALL * 1000n } },
    { timestamp: T * 1000n },
    { timestamp: '+010000-01-01T00:00:00.000001Z' },
    { timestamp: new Date(Number(AFTER_ALL / 1000n)) },
    { timestamp: 'infinity' },
    { timestamp: new Date(Number.NaN) },
  ];
  const expected = [
    '1 INSTANT_OUT_OF_RANGE timestamp',
    '3 INSTANT_OUT_OF_RANGE timestamp',
    '4 INSTANT_OUT_OF_RANGE timestamp',
    '5 INSTANT_OUT_OF_RANGE timestamp',
    '6 INSTANT_OUT_OF_RANGE timestamp',
    '7 INSTANT_OUT_OF_RANGE timestamp',
    '8 INSTANT_INVALID timestamp',
    '9 INSTANT_INVALID timestamp',
  ];
  expect(await refusal(store.trades.upsert(ticks.map(trade)))).toEqual(expected);
  expect(await refusal(store.quotes.upsert(ticks.map(quote)))).toEqual(expected);
  expect(await refusal(store.orderBooks.upsert(ticks.map(book)))).toEqual(expected);
  const days = ['9999-12-31', '+010000-01-01', '1600-01-01', '1599-12-31', 'infinity'];
  expect(await refusal(store.indicators.upsert(days.map((timestamp) => indicator({ timestamp }))))).toEqual([
    '1 INSTANT_OUT_OF_RANGE timestamp',
    '3 INSTANT_OUT_OF_RANGE timestamp',
    '4 INSTANT_INVALID timestamp',
  ]);
  expect(await counts(store)).toEqual([0, 0, 0, 0]);
  // What lies at the ends is written, and can be read and bounded.
  await store.trades.upsert([trade({ timestamp: AFTER_ALL - 1n }), trade({ timestamp: BEFORE_ALL + 1n })]);
  expect(await store.trades.count({ symbol: 'A' })).toBe(2);
  const ends = await store.trades.bars({ symbol: 'A', interval: '1m', at: AFTER_ALL - 1n });
  expect(ends.map(({ timestamp }) => timestamp.toISOString())).toEqual(['1600-01-01T00:00:00.000Z']);
  expect(await refusal(store.trades.range({ symbol: 'A', from: BEFORE_ALL, to: AFTER_ALL }))).toEqual([
    'undefined INSTANT_OUT_OF_RANGE from',
    'undefined INSTANT_OUT_OF_RANGE to',
  ]);
});

test('crossed, locked and empty books and quotes are refused, each by its position, in a stream too', async () => {
  const { store } = await openTestStore();
  const wrong = new Map<number, Partial<OrderBookInput>>([
    [20_500, { bids: [[101, 1]] }],
    [20_501, { bids: [[100, 1]] }],
    [20_999, { bids: [] }],
    [21_000, { asks: [] }],
    [
      21_001,
      {
        asks: [
          [100, 1],
          [100, 2],
        ],
      },
    ],
  ]);
  function* books() {
    for (let index = 0; index < 21_100; index += 1) yield book({ timestamp: T + BigInt(index), ...wrong.get(index) });
  }
  expect(await refusal(store.orderBooks.upsert(books()))).toEqual([
    '20500 BOOK_CROSSED bids.0',
    '20501 BOOK_CROSSED bids.0',
    '20999 BOOK_SIDE_EMPTY bids',
    '21000 BOOK_SIDE_EMPTY asks',
    '21001 BOOK_LEVELS_UNSORTED asks.1',
  ]);
  function* quotes() {
    for (let index = 0; index < 21_100; index += 1)
      yield quote({
        timestamp: T + BigInt(index),
        ...(index === 20_700 && { bidPrice: 101 }),
        ...(index === 20_701 && { bidPrice: null, bidSize: null, askPrice: null, askSize: null }),
        ...(index === 20_702 && { askSize: 0 }),
      });
  }
  expect(await refusal(store.quotes.upsert(quotes()))).toEqual([
    '20700 QUOTE_CROSSED bidPrice',
    '20701 QUOTE_EMPTY bidPrice',
    '20702 SIZE_NOT_POSITIVE askSize',
  ]);
  expect(await counts(store)).toEqual([0, 0, 0, 0]);
});

test('an id twice with other values is refused by its position, in an array and in a stream, and against what is stored', async () => {
  const { store } = await openTestStore();
  const many = (change: ReadonlyMap<number, Partial<TradeInput>>) => {
    const row = (index: number) =>
      trade({ timestamp: T + BigInt(index % 1_000), tradeId: index % 21_000, ...change.get(index) });
    return Array.from({ length: 21_100 }, (_, index) => row(index));
  };
  // Rows 21,000 to 21,099 are rows 0 to 99 again.
  const twice = new Map<number, Partial<TradeInput>>([
    [21_007, { price: '101' }],
    [21_050, { side: 'buy' }],
    [50, { side: 'sell' }],
    [21_060, { timestamp: T + 60n, price: '100.0' }],
  ]);
  const contradictions = ['21007 DUPLICATE_ID tradeId', '21050 DUPLICATE_ID tradeId'];
  expect(await refusal(store.trades.upsert(many(twice)))).toEqual(contradictions);
  expect(await refusal(store.trades.upsert(many(twice).values()))).toEqual(contradictions);
  expect(await counts(store)).toEqual([0, 0, 0, 0]);
  await store.trades.upsert(many(new Map()));
  const other = new Map<number, Partial<TradeInput>>([
    [300, { size: 2 }],
    [20_700, { price: '99' }],
  ]);
  const conflicts = ['300 ROW_DIFFERS tradeId', '20700 ROW_DIFFERS tradeId'];
  expect(await refusal(store.trades.upsert(many(other)))).toEqual(conflicts);
  expect(await refusal(store.trades.upsert(many(other).values()))).toEqual(conflicts);
  const { store: quotes } = await openTestStore();
  const same = [quote({ sequence: 1 }), quote({ sequence: 1, askSize: 2 }), quote({ sequence: 2 })];
  expect(await refusal(quotes.quotes.upsert(same))).toEqual(['1 DUPLICATE_ID sequence']);
  expect(await refusal(quotes.orderBooks.upsert([book(), book({ bids: [[98, 1]] })]))).toEqual([
    '1 DUPLICATE_TIMESTAMP timestamp',
  ]);
  expect(await refusal(quotes.indicators.upsert([indicator(), indicator({ value: '51' })]))).toEqual([
    '1 DUPLICATE_TIMESTAMP timestamp',
  ]);
});

test('a symbol that is no text is refused, also behind one that it looks like', async () => {
  const { store } = await openTestStore();
  const strange = [['A'], { toString: () => 'A' }, Object.create(null), Symbol('A'), null, 5, 'A\0'];
  const rows = [trade(), ...strange.map((symbol) => trade({ symbol: symbol as never, tradeId: 2 }))];
  expect(await refusal(store.trades.upsert(rows))).toEqual(
    strange.map((_, index) => `${index + 1} SYMBOL_INVALID symbol`),
  );
  const names = [indicator(), indicator({ name: ['rsi'] as never, timestamp: '2024-01-03' })];
  expect(await refusal(store.indicators.upsert(names))).toEqual(['1 INDICATOR_NAME_INVALID name']);
  expect(await counts(store)).toEqual([0, 0, 0, 0]);
});

test('what a schema has accepted is written as it was given', async () => {
  const { store } = await openTestStore();
  const parsed = {
    trade: tradeInputSchema().parse(trade({ symbol: ' a', side: 'buy' })),
    quote: quoteInputSchema().parse(quote({ sequence: 4 })),
    book: orderBookInputSchema().parse(book()),
    indicator: indicatorInputSchema.parse(indicator()),
  };
  await store.trades.upsert([parsed.trade]);
  await store.quotes.upsert([parsed.quote]);
  await store.orderBooks.upsert([parsed.book]);
  await store.indicators.upsert([parsed.indicator]);
  expect(await store.trades.range({ symbol: 'A' })).toMatchObject([parsed.trade]);
  expect(await store.quotes.range({ symbol: 'A' })).toMatchObject([parsed.quote]);
  expect(await store.orderBooks.range({ symbol: 'A' })).toMatchObject([parsed.book]);
  expect(await store.indicators.range({ symbol: 'A', timeframe: '1d', name: 'rsi' })).toMatchObject([parsed.indicator]);
  expect(await store.trades.upsert([trade({ side: 'buy' })])).toMatchObject({ unchanged: 1 });
  expect(await store.quotes.upsert([quote({ sequence: 4 })])).toMatchObject({ unchanged: 1 });
  expect(await store.orderBooks.upsert([book()])).toMatchObject({ unchanged: 1 });
  expect(await store.indicators.upsert([indicator()])).toMatchObject({ unchanged: 1 });
});
