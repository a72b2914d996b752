import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { MarketSymbol } from '../../src/domain/symbol.js';
import { CacheEntries } from '../../src/feed/cache/cache-entries.js';
import { barStretches } from '../../src/feed/cache/changed-stretches.js';
import { readCacheSettings } from '../../src/feed/cache/settings.js';
import type { Change } from '../../src/feed/subscribe/read-arrivals.js';
import { type Bar, type OrderBookSnapshot, openStore } from '../../src/index.js';
import { agree, plain, START, until } from '../setup/cached.js';
import { minuteBar, openIngest, openIngestByProxy } from '../setup/ingest.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const at = (minute: number) => new Date(START + minute * 60_000);

test('a first read is a miss; then what was stored, as of any instant that is held, and nothing that had not closed', async () => {
  const { store } = await openTestStore();
  await store.bars.upsert(Array.from({ length: 300 }, (_, minute) => minuteBar('A', minute, 1 + (minute % 19))));
  const { cache } = store.feed;
  expect(cache.bars({ symbol: 'A', timeframe: '1m' })).toBeUndefined();
  await until(() => cache.bars({ symbol: 'A', timeframe: '1m', at: at(300) }));
  for (const [minute, count] of [
    [300, 1],
    [300, 100],
    [299.99, 5],
    [250, 40],
  ] as const) {
    const asOf = at(minute);
    const cached = cache.bars({ symbol: 'a ', timeframe: '1m', count, at: asOf });
    expect(plain(cached)).toBe(plain(await store.bars.asOf({ symbol: 'A', timeframe: '1m', limit: count, at: asOf })));
  }
  // The 20 in front of what is held are there for the ratios alone.
  expect(cache.bars({ symbol: 'A', timeframe: '1m', count: 101, at: at(300) })).toBeUndefined();
  expect(cache.bars({ symbol: 'A', timeframe: '1m', count: 1, at: at(100) })).toBeUndefined();
  expect(cache.bars({ symbol: 'NONE', timeframe: '1m' })).toBeUndefined();
  expect(await until(() => cache.bars({ symbol: 'NONE', timeframe: '1m' }))).toEqual([]);
  expect(() => cache.bars({ symbol: 'A', timeframe: '1M' as never })).toThrow();
  expect(() => cache.bars({ symbol: 'A', timeframe: '1m', count: 0 })).toThrow();
  expect(() => cache.bars(undefined as never)).toThrow(expect.objectContaining({ code: 'OBJECT_EXPECTED' }));
  expect(cache.stats).toMatchObject({ symbols: 2, rows: 120, evictions: 0 });
  expect(cache.stats.hits).toBeGreaterThan(4);
  expect(cache.stats.misses).toBeGreaterThan(3);
});

test('what the ingest accepts is there before the database has it, the newest value last, with the ratios it will have', async () => {
  const { store, beside, proxy, url } = await openIngestByProxy({ durability: 'memory', interval: 20 });
  await beside.bars.upsert(Array.from({ length: 30 }, (_, minute) => minuteBar('A', minute, 1 + (minute % 7))));
  await store.feed.cache.start();
  proxy.close();
  await store.ingest.add([{ ...minuteBar('A', 30, 9), high: '19.5' }]);
  await store.ingest.add([{ ...minuteBar('A', 25, 8), high: 18 }]);
  await store.ingest.add([{ ...minuteBar('A', 25, 7), high: 17 }]);
  const cached = store.feed.cache.bars({ symbol: 'A', timeframe: '1m', count: 6, at: at(31) })!;
  expect(cached.map(({ close }) => Number(close))).toEqual([7, 6, 7, 1, 2, 9]);
  expect((await beside.bars.latest({ symbol: 'A', timeframe: '1m' }))[0]!.timestamp).toEqual(at(29));
  await proxy.reopen(url);
  await store.ingest.flush();
  const stored = await beside.bars.latest({ symbol: 'A', timeframe: '1m', limit: 6 });
  const values = ({ close, spreadRatio, volumeRatio }: Bar) => `${close} ${spreadRatio} ${volumeRatio}`;
  expect(cached.map(values)).toEqual(stored.map(values));
  await agree(store, { symbol: 'A', timeframe: '1m', count: 31, at: at(40) });
});

