import { expect, test } from 'vitest';
import type { Arrival } from '../../src/feed/subscribe/arrival.js';
import { minuteBar } from '../setup/ingest.js';
import { type Following, follow } from '../setup/subscriber.js';
import { openTestStore } from '../setup/test-database.js';

const at = (minute: number) => minuteBar('A', minute).timestamp as Date;

/** What an arrival is, in a line. */
function line(arrival: Arrival): string {
  if (arrival.kind === 'bar') {
    const { symbol, timeframe, timestamp, close } = arrival.bar;
    const minute = (timestamp.getTime() - at(0).getTime()) / 60_000;
    return `${symbol} ${timeframe} ${minute} ${close}${arrival.corrected ? ' corrected' : ''}`;
  }
  if (arrival.kind === 'trade') return `trade ${arrival.trade.symbol} ${arrival.trade.price}`;
  if (arrival.kind === 'quote') return `quote ${arrival.quote.symbol} ${arrival.quote.bidPrice}`;
  if (arrival.kind === 'orderBook') return `book ${arrival.orderBook.symbol} ${arrival.orderBook.mid}`;
  const minute = (instant: bigint) => (Number(instant / 1000n) - at(0).getTime()) / 60_000;
  const { of, symbol, timeframe, from, to } = arrival;
  return `deleted ${of} ${symbol} ${timeframe} ${Math.floor(minute(from))} ${Math.floor(minute(to))}`;
}

const lines = async (following: Following, count: number) => (await following.take(count)).map(line);
const trade = (price: number, id: string) => ({ symbol: 'A', timestamp: at(0), tradeId: id, price, size: 1 });
const book = (bid: number) => ({
  symbol: 'A',
  timestamp: at(0),
  bids: [[bid, 1]] as const,
  asks: [[bid + 2, 1]] as const,
});

test('bars, corrections, deletions, trades, quotes and books arrive, in the order of their commits', async () => {
  const { store } = await openTestStore();
  const following = await follow(store, ['A']);
  await store.bars.upsert([minuteBar('A', 0, 10), minuteBar('A', 1, 11), minuteBar('B', 0, 5)]);
  expect(await lines(following, 2)).toEqual(['A 1m 0 10', 'A 1m 1 11']);
  await store.bars.upsert([minuteBar('A', 0, 10), minuteBar('A', 1, 12)]);
  expect(await lines(following, 1)).toEqual(['A 1m 1 12 corrected']);
  await store.trades.upsert([trade(7, 'a'), trade(8, 'b')]);
  expect(await lines(following, 2)).toEqual(['trade A 7', 'trade A 8']);
  await store.trades.upsert([trade(9, 'b')], { replace: true });
  expect(await lines(following, 1)).toEqual(['trade A 9']);
  await store.quotes.upsert([{ symbol: 'A', timestamp: at(0), bidPrice: 3, bidSize: 1 }]);
  expect(await lines(following, 1)).toEqual(['quote A 3']);
  await store.orderBooks.upsert([book(4)]);
  expect(await lines(following, 1)).toEqual(['book A 5']);
  await store.bars.delete({ symbol: 'A', timeframe: '1m', from: at(1) });
  expect((await lines(following, 1))[0]).toMatch(/^deleted bar A 1m 1 1$/);
  await store.bars.upsert([minuteBar('A', 1, 12)]);
  expect(await lines(following, 1)).toEqual(['A 1m 1 12']);
  await store.trades.delete({ symbol: 'A' });
  expect((await lines(following, 1))[0]).toMatch(/^deleted trade A null 0 0$/);
  await store.transaction({}, async (tx) => {
    await tx.bars.upsert([minuteBar('A', 3, 1)]);
    await tx.bars.upsert([minuteBar('A', 2, 2), minuteBar('A', 3, 3)]);
    await expect(tx.bars.upsert([minuteBar('A', 4, 1), { ...minuteBar('A', 5), volume: -1 }])).rejects.toThrow();
  });
  // Once each, with the value that stands; it took the place of another one.
  expect(await lines(following, 2)).toEqual(['A 1m 2 2', 'A 1m 3 3 corrected']);
  await expect(
    store.transaction({}, async (tx) => {
      await tx.bars.upsert([minuteBar('A', 9, 1)]);
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await store.bars.upsert([minuteBar('A', 10, 1)]);
  expect(await lines(following, 1)).toEqual(['A 1m 10 1']);
});

test('symbols, kinds and timeframes are chosen, and * is all', async () => {
  const { store } = await openTestStore();
  const hours = await follow(store, ['A', 'B'], { kinds: ['bar'], timeframes: ['1h'] });
  const ticks = await follow(store, '*', { kinds: ['trade', 'orderBook'] });
  const all = await follow(store, '*');
  await store.trades.upsert([trade(7, 'a')]);
  await store.bars.upsert([minuteBar('A', 0), { ...minuteBar('C', 0), timeframe: '1h' }]);
  await store.bars.upsert([{ ...minuteBar('B', 60), timeframe: '1h' }]);
  await store.orderBooks.upsert([book(4)]);
  expect(await lines(hours, 1)).toEqual(['B 1h 60 10']);
  expect(await lines(ticks, 2)).toEqual(['trade A 7', 'book A 5']);
  expect((await lines(all, 5)).sort()).toEqual(['A 1m 0 10', 'B 1h 60 10', 'C 1h 0 10', 'book A 5', 'trade A 7']);
});

test('a cursor resumes behind what was seen: nothing is lost, what carried the same cursor may come again', async () => {
  const { store } = await openTestStore();
  const start = await store.feed.cursor();
  for (let minute = 0; minute < 20; minute += 1) await store.bars.upsert([minuteBar('A', minute)]);
  const [first] = await (await follow(store, ['A'], { from: start })).take(1);
  const again = await (await follow(store, ['A'], { from: first!.cursor })).take(20);
  expect(again.map(line)).toEqual(Array.from({ length: 20 }, (_, minute) => `A 1m ${minute} 10`));
  const { cursor } = again.at(-1)!;
  const rest = await follow(store, ['A'], { from: cursor });
  await store.bars.upsert([minuteBar('A', 20)]);
  expect(await lines(rest, 1)).toEqual(['A 1m 20 10']);
});

test('more than a page: cursors in the middle of one lose nothing', async () => {
  const { store } = await openTestStore();
  let from = await store.feed.cursor();
  const symbols = Array.from({ length: 1_300 }, (_, index) => `S${index}`);
  await store.bars.upsert(symbols.map((symbol) => minuteBar(symbol, 0)));
  const seen = new Set<string>();
  for (const count of [501, 700, 300]) {
    const following = await follow(store, '*', { from });
    const taken = await following.take(count);
    await following.stop();
    for (const arrival of taken) seen.add(line(arrival));
    from = taken.at(-1)!.cursor;
  }
  expect(seen.size).toBe(1_300);
});
