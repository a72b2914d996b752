import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { type Bar, type BarInput, closeOf, TIMEFRAMES, type Timeframe } from '../../src/index.js';
import { openTestStore } from '../setup/test-database.js';

const DURATION: Record<Timeframe, number> = { '1m': 1, '5m': 5, '15m': 15, '1h': 60, '1d': 1_440 };
const START = Date.UTC(2024, 2, 1);
const MINUTE = 60_000;

function bar(symbol: string, timeframe: Timeframe, timestamp: Date | string): BarInput {
  return { symbol, timeframe, timestamp, open: 1, high: 2, low: 1, close: 2, volume: 1 };
}

const times = (bars: readonly Bar[]) => bars.map((each) => each.timestamp.getTime());

test('asOf never gives a bar that was not closed at that instant, and leaves out none that was', async () => {
  const { store } = await openTestStore();
  const slots = [...Array(60).keys(), 500, 501, 40_000];
  for (const timeframe of TIMEFRAMES)
    await store.bars.upsert(
      slots
        .filter((slot) => timeframe !== '1d' || slot < 10_000)
        .map((slot) => bar('AAPL', timeframe, new Date(START + slot * DURATION[timeframe] * MINUTE))),
    );
  const stored = new Map<Timeframe, Bar[]>();
  for (const timeframe of TIMEFRAMES) stored.set(timeframe, await store.bars.range({ symbol: 'AAPL', timeframe }));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...TIMEFRAMES),
      fc.oneof(fc.integer({ min: -2, max: 63 }), fc.constantFrom(499, 500, 501, 502, 40_001)),
      fc.constantFrom(-1, 0, 1, 30_000),
      fc.integer({ min: 1, max: 70 }),
      async (timeframe, slot, offset, limit) => {
        const at = new Date(START + slot * DURATION[timeframe] * MINUTE + offset);
        const closed = stored.get(timeframe)!.filter((each) => closeOf(each.timestamp, timeframe) <= at);
        const read = await store.bars.asOf({ symbol: 'AAPL', timeframe, at, limit });
        expect(times(read)).toEqual(times(closed.slice(-limit)));
      },
    ),
    { numRuns: 80 },
  );
});

test('windows are half-open, and a reversed one is refused by every read', async () => {
  const { store } = await openTestStore();
  const key = { symbol: 'AAPL', timeframe: '1d' } as const;
  const days = ['2024-01-01', '2024-01-02', '2024-01-03'];
  await store.bars.upsert(days.map((day) => bar('AAPL', '1d', day)));
  const between = async (from?: string, to?: string) =>
    (await store.bars.range({ ...key, from, to })).map((each) => each.timestamp.toISOString().slice(0, 10));
  expect(await between('2024-01-01', '2024-01-03')).toEqual(days.slice(0, 2));
  expect(await between('2024-01-03', '2024-01-04')).toEqual(days.slice(2));
  expect(await between('2024-01-02', '2024-01-02')).toEqual([]);
  expect(await between('2024-01-02')).toEqual(days.slice(1));
  expect(await between(undefined, '2024-01-02')).toEqual(days.slice(0, 1));
  expect(await between('2024-01-01T00:00:00.001Z')).toEqual(days.slice(1));
  expect(await store.bars.count({ ...key, from: '2024-01-02', to: '2024-01-03' })).toBe(1);
  expect(await store.bars.count({ timeframe: '1d', from: '2024-01-02' })).toBe(2);
  const window = { ...key, from: '2024-01-02', to: '2024-01-01' };
  const { symbol: _, ...anySymbol } = window;
  const reads = [
    store.bars.range(window),
    store.bars.count(window),
    store.bars.count({ ...anySymbol, timeframe: '5m' }),
    store.bars.existingTimestamps(window),
    store.bars.columns(window),
    store.bars.revisions(window),
    store.bars.delete(window),
    store.bars.recomputeRatios(window),
    store.bars.iterate(window).next(),
  ];
  for (const read of reads) await expect(read).rejects.toMatchObject({ code: 'WINDOW_REVERSED' });
});

test('arguments that break a rule', async () => {
  const { store } = await openTestStore();
  const key = { symbol: 'AAPL', timeframe: '1d' } as const;
  for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5' as never])
    await expect(store.bars.latest({ ...key, limit })).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
  await expect(store.bars.asOf({ ...key, at: 'tomorrow', limit: 1 })).rejects.toMatchObject({
    code: 'INSTANT_INVALID',
  });
  await expect(store.bars.asOf({ ...key, at: '2024-01-01', limit: 0 })).rejects.toMatchObject({
    code: 'LIMIT_INVALID',
  });
  await expect(store.bars.range({ ...key, timeframe: '1D' as never })).rejects.toMatchObject({
    code: 'TIMEFRAME_UNKNOWN',
  });
  await expect(store.bars.range({ ...key, symbol: "A'; DROP TABLE" })).rejects.toMatchObject({
    code: 'SYMBOL_INVALID',
  });
  await expect(store.bars.series({ symbol: '' })).rejects.toMatchObject({ code: 'SYMBOL_INVALID' });
  await expect(store.bars.latest({ ...key, limit: Number.MAX_SAFE_INTEGER })).resolves.toEqual([]);
});

