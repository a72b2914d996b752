import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { BarInput, InferenceInput, Timeframe } from '../../src/index.js';
import { openTestStore } from '../setup/test-database.js';

const START = Date.UTC(2024, 0, 2);
const MINUTE = 60_000;
const instant = (minute: number) => new Date(START + minute * MINUTE);
const micros = (second: number) => BigInt(START + second * 1000) * 1000n;

function bars(timeframe: Timeframe, minutes: readonly number[], close: number): BarInput[] {
  return minutes.map((minute) => ({
    ...{ symbol: 'AAPL', timeframe, timestamp: instant(minute) },
    ...{ open: 1, high: close, low: 1, close, volume: 10 },
  }));
}

const book = (second: number, size = 1) => ({
  ...{ symbol: 'AAPL', timestamp: micros(second) },
  ...{ bids: [[10, size]] as const, asks: [[11, 1]] as const },
});

test('a symbol that the store does not know has a frame with nothing in it', async () => {
  const { store } = await openTestStore();
  const input = { symbol: 'none', at: instant(5), timeframes: ['1m', '1h'] as const, bars: 3, contextMinutes: 10 };
  expect(await store.feed.inference(input)).toEqual({
    ...{ symbol: 'NONE', at: instant(5), knownAt: null },
    timeframes: [
      { timeframe: '1m', source: 'none', from: null, bars: [] },
      { timeframe: '1h', source: 'none', from: null, bars: [] },
    ],
    ...{ orderBook: null, imbalances: [], indicators: [], lookAhead: null },
    context: { from: instant(-5), to: instant(5), timeframe: null, bars: [], orderBooks: [] },
  });
});

test('without an instant it is now', async () => {
  const { store } = await openTestStore();
  const now = Date.now();
  const minute = Math.floor(now / MINUTE) - START / MINUTE;
  await store.bars.upsert(bars('1m', [minute - 2, minute - 1, minute + 10], 2));
  await store.orderBooks.upsert([
    book(Math.floor((now - START) / 1000) - 1),
    book(Math.floor((now - START) / 1000) + 900),
  ]);
  const frame = await store.feed.inference({ symbol: 'AAPL', timeframes: ['1m'], bars: 5 });
  expect(+frame.at).toBeGreaterThanOrEqual(now);
  expect(frame.timeframes[0]!.bars.map(({ timestamp }) => timestamp)).toEqual([
    instant(minute - 2),
    instant(minute - 1),
  ]);
  expect(frame.orderBook!.timestamp).toBeLessThanOrEqual(BigInt(now) * 1000n);
  const [frames] = await store.feed.multiTimeframe({ symbol: 'AAPL', timeframes: ['1m'], limit: 1 });
  expect(frames!.bars).toMatchObject([{ timestamp: instant(minute - 1) }]);
  expect(await store.feed.orderBook({ symbol: 'AAPL' })).toEqual([frame.orderBook]);
});

test('bars as they were known, stored ones and those made of them', async () => {
  const { store } = await openTestStore();
  await store.bars.upsert(bars('1m', [0, 1, 2, 3, 4], 2));
  const [first] = await store.bars.latest({ symbol: 'AAPL', timeframe: '1m' });
  await sleep(5);
  await store.bars.upsert([...bars('1m', [4], 7), ...bars('1m', [5, 6], 3)]);
  await store.bars.delete({ symbol: 'AAPL', timeframe: '1m', from: instant(0), to: instant(2) });
  const input = { symbol: 'AAPL', timeframes: ['1m', '5m'] as const, at: instant(10), limit: 10 };
  const closes = async (knownAt?: Date) =>
    (await store.bars.multiTimeframe({ ...input, knownAt })).map(({ source, bars: each }) =>
      [source, ...each.map(({ timestamp, close }) => `${(+timestamp - START) / MINUTE}:${close}`)].join(' '),
    );
  expect(await closes()).toEqual(['stored 2:2 3:2 4:7 5:3 6:3', 'resampled 0:7 5:3']);
  expect(await closes(first!.createdAt)).toEqual(['stored 0:2 1:2 2:2 3:2 4:2', 'resampled 0:2']);
  expect(await closes(new Date(+first!.createdAt - 1))).toEqual(['none', 'none']);
  const [now, then] = [await store.feed.inference({ ...input, bars: 10 }), { knownAt: first!.createdAt }];
  const known = await store.feed.inference({ ...input, bars: 10, ...then });
  expect([now.knownAt, known.knownAt]).toEqual([null, first!.createdAt]);
  expect(known.timeframes).toEqual(await store.bars.multiTimeframe({ ...input, ...then }));
  expect(known.timeframes[0]!.bars).toEqual(await store.bars.range({ symbol: 'AAPL', timeframe: '1m', ...then }));
});

