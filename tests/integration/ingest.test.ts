import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError, IngestClosedError, InvalidInputError, openStore, QueueFullError } from '../../src/index.js';
import { minuteBar, openIngest } from '../setup/ingest.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const DURABILITIES = ['memory', 'spool', 'database'] as const;

test.each(DURABILITIES)('bars added at %s are in the table after a flush, each once', async (durability) => {
  const { store, directory } = await openIngest({ durability });
  const symbols = ['A', 'B', 'C', 'D', 'E'];
  const added: Promise<void>[] = [];
  for (let minute = 0; minute < 300; minute += 1)
    for (const symbol of symbols) added.push(store.ingest.add(minuteBar(symbol, minute)));
  await store.ingest.flush();
  await Promise.all(added);
  await store.ingest.flush();
  for (const symbol of symbols) expect(await store.bars.count({ symbol, timeframe: '1m' })).toBe(300);
  expect(await store.ingest.close()).toEqual({ written: 1500, spooled: 0, left: 0, dropped: 0, deadLetters: 0 });
  const spools = await readdir(join(directory, 'spool')).catch(() => []);
  expect(spools.filter((name) => name !== 'lock')).toEqual([]);
});

test.each(DURABILITIES)('every kind of row comes through %s as it was given', async (durability) => {
  const { store } = await openIngest({ durability });
  const { ingest } = store;
  const at = '2024-01-02T14:30:00.123456Z';
  const book = {
    symbol: 'BTC',
    timestamp: at,
    bids: [
      ['1.5', '2'],
      ['1.25', '0.00000001'],
    ],
    asks: [['1.75', 3]],
  } as const;
  const done = Promise.all([
    ingest.add({ ...minuteBar('btc', 0), volume: '1.2345', vwap: '9.87654321', source: 'feed' }, { volumeScale: 5 }),
    ingest.addTrades(
      [
        { symbol: 'BTC', timestamp: at, price: '1.5', size: '0.1', side: 'buy' },
        { symbol: 'BTC', timestamp: at, price: '1.5', size: '0.1', side: 'buy' },
        { symbol: 'BTC', timestamp: at, price: '1.6', size: '0.1' },
        { symbol: 'BTC', timestamp: at, price: '1.5', size: '0.1', side: 'buy' },
        { symbol: 'BTC', timestamp: 1n, tradeId: 7, price: '-37.63', size: 1n },
      ],
      { allowNonPositive: true },
    ),
    ingest.addQuote(
      { symbol: 'BTC', timestamp: { nanoseconds: 1_001n }, sequence: 9_007_199_254_740_993n, bidPrice: 1, bidSize: 2 },
      { nanoseconds: 'cut' },
    ),
    ingest.addOrderBook(book),
    ingest.addOrderBook({ symbol: 'BTC', timestamp: 5n, bids: [[1, 1]], asks: [] }, { allowEmptySide: true }),
  ]);
  await ingest.flush();
  await done;
  await ingest.flush();
  const [bar] = await store.bars.range({ symbol: 'BTC', timeframe: '1m' });
  expect([bar!.volume.toString(), bar!.vwap!.toString(), bar!.source]).toEqual(['1.2345', '9.87654321', 'feed']);
  const trades = await store.trades.range({ symbol: 'BTC' });
  expect(
    trades.map(({ timestamp, tradeId, ordinal, price, side }) => [timestamp, tradeId, ordinal, price.toString(), side]),
  ).toEqual([
    [1n, '7', null, '-37.63', null],
    [1_704_205_800_123_456n, null, 0, '1.5', 'buy'],
    [1_704_205_800_123_456n, null, 1, '1.5', 'buy'],
    [1_704_205_800_123_456n, null, 2, '1.6', null],
    [1_704_205_800_123_456n, null, 3, '1.5', 'buy'],
  ]);
  const [quote] = await store.quotes.range({ symbol: 'BTC' });
  expect([quote!.timestamp, quote!.sequence, quote!.askPrice]).toEqual([1n, 9_007_199_254_740_993n, null]);
  const books = await store.orderBooks.range({ symbol: 'BTC' });
  expect(books.map(({ bids, asks }) => [bids.toString(), asks.toString()])).toEqual([
    ['1,1', ''],
    ['1.5,2,1.25,0.00000001', '1.75,3'],
  ]);
});

test('what is bad is refused when it is added, with its positions, and nothing of it is taken', async () => {
  const { store } = await openIngest({ durability: 'memory' });
  const failure = await store.ingest
    .add([
      minuteBar('A', 0),
      { ...minuteBar('A', 1), high: '0.5' },
      minuteBar('a b', 2),
      { ...minuteBar('A', 3), volume: 1.5 },
    ])
    .catch((error) => error);
  expect(failure).toBeInstanceOf(InvalidInputError);
  expect(failure.problems.map(({ code, row }: { code: string; row: number }) => [row, code])).toEqual([
    [1, 'HIGH_BELOW_LOW'],
    [2, 'SYMBOL_INVALID'],
    [3, 'DECIMAL_IS_FLOAT'],
  ]);
  await expect(store.ingest.addTrades([null as never])).rejects.toMatchObject({ code: 'ROW_INVALID' });
  await expect(store.ingest.add(minuteBar('A', 0), { volumeScale: 9 })).rejects.toMatchObject({
    code: 'VOLUME_SCALE_INVALID',
  });
  await store.ingest.flush();
  expect(await store.bars.series()).toEqual([]);
});

