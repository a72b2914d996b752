import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  Decimal,
  InvalidInputError,
  type OrderBookInput,
  type OrderBookSnapshot,
  type Problem,
} from '../../src/index.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const T = 1_704_205_800_123_456n;

function book(change: Partial<OrderBookInput> = {}): OrderBookInput {
  return {
    symbol: 'BTCUSDT',
    timestamp: T,
    bids: [
      ['100.00000001', '2'],
      ['99', '0.5'],
    ],
    asks: [
      ['100.00000002', '1'],
      [101, 3n],
      ['102.5', '0.00000001'],
    ],
    ...change,
  };
}

const print = ({ timestamp, bids, asks, mid, spread, bidVolume, askVolume, imbalance }: OrderBookSnapshot) =>
  `${timestamp - T} ${bids.join(' ')} | ${asks.join(' ')} | ${mid} ${spread} ${bidVolume} ${askVolume} ${imbalance}`;

test('a book comes back as it went in, with exact mid, spread, volumes and imbalance', async () => {
  const { store } = await openTestStore();
  const given = [
    book(),
    book({ timestamp: T + 1n, bids: [['-38.00000001', 1]], asks: [['-37', 2]] }),
    book({ timestamp: T + 2n, bids: [['1', '1']], asks: [['9999999999.99999999', '9999999999999999.99999999']] }),
  ];
  expect(await store.orderBooks.upsert(given, { allowNonPositive: true })).toEqual({
    inserted: 3,
    changed: 0,
    unchanged: 0,
    cut: 0,
  });
  const rows = await store.orderBooks.range({ symbol: 'BTCUSDT' });
  expect(rows.map(print)).toEqual([
    '0 100.00000001,2 99,0.5 | 100.00000002,1 101,3 102.5,0.00000001 | 100.000000015 0.00000001 2.5 4.00000001 -0.23076923',
    '1 -38.00000001,1 | -37,2 | -37.500000005 1.00000001 1 2 -0.33333333',
    '2 1,1 | 9999999999.99999999,9999999999999999.99999999 | 5000000000.499999995 9999999998.99999999 1 9999999999999999.99999999 -1',
  ]);
  expect(await store.orderBooks.upsert(rows, { allowNonPositive: true })).toMatchObject({ inserted: 0, unchanged: 3 });
  expect((await store.orderBooks.latest({ symbol: 'BTCUSDT' })).map(({ timestamp }) => timestamp)).toEqual([T + 2n]);
});

test('a book of the same instant replaces the stored one where a level differs', async () => {
  const { store } = await openTestStore();
  await store.orderBooks.upsert([book(), book({ timestamp: T + 1n }), book({ timestamp: T + 2n })]);
  const changed = [
    book({ bids: [['100.00000001', '2']] }),
    book({ timestamp: T + 1n }),
    book({ timestamp: T + 2n, asks: [[200, 1]] }),
  ];
  expect(await store.orderBooks.upsert(changed)).toEqual({ inserted: 0, changed: 2, unchanged: 1, cut: 0 });
  const rows = await store.orderBooks.range({ symbol: 'BTCUSDT' });
  expect(rows.map(({ bids, asks, mid }) => `${bids.length} ${asks.length} ${mid}`)).toEqual([
    '1 3 100.000000015',
    '2 3 100.000000015',
    '2 1 150.000000005',
  ]);
  const twice = [book(), book(), book({ asks: [[300, 1]] })];
  const error = await store.orderBooks.upsert(twice).catch((thrown) => thrown);
  expect(error.problems).toMatchObject([{ code: 'DUPLICATE_TIMESTAMP', row: 2, path: 'timestamp' }]);
});

test('an empty side is refused, or, where that is asked for, taken without mid, spread and imbalance', async () => {
  const { store } = await openTestStore();
  const oneSided = [book({ bids: [] }), book({ timestamp: T + 1n, asks: [] })];
  const error = await store.orderBooks.upsert(oneSided).catch((thrown) => thrown);
  expect(error.problems.map(({ row, code, path, hint }: Problem) => `${row} ${code} ${path} ${hint}`)).toEqual([
    '0 BOOK_SIDE_EMPTY bids pass allowEmptySide where nobody really offers',
    '1 BOOK_SIDE_EMPTY asks pass allowEmptySide where nobody really offers',
  ]);
  await store.orderBooks.upsert(oneSided, { allowEmptySide: true });
  expect((await store.orderBooks.range({ symbol: 'BTCUSDT' })).map(print)).toEqual([
    '0  | 100.00000002,1 101,3 102.5,0.00000001 | null null 0 4.00000001 null',
    '1 100.00000001,2 99,0.5 |  | null null 2.5 0 null',
  ]);
  await expect(store.orderBooks.upsert([book({ bids: [], asks: [] })], { allowEmptySide: true })).rejects.toMatchObject(
    { code: 'BOOK_SIDE_EMPTY' },
  );
});