test('what other processes write, correct and delete comes; also retention', async () => {
  const { store, url } = await openTestStore({ cache: {} });
  const other = await openStore({ databaseUrl: url, logLevel: 'silent' });
  onTestFinished(() => other.close());
  const all = { symbol: 'A', timeframe: '1m', count: 50, at: at(100) } as const;
  await other.bars.upsert(Array.from({ length: 30 }, (_, minute) => minuteBar('A', minute)));
  await agree(store, all);
  await other.bars.upsert([minuteBar('A', 3, 12), { ...minuteBar('A', 10), high: 13 }]);
  await agree(store, all);
  await other.bars.delete({ symbol: 'A', timeframe: '1m', from: at(5), to: at(8) });
  await agree(store, all);
  await other.bars.delete({ symbol: 'A', timeframe: '1m', to: at(4) });
  await agree(store, all);
  await other.bars.upsert([minuteBar('A', -5, 3)]);
  await agree(store, all);
  const raw = await openRawClient(url);
  await raw.query("SELECT * FROM retain_bars('2024-01-02T00:10:00Z', 'test')");
  await agree(store, all);
  await other.bars.delete({ symbol: 'A', timeframe: '1m' });
  await agree(store, all);
  expect(store.feed.cache.bars(all)).toEqual([]);
});

test('a row that the database refuses goes again', async () => {
  const { store } = await openIngest({ durability: 'memory', interval: 10 });
  await store.bars.upsert([minuteBar('A', 0, 5)]);
  await store.feed.cache.start();
  await store.ingest.add([{ ...minuteBar('A', 0, 6), volume: '1.5' }]);
  await store.ingest.flush();
  expect(store.ingest.stats.deadLetters).toBe(1);
  await agree(store, { symbol: 'A', timeframe: '1m', count: 5, at: at(10) });
});

const NOW = () => BigInt(Date.now()) * 1000n;
const book = (timestamp: bigint, bid: number) => ({
  symbol: 'A',
  timestamp,
  bids: [[10, bid]] as const,
  asks: [[12, 3]] as const,
});

test('the last book, and the imbalances of the windows that have closed, as the database computes them', async () => {
  const { store, url } = await openIngest({ durability: 'memory', interval: 10 });
  const { cache } = store.feed;
  const start = NOW() - 200_000_000n;
  await store.orderBooks.upsert(
    Array.from({ length: 300 }, (_, index) => book(start + BigInt(index) * 500_137n, 1 + (index % 7))),
  );
  expect(cache.book('A')).toBeUndefined();
  await until(() => cache.book('A'));
  const same = async (at: bigint) => {
    const stored = [];
    for (const seconds of [1, 5, 15, 60] as const) {
      const span = BigInt(seconds) * 1_000_000n;
      const to = (at / span) * span;
      stored.push(...(await store.orderBooks.imbalance({ symbol: 'A', seconds, from: to - span, to, at })));
    }
    return plain(cache.imbalances('A', { at })) === plain(stored);
  };
  for (const back of [0n, 1n, 70_000_000n, 100_123_456n]) expect(await same(start + 150_000_000n - back)).toBe(true);
  expect(cache.imbalances('A', { at: start - 200_000_000n })).toBeUndefined();
  // Others write, and so does the ingest; late books and corrections too.
  const other = await openStore({ databaseUrl: url, logLevel: 'silent' });
  onTestFinished(() => other.close());
  await other.orderBooks.upsert([book(start + 77_000_000n, 50), book(start + 150_000_000n, 9)]);
  await store.ingest.addOrderBooks([book(start + 151_000_000n, 2), book(start + 120_000_001n, 90)]);
  expect((cache.book('A') as OrderBookSnapshot).timestamp).toBe(start + 151_000_000n);
  await store.ingest.flush();
  const latest = plain((await store.orderBooks.latest({ symbol: 'A' }))[0]);
  await until(() => plain(cache.book('A')) === latest);
  const becomesSame = async (at: bigint) => {
    while (!(await same(at))) await sleep(5);
  };
  for (const back of [0n, 31_000_000n, 75_000_000n]) await becomesSame(start + 152_000_000n - back);
  await other.orderBooks.delete({ symbol: 'A', from: start + 100_000_000n });
  const before = plain((await store.orderBooks.latest({ symbol: 'A' }))[0]);
  await until(() => plain(cache.book('A')) === before);
  await becomesSame(start + 152_000_000n);
  expect(cache.book('A', { at: start })).toBeUndefined();
  expect(cache.book('B')).toBeUndefined();
  expect(await until(() => cache.book('B') === null)).toBe(true);
});

