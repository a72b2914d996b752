import { expect, onTestFinished, test } from 'vitest';
import { type MarketFrame, openStore } from '../../src/index.js';
import { plain, until } from '../setup/cached.js';
import { minuteBar, openIngest } from '../setup/ingest.js';

const MINUTE = 60_000;

/** As it is stored, without the store's own time: a bar that is still on its way has this process's. */
function values(frame: MarketFrame): unknown {
  return JSON.parse(plain(frame), (key, value: unknown) => (key === 'createdAt' ? undefined : value));
}

test('a frame of now comes from memory, ahead of the database, and is what the database says once that has it', async () => {
  const { store, url } = await openIngest({ durability: 'memory', interval: 3_600_000 });
  const other = await openStore({ databaseUrl: url, logLevel: 'silent' });
  onTestFinished(() => other.close());
  const now = Math.floor(Date.now() / MINUTE);
  const past = Array.from({ length: 60 }, (_, back) => ({
    ...minuteBar('LIVE', 0, 3 + (back % 5)),
    timestamp: new Date((now - 62 + back) * MINUTE),
  }));
  await other.bars.upsert(past);
  await other.indicators.upsert([
    { symbol: 'LIVE', timeframe: '1m', name: 'rsi', timestamp: past[50]!.timestamp, value: { value: '61.5' } },
  ]);
  await store.feed.cache.start();

  const request = { symbol: 'LIVE', timeframes: ['1m' as const], bars: 10 };
  const book = {
    symbol: 'LIVE',
    timestamp: new Date(Date.now() - 1_000),
    bids: [['10', '3'] as const],
    asks: [['11', '1'] as const],
  };
  await store.ingest.add({ ...minuteBar('LIVE', 0, 9), timestamp: new Date((now - 2) * MINUTE) });
  await store.ingest.addOrderBook(book);
  await until(() => store.feed.cache.book('LIVE') !== undefined);
  const before = store.feed.cache.stats;
  const frame = await store.feed.inference(request);
  expect(store.feed.cache.stats).toMatchObject({ hits: before.hits + 3, misses: before.misses });
  expect(frame.timeframes[0]!.bars.at(-1)!.close.toString()).toBe('9');
  expect(frame.orderBook!.bidVolume.toString()).toBe('3');
  expect(frame.indicators).toMatchObject([{ name: 'rsi', value: { value: '61.5' } }]);
  expect(
    (await other.feed.inference({ ...request, at: frame.at })).timeframes[0]!.bars.at(-1)!.close.toString(),
  ).not.toBe('9');

  await store.ingest.flush();
  expect(values(await other.feed.inference({ ...request, at: frame.at }))).toEqual(values(frame));
});

test('what is not all in memory is read from the database: other timeframes, instants, and what is asked for beside it', async () => {
  const { store } = await openIngest({ durability: 'memory', interval: 5 });
  const now = Math.floor(Date.now() / MINUTE);
  const bars = Array.from({ length: 30 }, (_, back) => ({
    ...minuteBar('PART', 0, 3 + (back % 5)),
    timestamp: new Date((now - 32 + back) * MINUTE),
  }));
  await store.bars.upsert(bars);
  await store.feed.cache.start();
  const request = { symbol: 'PART', timeframes: ['1m' as const], bars: 5 };
  const hits = () => store.feed.cache.stats.hits;

  const [, fifteen] = (await store.feed.inference({ ...request, timeframes: ['1m', '15m'] })).timeframes;
  expect(fifteen!.source).toBe('resampled');
  expect(fifteen!.bars.length).toBeGreaterThan(0);
  const before = hits();
  for (const more of [{ at: new Date() }, { knownAt: new Date() }, { contextMinutes: 5 }, { lookAheadMinutes: 5 }]) {
    const frame = await store.feed.inference({ ...request, ...more });
    expect(frame.timeframes[0]!.bars).toHaveLength(5);
  }
  expect(hits()).toBe(before);
  expect((await store.feed.inference({ ...request, bars: 1_000 })).timeframes[0]!.bars).toHaveLength(30);
  const inside = await store.transaction({}, (tx) => tx.feed.inference(request));
  expect(inside.timeframes[0]!.bars).toHaveLength(5);
});