test('crossed and locked books, unsorted levels and bad ones are refused, each by its position', async () => {
  const { store } = await openTestStore();
  const error = await store.orderBooks
    .upsert([
      book(),
      book({ bids: [['100.00000003', 1]] }),
      book({ bids: [['100.00000002', 1]] }),
      book({
        bids: [
          [98, 1],
          [99, 1],
          [97, 1],
        ],
      }),
      book({
        asks: [
          [101, 1],
          [101, 2],
        ],
      }),
      book({
        asks: [
          [101, 0],
          [102, -1],
          ['x', 1],
        ],
      }),
      book({ bids: [[98] as never, 5 as never] }),
      book({ bids: undefined as never }),
      book({ asks: Array.from({ length: 5_001 }, (_, index) => [101 + index, 1] as const) }),
    ])
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(error.problems.map(({ row, code, path }: Problem) => `${row} ${code} ${path}`)).toEqual([
    '1 BOOK_CROSSED bids.0',
    '2 BOOK_CROSSED bids.0',
    '3 BOOK_LEVELS_UNSORTED bids.1',
    '4 BOOK_LEVELS_UNSORTED asks.1',
    '5 SIZE_NOT_POSITIVE asks.0',
    '5 SIZE_NOT_POSITIVE asks.1',
    '5 DECIMAL_INVALID asks.2',
    '6 BOOK_LEVEL_INVALID bids.0',
    '6 BOOK_LEVEL_INVALID bids.1',
    '7 BOOK_LEVELS_INVALID bids',
    '8 BOOK_LEVELS_INVALID asks',
  ]);
  expect(await store.orderBooks.count({ symbol: 'BTCUSDT' })).toBe(0);
});

test('what the store derives of any book is what decimals say, and the database agrees', async () => {
  const { store } = await openTestStore();
  const amount = fc.bigInt({ min: 1n, max: 10n ** 24n - 1n });
  const levels = fc.array(amount, { minLength: 1, maxLength: 6 });
  const steps = fc.array(fc.bigInt({ min: 1n, max: 10n ** 16n }), { minLength: 6, maxLength: 6 });
  const decimal = (scaled: bigint) => new Decimal(scaled.toString()).div('1e8');
  const side = (sizes: readonly bigint[], gaps: readonly bigint[], best: bigint, direction: 1n | -1n) => {
    let price = best;
    return sizes.map((size, index) => {
      if (index > 0) price += gaps[index]! * direction;
      return [decimal(price), decimal(size)] as const;
    });
  };
  let at = 0n;
  await fc.assert(
    fc.asyncProperty(levels, levels, steps, steps, async (bidSizes, askSizes, down, up) => {
      at += 1n;
      const best = 5n * 10n ** 17n;
      const bids = side(bidSizes, down, best, -1n);
      const asks = side(askSizes, up, best + up[0]!, 1n);
      await store.orderBooks.upsert([{ symbol: 'X', timestamp: at, bids, asks }]);
      const [row] = await store.orderBooks.range({ symbol: 'X', from: at, to: at + 1n });
      const total = (all: readonly (readonly [Decimal, Decimal])[]) =>
        all.reduce((sum, [, size]) => sum.plus(size), new Decimal(0));
      const [bid, ask] = [total(bids), total(asks)];
      expect(`${row!.bids} ${row!.asks}`).toBe(`${bids} ${asks}`);
      expect(`${row!.mid} ${row!.spread}`).toBe(
        `${bids[0]![0].plus(asks[0]![0]).div(2)} ${asks[0]![0].minus(bids[0]![0])}`,
      );
      expect(`${row!.bidVolume} ${row!.askVolume}`).toBe(`${bid} ${ask}`);
      expect(`${row!.imbalance}`).toBe(`${bid.minus(ask).div(bid.plus(ask)).toDecimalPlaces(8)}`);
    }),
    { numRuns: 100 },
  );
});

test('the database itself refuses unsorted levels and volumes that are not the sums', async () => {
  const { store, url } = await openTestStore();
  await store.orderBooks.upsert([book()]);
  const raw = await openRawClient(url);
  const breaks = ["bid_prices = '{99,100}'", "ask_prices = '{101,101,102}'", 'bid_volume = 3', "ask_volume = 'NaN'"];
  for (const change of breaks)
    await expect(raw.query(`UPDATE order_book_snapshots SET ${change}`)).rejects.toMatchObject({
      code: '23514',
      constraint: 'order_book_levels',
    });
});