test('bounded: the symbol that was not read for the longest time goes', async () => {
  const { store } = await openTestStore({ cache: { rows: 100, bars: 10 } });
  const { cache } = store.feed;
  for (const symbol of ['A', 'B', 'C', 'D'])
    await store.bars.upsert(Array.from({ length: 40 }, (_, minute) => minuteBar(symbol, minute)));
  const read = (symbol: string) => cache.bars({ symbol, timeframe: '1m', count: 10, at: at(100) });
  for (const symbol of ['A', 'B', 'C']) await until(() => read(symbol));
  expect(read('A')).toHaveLength(10);
  await until(() => read('D'));
  expect(cache.stats).toMatchObject({ symbols: 3, rows: 90, evictions: 1 });
  expect(read('A')).toHaveLength(10);
  expect(read('B')).toBeUndefined();
});

test('while the database is away it does not answer for long; a gap is filled', async () => {
  const { store, beside, proxy, url } = await openIngestByProxy();
  await beside.bars.upsert([minuteBar('A', 0)]);
  await store.feed.cache.start();
  const all = { symbol: 'A', timeframe: '1m', count: 5, at: at(100) } as const;
  await agree(store, all);
  proxy.close();
  await beside.bars.upsert([minuteBar('A', 1)]);
  await until(() => store.feed.cache.bars(all) === undefined);
  // Meanwhile somebody prunes all that would say what happened.
  const raw = await openRawClient(url);
  await raw.query("DELETE FROM arrivals WHERE kind <> 'floor'");
  await raw.query('UPDATE arrivals SET xid = (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)');
  await beside.bars.upsert([minuteBar('A', 2)]);
  await proxy.reopen(url);
  await agree(store, all);
  await beside.bars.upsert([minuteBar('A', 3)]);
  await agree(store, all);
});

test('a bar in front of what is held is no longer on its way once it is written', async () => {
  const { store } = await openIngest({ durability: 'memory', interval: 10 });
  await store.bars.upsert(Array.from({ length: 300 }, (_, minute) => minuteBar('A', minute)));
  await store.feed.cache.start();
  await store.ingest.add([minuteBar('A', 10, 6)]);
  await store.ingest.flush();
  await store.bars.upsert([minuteBar('A', 10, 7)]);
  // What is left reaches back to it.
  await store.bars.delete({ symbol: 'A', timeframe: '1m', from: at(60) });
  await agree(store, { symbol: 'A', timeframe: '1m', count: 60, at: at(300) });
});

test('an import of more than is worth holding is not read for what is held', () => {
  const settings = readCacheSettings({});
  const entries = new CacheEntries(settings);
  const bars = entries.bars({ symbol: 'A' as MarketSymbol, timeframe: '1m' });
  bars.fill([], true);
  const change = (from: number, to: number): Change => ({
    ...{ kind: 'bar', symbol: 'A', timeframe: '1m', knownFrom: 0n, deleted: false },
    ...{ first: BigInt(at(from).getTime()) * 1000n, last: BigInt(at(to).getTime()) * 1000n },
  });
  const short = barStretches([change(0, 100), change(150, 200)], entries, settings);
  expect(short.stretches).toEqual([{ bars, low: at(0).getTime(), high: at(200).getTime() }]);
  const long = barStretches([change(0, 100), change(1_000, 1_000_000)], entries, settings);
  expect(long).toEqual({ stretches: [], lost: new Set([bars]) });
});

test('bounded: also by what a spool takes while the database is away', async () => {
  const { store, proxy } = await openIngestByProxy({ durability: 'spool', queueSize: 100 }, { bytes: 200_000 });
  await store.ingest.open();
  proxy.close();
  store.feed.cache.book('A');
  for (let second = 0n; second < 20n; second += 1n)
    await store.ingest.addOrderBooks(
      Array.from({ length: 50 }, (_, index) => book(NOW() - 60_000_000n + second * 1_000_000n + BigInt(index), 1)),
    );
  expect(store.feed.cache.stats.bytes).toBeGreaterThan(0);
  expect(store.feed.cache.stats.bytes).toBeLessThanOrEqual(200_000);
  expect(store.feed.cache.stats.evictions).toBeGreaterThan(0);
});