test('a series without bars answers every read with nothing', async () => {
  const { store } = await openTestStore();
  const key = { symbol: 'NONE', timeframe: '5m' } as const;
  expect(await store.bars.range(key)).toEqual([]);
  expect(await store.bars.latest({ ...key, limit: 5 })).toEqual([]);
  expect(await store.bars.first(key)).toBeUndefined();
  expect(await store.bars.asOf({ ...key, at: new Date(), limit: 5 })).toEqual([]);
  expect(await store.bars.count(key)).toBe(0);
  expect(await store.bars.exists({ ...key, timestamp: '2024-01-01' })).toBe(false);
  expect(await store.bars.existingTimestamps(key)).toEqual([]);
  expect(await store.bars.revisions(key)).toEqual([]);
  expect((await store.bars.iterate(key).next()).done).toBe(true);
  expect(await store.bars.delete(key)).toBe(0);
});

test('latest finds the newest bars over gaps of any length, from the series’ last bar and not from now', async () => {
  const { store } = await openTestStore();
  const key = { symbol: 'AAPL', timeframe: '1m' } as const;
  const opened = [
    '1970-01-01T00:00Z',
    '1999-12-31T23:59Z',
    '2023-06-01T10:00Z',
    '2024-01-01T10:00Z',
    '2024-01-01T10:01Z',
  ];
  const instants = opened.map((each) => Date.parse(each));
  await store.bars.upsert(instants.map((each) => bar('AAPL', '1m', new Date(each))));
  for (let limit = 1; limit <= 6; limit += 1)
    expect(times(await store.bars.latest({ ...key, limit }))).toEqual(instants.slice(-limit));
  expect(times(await store.bars.latest(key))).toEqual(instants.slice(-1));
  expect((await store.bars.first(key))?.timestamp.getTime()).toBe(instants[0]);
  expect(await store.bars.exists({ ...key, timestamp: opened[2]! })).toBe(true);
  expect(await store.bars.exists({ ...key, timestamp: '2023-06-01T10:01Z' })).toBe(false);
  const at = new Date(instants[3]! - 1);
  expect(times(await store.bars.asOf({ ...key, at, limit: 2 }))).toEqual(instants.slice(1, 3));
});

test('pages of iterate join without losing or doubling a bar', async () => {
  const { store } = await openTestStore();
  for (const count of [5_000, 5_001, 10_000]) {
    const symbol = `S${count}`;
    const instants = Array.from({ length: count }, (_, slot) => START + slot * MINUTE);
    await store.bars.upsert(instants.map((each) => bar(symbol, '1m', new Date(each))));
    const iterated: number[] = [];
    for await (const each of store.bars.iterate({ symbol, timeframe: '1m' })) iterated.push(each.timestamp.getTime());
    expect(iterated).toEqual(instants);
    const window = { symbol, timeframe: '1m', from: new Date(instants[1]!), to: new Date(instants.at(-1)!) } as const;
    iterated.length = 0;
    for await (const each of store.bars.iterate(window)) iterated.push(each.timestamp.getTime());
    expect(iterated).toEqual(instants.slice(1, -1));
    expect((await store.bars.existingTimestamps(window)).map(Number)).toEqual(instants.slice(1, -1));
  }
});

test('iterate holds no connection between pages, can be left early and aborted', async () => {
  const { store } = await openTestStore({ maxConnections: 1, connectionTimeout: 2_000 });
  const key = { symbol: 'AAPL', timeframe: '1m' } as const;
  const instants = Array.from({ length: 5_002 }, (_, slot) => START + slot * MINUTE);
  await store.bars.upsert(instants.map((each) => bar('AAPL', '1m', new Date(each))));
  let seen = 0;
  for await (const _ of store.bars.iterate(key)) {
    if (seen === 0) expect(await store.bars.count(key)).toBe(5_002); // with the only connection there is
    if (++seen === 10) break;
  }
  const controller = new AbortController();
  const reason = new Error('enough');
  seen = 0;
  const aborted = async () => {
    for await (const _ of store.bars.iterate({ ...key, signal: controller.signal }))
      if (++seen === 3) controller.abort(reason);
  };
  expect(await aborted().catch((thrown) => thrown)).toBe(reason);
  expect(seen).toBe(5_000); // the page it had
});

test('the time zone of the process changes nothing, not even where its offset had seconds', async () => {
  const { TZ } = process.env;
  onTestFinished(() => {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  });
  process.env.TZ = 'Africa/Monrovia'; // -0:44:30 until 1972
  expect(new Date(0).getHours()).toBe(23);
  const { store } = await openTestStore();
  const key = { symbol: '^GSPC', timeframe: '1d' } as const;
  const instants = ['1600-01-01', '1929-10-29', '1960-05-02', '1960-05-03', '9999-12-31'].map((day) => Date.parse(day));
  await store.bars.upsert(instants.map((each) => bar('^GSPC', '1d', new Date(each))));
  expect(times(await store.bars.range(key))).toEqual(instants);
  expect(times(await store.bars.range({ ...key, from: '1929-10-29', to: '1960-05-03' }))).toEqual(instants.slice(1, 3));
  expect(times(await store.bars.asOf({ ...key, at: '1960-05-03', limit: 2 }))).toEqual(instants.slice(1, 3));
  expect(times(await store.bars.latest({ ...key, limit: 9 }))).toEqual(instants);
  expect(times(await store.bars.range({ ...key, knownAt: new Date('9999-01-01') }))).toEqual(instants);
  await store.bars.upsert(instants.map((each) => ({ ...bar('^GSPC', '1d', new Date(each)), close: 1 })));
  expect((await store.bars.revisions(key)).map((each) => each.timestamp.getTime())).toEqual(instants);
  expect(await store.bars.delete({ ...key, from: '1929-10-29', to: '1960-05-03' })).toBe(2);
  const [series] = await store.bars.series();
  expect([series!.first.getTime(), series!.last.getTime(), series!.count]).toEqual([instants[0], instants[4], 3]);
  expect(await store.bars.delete(key)).toBe(3);
});
