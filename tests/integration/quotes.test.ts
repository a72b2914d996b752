import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { InvalidInputError, type Problem, type Quote, type QuoteInput } from '../../src/index.js';
import { hasSharedData, sharedFile } from '../setup/shared-data.js';
import { openTestStore } from '../setup/test-database.js';

const T = 1_704_205_800_123_456n;

function quote(change: Partial<QuoteInput> = {}): QuoteInput {
  return { symbol: 'IBM', timestamp: T, bidPrice: '183.62', bidSize: 100, askPrice: '183.63', askSize: 300, ...change };
}

const print = ({ timestamp, sequence, bidPrice, bidSize, askPrice, askSize }: Quote) =>
  `${timestamp - T}/${sequence} ${bidPrice} x ${bidSize} : ${askPrice} x ${askSize}`;

const noBid = { bidPrice: null, bidSize: null };
const noAsk = { askPrice: undefined, askSize: undefined };

test('a quote of both sides, of one, and a locked one come back as they went in', async () => {
  const { store } = await openTestStore();
  const given = [
    quote({ sequence: 5 }),
    quote({ timestamp: T + 1n, ...noBid }),
    quote({ timestamp: T + 1n, ...noAsk }),
    quote({ timestamp: T + 2n, bidPrice: '183.63' }),
    quote({ timestamp: T, sequence: 2n ** 63n - 1n, askSize: '0.00000001' }),
  ];
  expect(await store.quotes.upsert(given)).toEqual({ inserted: 5, changed: 0, unchanged: 0, cut: 0 });
  const rows = await store.quotes.range({ symbol: 'IBM' });
  expect(rows.map(print)).toEqual([
    '0/5 183.62 x 100 : 183.63 x 300',
    '0/9223372036854775807 183.62 x 100 : 183.63 x 0.00000001',
    '1/0 null x null : 183.63 x 300',
    '1/1 183.62 x 100 : null x null',
    '2/0 183.63 x 100 : 183.63 x 300',
  ]);
  expect(await store.quotes.upsert(rows)).toEqual({ inserted: 0, changed: 0, unchanged: 5, cut: 0 });
  expect((await store.quotes.latest({ symbol: 'ibm', limit: 2 })).map(print)).toEqual([
    '1/1 183.62 x 100 : null x null',
    '2/0 183.63 x 100 : 183.63 x 300',
  ]);
});

test('a quote with the same sequence and other values takes the place of the stored one', async () => {
  const { store } = await openTestStore();
  await store.quotes.upsert([quote({ sequence: 1 }), quote({ sequence: 2 })]);
  const change = [quote({ sequence: 1, bidSize: 7 }), quote({ sequence: 2 }), quote({ sequence: 2, askPrice: 184 })];
  await expect(store.quotes.upsert(change)).rejects.toMatchObject({ code: 'DUPLICATE_ID' });
  expect(await store.quotes.upsert(change.slice(0, 2))).toEqual({ inserted: 0, changed: 1, unchanged: 1, cut: 0 });
  expect((await store.quotes.range({ symbol: 'IBM' })).map(print)).toEqual([
    '0/1 183.62 x 7 : 183.63 x 300',
    '0/2 183.62 x 100 : 183.63 x 300',
  ]);
});

test('quotes without a sequence keep their order, and nothing is lost where an instant comes in two calls', async () => {
  const { store } = await openTestStore();
  const at = (bidSize: number, change: Partial<QuoteInput> = {}) => quote({ bidSize, ...change });
  expect(await store.quotes.upsert([at(3), at(1), at(3)])).toMatchObject({ inserted: 3 });
  expect(await store.quotes.upsert([at(3), at(2)])).toMatchObject({ inserted: 1, unchanged: 1 });
  expect(await store.quotes.upsert([at(9, { sequence: 7 }), at(3), at(8)])).toMatchObject({
    inserted: 2,
    unchanged: 1,
  });
  expect(
    (await store.quotes.range({ symbol: 'IBM' })).map(({ sequence, bidSize }) => `${sequence} ${bidSize}`),
  ).toEqual(['0 3', '1 1', '2 3', '3 2', '7 9', '8 8']);
});