test('what the caller changes after it was added is not written', async () => {
  const { store } = await openIngest({ durability: 'memory' });
  const bar = { ...minuteBar('A', 0) };
  const timestamp = bar.timestamp as Date;
  await store.ingest.add(bar);
  timestamp.setTime(0);
  Object.assign(bar, { symbol: 'B', close: 1 });
  await store.ingest.flush();
  expect(await store.bars.range({ symbol: 'A', timeframe: '1m' })).toMatchObject([
    { timestamp: new Date('2024-01-02') },
  ]);
});

test('the newest value of a bar wins, inside a batch and over several', async () => {
  const { store } = await openIngest({ durability: 'memory', batchSize: 10, interval: 3_600_000 });
  for (let close = 1; close <= 18; close += 1) await store.ingest.add(minuteBar('A', 0, close));
  await store.ingest.flush();
  expect((await store.bars.latest({ symbol: 'A', timeframe: '1m' }))[0]!.close.toString()).toBe('18');
  // One former value at most for each of the two batches.
  expect((await store.bars.revisions({ symbol: 'A', timeframe: '1m' })).map(({ close }) => close.toString())).toEqual([
    '10',
  ]);
});

test('equal trades of an instant without ids are as many as one call says', async () => {
  const { store } = await openIngest({ durability: 'memory', batchSize: 3 });
  const trade = { symbol: 'A', timestamp: 1n, price: 1, size: 1 };
  await store.ingest.addTrades(new Array(7).fill(trade));
  await store.ingest.addTrades([trade, trade]);
  await store.ingest.flush();
  expect(await store.trades.count({ symbol: 'A' })).toBe(7);
});

test('rows that are added in a transaction are no part of it', async () => {
  const { store } = await openIngest({ durability: 'database', interval: 0 });
  const failure = new Error('rolled back');
  await expect(
    store.transaction({ actor: 'test' }, async () => {
      await store.ingest.add(minuteBar('A', 0));
      throw failure;
    }),
  ).rejects.toBe(failure);
  expect(await store.bars.count({ symbol: 'A', timeframe: '1m' })).toBe(1);
});

/** Keeps the series of a symbol locked, so that the queue fills up. */
async function holdSeries(url: string, symbol: string) {
  const client = await openRawClient(url);
  await client.query('BEGIN');
  await client.query('SELECT FROM bar_series WHERE symbol = $1 FOR UPDATE', [symbol]);
  return { release: () => client.query('ROLLBACK') };
}

async function openHeld(whenFull: 'block' | 'reject' | 'drop-oldest') {
  const { store, url } = await openIngest({ durability: 'memory', whenFull, queueSize: 10, batchSize: 4, interval: 0 });
  await store.bars.upsert([minuteBar('A', 999)]);
  const lock = await holdSeries(url, 'A');
  const written = () =>
    store.bars.existingTimestamps({ symbol: 'A', timeframe: '1m', to: new Date('2024-01-02T10:00:00Z') });
  return { store, lock, written, ingest: store.ingest };
}

test('a full queue blocks until there is room', async () => {
  const { ingest, lock, written } = await openHeld('block');
  await ingest.add(Array.from({ length: 10 }, (_, minute) => minuteBar('A', minute)));
  let through = 0;
  const more = [10, 11, 12].map((minute) => ingest.add(minuteBar('A', minute)).then(() => (through += 1)));
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect([through, ingest.stats.queued]).toEqual([0, 10]);
  await lock.release();
  await Promise.all(more);
  await ingest.flush();
  expect(await written()).toHaveLength(13);
});

test('a full queue rejects, and takes none of what it rejects', async () => {
  const { ingest, lock, written } = await openHeld('reject');
  await ingest.add(Array.from({ length: 8 }, (_, minute) => minuteBar('A', minute)));
  const failure = await ingest.add([minuteBar('A', 8), minuteBar('A', 9), minuteBar('A', 10)]).catch((error) => error);
  expect(failure).toBeInstanceOf(QueueFullError);
  expect(failure.code).toBe('QUEUE_FULL');
  await ingest.add([minuteBar('A', 8), minuteBar('A', 9)]);
  await lock.release();
  await ingest.flush();
  expect(await written()).toHaveLength(10);
});

test('a full queue drops the oldest that is not being written, and counts it', async () => {
  const { ingest, lock, written } = await openHeld('drop-oldest');
  const dropped: unknown[] = [];
  ingest.observe({ dropped: (event) => dropped.push(event) });
  await ingest.add(Array.from({ length: 13 }, (_, minute) => minuteBar('A', minute)));
  await lock.release();
  await ingest.flush();
  // The first one or more were on their way: rows are dropped behind them.
  expect(dropped).toEqual([1, 2, 3].map(() => ({ kind: 'bar', rows: 1 })));
  expect(await written()).toHaveLength(10);
  expect(await written()).toContainEqual(new Date('2024-01-02T00:12:00Z'));
  expect(await ingest.close()).toMatchObject({ written: 10, dropped: 3, left: 0 });
});

test('drop-oldest is refused where rows were acknowledged', async () => {
  const { url } = await openTestStore();
  for (const durability of ['spool', 'database'] as const) {
    const opening = openStore({ databaseUrl: url, ingest: { durability, whenFull: 'drop-oldest' } });
    await expect(opening).rejects.toBeInstanceOf(ConfigError);
  }
  await expect(openStore({ databaseUrl: url, ingest: { writers: 0 } })).rejects.toThrow(/ingest\.writers/);
});

test('a closed ingest takes nothing', async () => {
  const { store } = await openIngest({ durability: 'memory' });
  await store.ingest.add(minuteBar('A', 0));
  expect(await store.ingest.close()).toMatchObject({ written: 1, left: 0 });
  await expect(store.ingest.add(minuteBar('A', 1))).rejects.toBeInstanceOf(IngestClosedError);
  expect(await store.bars.count({ symbol: 'A', timeframe: '1m' })).toBe(1);
});