test('order books of a window, of seconds and minutes, and the last one at an instant', async () => {
  const { store } = await openTestStore();
  await store.orderBooks.upsert([0, 0.25, 0.75, 1, 59, 61, 200].map((second) => book(second)));
  const seconds = async (input: Omit<Parameters<typeof store.feed.orderBook>[0], 'symbol'>) =>
    (await store.feed.orderBook({ symbol: 'AAPL', ...input })).map(
      ({ timestamp }) => Number(timestamp - micros(0)) / 1e6,
    );
  const window = { from: micros(0), to: micros(120) };
  expect(await seconds(window)).toEqual([0, 0.25, 0.75, 1, 59, 61]);
  expect(await seconds({ ...window, aggregation: '1s' })).toEqual([0.75, 1, 59, 61]);
  expect(await seconds({ ...window, aggregation: '1m' })).toEqual([59, 61]);
  expect(await seconds({ ...window, aggregation: '1m', at: micros(119) })).toEqual([59]);
  expect(await seconds({ to: micros(1), aggregation: '1s' })).toEqual([0.75]);
  expect(await seconds({ at: micros(0.75) })).toEqual([0.75]);
  expect(await seconds({ at: micros(0.75) - 1n, aggregation: 'raw' })).toEqual([0.25]);
  expect(await seconds({ at: micros(1.5), aggregation: '1s' })).toEqual([0.75]);
  expect(await seconds({ at: micros(180), aggregation: '1m' })).toEqual([61]);
  expect(await seconds({ at: micros(30), aggregation: '1m' })).toEqual([]);
  expect(await store.feed.orderBook({ symbol: 'NONE' })).toEqual([]);
});

test('a frame is of one snapshot, whoever writes meanwhile', async () => {
  const { store } = await openTestStore();
  // Each write brings one more of everything, in one transaction.
  const write = (round: number) =>
    store.transaction({}, async (tx) => {
      await tx.orderBooks.upsert([book(round, 1 + round)]);
      await tx.bars.upsert(bars('1m', [round], 2));
      await tx.indicators.upsert([
        { symbol: 'AAPL', timeframe: '1m', name: 'sma', timestamp: instant(round), value: round },
      ]);
    });
  await write(0);
  let writing = true;
  const writer = (async () => {
    for (let round = 1; round < 30; round += 1) await write(round);
    writing = false;
  })();
  const seen = new Set<number>();
  while (writing) {
    const input = { symbol: 'AAPL', at: instant(100), timeframes: ['1m', '5m'] as const, bars: 1 };
    const { orderBook, indicators, timeframes } = await store.feed.inference(input);
    const round = indicators[0]!.value as number;
    expect([orderBook!.timestamp, timeframes[0]!.bars[0]!.timestamp]).toEqual([micros(round), instant(round)]);
    expect(+timeframes[1]!.bars[0]!.timestamp).toBe(+instant(Math.floor(round / 5) * 5));
    seen.add(round);
  }
  await writer;
  expect(seen.size).toBeGreaterThan(1);
});

test('a frame inside a transaction sees what the transaction has written', async () => {
  const { store } = await openTestStore();
  const input = { symbol: 'AAPL', at: instant(5), timeframes: ['1m'] as const, bars: 5 };
  await store.transaction({}, async (tx) => {
    await tx.bars.upsert(bars('1m', [1, 2], 2));
    await tx.orderBooks.upsert([book(1)]);
    const inside = await tx.feed.inference(input);
    expect([inside.timeframes[0]!.bars.length, inside.orderBook?.timestamp]).toEqual([2, micros(1)]);
    expect((await store.feed.inference(input)).timeframes[0]!.source).toBe('none');
    expect(await tx.feed.orderBook({ symbol: 'AAPL' })).toHaveLength(1);
  });
});

test('what cannot be meant is refused', async () => {
  const { store } = await openTestStore();
  const problems = (answer: Promise<unknown>) =>
    answer.then(
      () => [],
      (error) => error.problems.map(({ code, path }: { code: string; path: string }) => `${path} ${code}`),
    );
  const refused = (input: unknown) => problems(store.feed.inference(input as InferenceInput));
  const sound = { symbol: 'AAPL', timeframes: ['1m'], at: '2024-01-01', bars: 1 };
  expect(await refused(sound)).toEqual([]);
  expect(await refused(null)).toEqual([' OBJECT_EXPECTED']);
  expect(await refused({ ...sound, bars: 0 })).toEqual(['bars LIMIT_INVALID']);
  expect(await refused({ ...sound, timeframes: [] })).toEqual(['timeframes TIMEFRAMES_INVALID']);
  expect(await refused({ ...sound, at: 'soon', knownAt: 'then' })).toEqual([
    'at INSTANT_INVALID',
    'knownAt INSTANT_INVALID',
  ]);
  expect(await refused({ ...sound, contextMinutes: 0, lookAheadMinutes: 10_081 })).toEqual([
    'contextMinutes MINUTES_INVALID',
    'lookAheadMinutes MINUTES_INVALID',
  ]);
  const books = (input: unknown) => problems(store.feed.orderBook(input as { symbol: string }));
  expect(await books(null)).toEqual([' OBJECT_EXPECTED']);
  expect(await books({ symbol: '', aggregation: '1h' })).toEqual([
    'symbol SYMBOL_INVALID',
    'aggregation CHOICE_UNKNOWN',
  ]);
  expect(await problems(store.feed.multiTimeframe(null as never))).toEqual([' OBJECT_EXPECTED']);
});