test('a crossed quote, one without sides and half a side are refused, each by its position', async () => {
  const { store } = await openTestStore();
  const error = await store.quotes
    .upsert([
      quote(),
      quote({ bidPrice: '183.63000001' }),
      quote({ ...noBid, ...noAsk }),
      quote({ bidSize: null }),
      quote({ askPrice: null }),
      quote({ bidPrice: 0, bidSize: 0 }),
      quote({ sequence: -1 }),
      quote({ sequence: 2n ** 63n }),
    ])
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(error.problems.map(({ row, code, path }: Problem) => `${row} ${code} ${path}`)).toEqual([
    '1 QUOTE_CROSSED bidPrice',
    '2 QUOTE_EMPTY bidPrice',
    '3 QUOTE_SIDE_INCOMPLETE bidSize',
    '4 QUOTE_SIDE_INCOMPLETE askPrice',
    '5 PRICE_NOT_POSITIVE bidPrice',
    '5 SIZE_NOT_POSITIVE bidSize',
    '6 SEQUENCE_INVALID sequence',
    '7 SEQUENCE_INVALID sequence',
  ]);
  expect(await store.quotes.count({ symbol: 'IBM' })).toBe(0);
});

const NEW_YORK_MIDNIGHT = BigInt(Date.parse('2013-10-07T04:00:00Z')) * 1000n;
const price = (text: string) => (text === '0' ? null : `${text.slice(0, -4)}.${text.slice(-4)}`);
const size = (text: string) => (text === '0' ? null : text);

test.runIf(hasSharedData)(
  '109,067 real quotes, each of one side: all kept, and none again the second time',
  async () => {
    const { store } = await openTestStore();
    const lines = readFileSync(sharedFile('ticks/lean_IBM_quotes_20131007.csv'), 'utf8').trim().split('\n');
    const rows = lines.map((line): QuoteInput => {
      const [ms, bidPrice, bidSize, askPrice, askSize] = line.split(',') as [string, string, string, string, string];
      const timestamp = NEW_YORK_MIDNIGHT + BigInt(ms) * 1000n;
      const bid = { bidPrice: price(bidPrice), bidSize: size(bidSize) };
      return { symbol: 'IBM', timestamp, ...bid, askPrice: price(askPrice), askSize: size(askSize) };
    });
    expect(await store.quotes.upsert(rows)).toEqual({ inserted: 109_067, changed: 0, unchanged: 0, cut: 0 });
    expect(await store.quotes.upsert(rows.slice(30_000, 60_001))).toMatchObject({ inserted: 0, unchanged: 30_001 });
    const stored = await store.quotes.range({ symbol: 'IBM' });
    expect(stored.map(({ timestamp, bidPrice, askSize }) => `${timestamp} ${bidPrice?.toFixed(4)} ${askSize}`)).toEqual(
      rows.map(({ timestamp, bidPrice, askSize }) => `${timestamp} ${bidPrice ?? undefined} ${askSize}`),
    );
  },
);

test.runIf(hasSharedData)(
  '250,601 real trades without ids, 47,880 of them equal to another: none is lost',
  async () => {
    const { store } = await openTestStore();
    const lines = readFileSync(sharedFile('ticks/lean_SPY_trades_20131007.csv'), 'utf8').trim().split('\n');
    const rows = lines.map((line) => {
      const [ms, at, amount] = line.split(',') as [string, string, string];
      return { symbol: 'SPY', timestamp: NEW_YORK_MIDNIGHT + BigInt(ms) * 1000n, price: price(at)!, size: amount };
    });
    expect(await store.trades.upsert(rows)).toMatchObject({ inserted: 250_601 });
    expect(await store.trades.upsert(rows)).toMatchObject({ inserted: 0, unchanged: 250_601 });
    let index = 0;
    for await (const { timestamp, price: at } of store.trades.iterate({ symbol: 'SPY' })) {
      const expected = rows[index]!;
      if (timestamp !== expected.timestamp || at.toFixed(4) !== expected.price) break;
      index += 1;
    }
    expect(index).toBe(250_601); // all of them, in the order of the file
  },
);
