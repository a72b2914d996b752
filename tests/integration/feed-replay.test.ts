import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MarketSymbol } from '../../src/domain/symbol.js';
import {
  type BarInput,
  closeOf,
  openStore,
  type ReplayEvent,
  type ReplayInput,
  type ReplayKind,
  type Store,
  TIMEFRAMES,
  type Timeframe,
  type Transaction,
} from '../../src/index.js';
import { BarPages } from '../../src/repositories/bars/bar-pages.js';
import { printStoredBar } from '../setup/frame-model.js';
import { openRawClient } from '../setup/raw-client.js';
import { createTestDatabase, openTestStore, type TestDatabase } from '../setup/test-database.js';

const MINUTE = 60_000;
const START = Date.UTC(2024, 0, 2);
const SYMBOLS = ['B', 'A', 'C'];
const KINDS: readonly ReplayKind[] = ['bar', 'trade', 'quote', 'orderBook'];

let database: TestDatabase;
let store: Store;
/** Everything that is stored, as each repository answers it. */
let stored: {
  readonly event: string;
  readonly order: readonly [bigint, number, number, number, number];
  readonly kind: ReplayKind;
}[];

function bars(symbol: string, timeframe: Timeframe, minutes: Iterable<number>): BarInput[] {
  return Array.from(minutes, (minute) => ({
    ...{ symbol, timeframe, timestamp: new Date(START + minute * MINUTE) },
    ...{
      open: 10,
      high: 12 + (minute % 5),
      low: 9,
      close: '10.00000001',
      volume: minute % 7,
      vwap: minute % 3 ? 10 : null,
    },
    source: minute % 2 ? 'feed' : null,
  }));
}

/** Minutes of a few hours, of two weeks on end, and of a few hours a year later. */
function* minutes(step: number, offset = 0) {
  for (const [from, to] of [
    [0, 300],
    [39_600, 62_000],
    [525_600, 525_900],
  ] as const)
    for (let minute = from + offset; minute < to; minute += step) if (minute % 11 !== 3 || step > 1) yield minute;
}

const micros = (minute: number, more = 0) => BigInt(START + minute * MINUTE) * 1000n + BigInt(more);

beforeAll(async () => {
  database = await createTestDatabase();
  store = await openStore({ databaseUrl: database.url });
  for (const symbol of SYMBOLS) {
    await store.bars.upsert(bars(symbol, '1m', symbol === 'C' ? [1, 2, 3, 500_000] : minutes(1)));
    await store.bars.upsert(bars(symbol, '5m', minutes(5)));
    await store.bars.upsert(bars(symbol, '1h', minutes(60, 45)));
    await store.bars.upsert(bars(symbol, '1d', [0, 1440, 525_600]));
    const tick = { symbol, price: 10, size: 1 };
    const at = (index: number) => micros(index % 60, (index % 4) * 500 + (index % 3 === 0 ? 60_000_000 : 0));
    const trades = Array.from({ length: symbol === 'A' ? 11_000 : 300 }, (_, index) => ({
      ...{ ...tick, timestamp: at(index), tradeId: index % 2 === 0 ? null : index },
      price: 10 + (index % 9),
    }));
    await store.trades.upsert(trades);
    const quotes = Array.from({ length: 400 }, (_, index) => ({
      ...{ symbol, timestamp: at(index), sequence: index, bidPrice: 10, bidSize: 1 + (index % 3) },
    }));
    await store.quotes.upsert(quotes);
    const books = Array.from({ length: 600 }, (_, index) => {
      const levels = { bids: [[10, 1 + (index % 4)]] as const, asks: [[11, 1]] as const };
      return { symbol, timestamp: micros(index % 90, Math.floor(index / 90) * 499), ...levels };
    });
    await store.orderBooks.upsert(books);
  }
  stored = [];
  for (const [place, symbol] of SYMBOLS.entries()) {
    for (const [rank, timeframe] of TIMEFRAMES.entries()) {
      for (const [index, bar] of (await store.bars.range({ symbol, timeframe })).entries()) {
        const at = BigInt(+closeOf(bar.timestamp, timeframe)) * 1000n;
        stored.push({
          kind: 'bar',
          event: `${symbol} ${timeframe} ${printStoredBar(bar)}`,
          order: [at, 0, rank, place, index],
        });
      }
    }
    for (const [rank, [kind, rows]] of (
      [
        ['trade', await store.trades.range({ symbol })],
        ['quote', await store.quotes.range({ symbol })],
        ['orderBook', await store.orderBooks.range({ symbol })],
      ] as const
    ).entries())
      for (const [index, row] of rows.entries())
        stored.push({ kind, event: `${kind} ${print(row)}`, order: [row.timestamp, 1 + rank, 0, place, index] });
  }
  stored.sort(({ order: one }, { order: other }) => {
    const differs = one.findIndex((part, index) => part !== other[index]);
    return one[differs]! < other[differs]! ? -1 : 1;
  });
});

afterAll(async () => {
  await store.close();
  await database.drop();
});

const print = (row: object) =>
  JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));

function printEvent(event: ReplayEvent): string {
  switch (event.kind) {
    case 'bar':
      expect(event.at).toBe(BigInt(+closeOf(event.bar.timestamp, event.timeframe)) * 1000n);
      return `${event.symbol} ${event.timeframe} ${printStoredBar(event.bar)}`;
    case 'trade':
      return `trade ${print(event.trade)}`;
    case 'quote':
      return `quote ${print(event.quote)}`;
    case 'orderBook':
      return `orderBook ${print(event.orderBook)}`;
  }
}

async function replayed(input: ReplayInput, from: Transaction['feed'] = store.feed): Promise<string[]> {
  const events: string[] = [];
  for await (const event of from.replay(input)) events.push(printEvent(event));
  return events;
}

/** What a replay must answer; symbols stand for each other in the order in which they are asked for. */
function expected({ symbols, timeframes = [], from, to, kinds = ['bar'] }: ReplayInput & { from: bigint; to: bigint }) {
  const placed = stored.filter(({ kind, order: [at, , rank, place] }) => {
    const asked = kinds.includes(kind) && symbols.includes(SYMBOLS[place]!) && at >= from && at < to;
    return asked && (kind !== 'bar' || timeframes.includes(TIMEFRAMES[rank]!));
  });
  const place = (index: number) => symbols.indexOf(SYMBOLS[index]!);
  return placed
    .map((each, index) => ({ ...each, index }))
    .sort(({ order: a, index: i }, { order: b, index: j }) => {
      const same = a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
      return same ? place(a[3]) - place(b[3]) || i - j : i - j;
    })
    .map(({ event }) => event);
}

test('a replay of everything is everything in its order, over many pages, and the same twice', async () => {
  const all = { symbols: SYMBOLS, timeframes: ['1m', '5m', '1h', '1d'] as const, kinds: KINDS };
  const window = { from: micros(-10), to: micros(600_000) };
  const events = await replayed({ ...all, ...window });
  expect(events).toHaveLength(stored.length);
  expect(events).toEqual(expected({ ...all, ...window }));
  const inOneSnapshot = await store.transaction({ isolation: 'repeatable read' }, (tx) =>
    replayed({ ...all, ...window }, tx.feed),
  );
  expect(inOneSnapshot).toEqual(events);
});

test('any part of it: windows, symbols in any order, kinds, timeframes', async () => {
  const near = fc
    .tuple(fc.integer({ min: -2, max: 310 }), fc.constantFrom(-1, 0, 1, 500, 1_000))
    .map(([minute, more]) => micros(minute, more));
  const far = fc.constantFrom(...[39_600, 39_601, 61_000, 62_010, 490_000, 526_000].map((minute) => micros(minute)));
  const instant = fc.oneof({ weight: 9, arbitrary: near }, { weight: 1, arbitrary: far });
  const input = fc.record({
    symbols: fc.uniqueArray(fc.constantFrom(...SYMBOLS), { minLength: 1 }),
    timeframes: fc.uniqueArray(fc.constantFrom<Timeframe>('1d', '1h', '5m', '1m'), { minLength: 1 }),
    kinds: fc.uniqueArray(fc.constantFrom(...KINDS), { minLength: 1 }),
    window: fc.tuple(instant, instant).map(([a, b]) => (a < b ? { from: a, to: b } : { from: b, to: a })),
  });
  await fc.assert(
    fc.asyncProperty(input, async ({ window, ...rest }) => {
      const asked = { ...rest, ...window };
      expect(await replayed(asked)).toEqual(expected(asked));
    }),
    { numRuns: 30 },
  );
});

test('windows that are joined have every event once', async () => {
  const series = { symbols: ['A', 'B'], timeframes: ['1m', '1h'] as const, kinds: KINDS };
  const cuts = [micros(0), micros(7), micros(60, 500), micros(61), micros(400)];
  const parts: string[] = [];
  for (const [index, from] of cuts.slice(0, -1).entries())
    parts.push(...(await replayed({ ...series, from, to: cuts[index + 1]! })));
  expect(parts).toEqual(await replayed({ ...series, from: cuts[0]!, to: cuts.at(-1)! }));
});

test('a bar is the one that a read answers, made once', async () => {
  const [bar] = await store.bars.range({ symbol: 'A', timeframe: '1m', from: new Date(START + MINUTE) });
  for await (const event of store.feed.replay({ symbols: ['A'], timeframes: ['1m'], from: micros(2), to: micros(3) })) {
    if (event.kind !== 'bar') throw new Error(event.kind);
    expect(event.bar).toEqual(bar);
    expect(event.bar).toBe(event.bar);
    expect([event.symbol, event.timeframe, event.at]).toEqual(['A', '1m', micros(2)]);
  }
});

test('at a speed market time passes as fast as asked, and an abort ends the wait', async () => {
  const minute = { symbols: ['A'], timeframes: ['1m'] as const, from: micros(0), to: micros(10) };
  const begun = performance.now();
  expect(await replayed({ ...minute, speed: 2_400 })).toEqual(await replayed(minute));
  // The last bar of them closes after 9 minutes: 225 ms. A timer is never early.
  expect(performance.now() - begun).toBeGreaterThanOrEqual(225);
  const controller = new AbortController();
  const slow = store.feed.replay({ ...minute, speed: 1, signal: controller.signal });
  const waiting = slow.next();
  setTimeout(() => controller.abort(new Error('enough')), 20);
  await expect(waiting).rejects.toThrow('enough');
  expect(await slow.next()).toEqual({ done: true, value: undefined });
});

test('a replay that is left early gives its connections back', async () => {
  const { store: small } = await openTestStore({ maxConnections: 1 });
  await small.bars.upsert(
    bars(
      'A',
      '1m',
      Array.from({ length: 30_000 }, (_, index) => index),
    ),
  );
  const input = { symbols: ['A'], timeframes: ['1m'] as const, from: micros(0), to: micros(40_000) };
  for await (const event of small.feed.replay(input)) {
    // With one connection in all: none is held while the loop runs.
    expect(await small.bars.count({ symbol: 'A', timeframe: '1m' })).toBe(30_000);
    if (event.at > micros(3)) break;
  }
  expect(await replayed(input, small.feed)).toHaveLength(30_000);
  const controller = new AbortController();
  let count = 0;
  const aborted = (async () => {
    for await (const _ of small.feed.replay({ ...input, signal: controller.signal })) {
      count += 1;
      if (count === 1_000) controller.abort(new Error('stop'));
    }
  })();
  await expect(aborted).rejects.toThrow('stop');
  expect(count).toBeLessThan(1_300);
});

test('bars that lie ahead and are corrected meanwhile are replayed as they are then; in one snapshot, as they were', async () => {
  const { store: own, url } = await openTestStore();
  await own.bars.upsert(
    bars(
      'A',
      '1m',
      Array.from({ length: 50_000 }, (_, index) => index),
    ),
  );
  const input = { symbols: ['A'], timeframes: ['1m'] as const, from: micros(0), to: micros(60_000) };
  const correct = () =>
    own.bars.upsert([...bars('A', '1m', [49_999]).map((bar) => ({ ...bar, close: 11 })), ...bars('A', '1m', [50_000])]);
  const last = async (feed: Transaction['feed']) => {
    let answer: string | undefined;
    for await (const event of feed.replay(input)) {
      if (event.kind !== 'bar') continue;
      if (answer === undefined) await correct();
      answer = `${event.at} ${event.bar.close}`;
    }
    return answer;
  };
  expect(await last(own.feed)).toBe(`${micros(50_000)} 11`);
  await own.bars.upsert(bars('A', '1m', [49_999]));
  await own.bars.delete({ symbol: 'A', timeframe: '1m', from: new Date(START + 50_000 * MINUTE) });
  let corrected = false;
  const inOneSnapshot = await own.transaction({ isolation: 'repeatable read' }, async (tx) => {
    await tx.bars.count({ symbol: 'A', timeframe: '1m' }); // the snapshot is taken with the first read
    const other = await openStore({ databaseUrl: url });
    await other.bars.upsert(bars('A', '1m', [49_999]).map((bar) => ({ ...bar, close: 11 })));
    await other.close();
    corrected = true;
    let answer: string | undefined;
    for await (const event of tx.feed.replay(input))
      if (event.kind === 'bar') answer = `${event.at} ${event.bar.close}`;
    return answer;
  });
  expect([corrected, inOneSnapshot]).toEqual([true, `${micros(50_000)} 10.00000001`]);
  expect((await own.bars.latest({ symbol: 'A', timeframe: '1m' }))[0]!.close.toFixed()).toBe('11');
});

test('what cannot be meant is refused, and a series that is not there is told', async () => {
  const refused = (input: unknown) =>
    replayed(input as ReplayInput).then(
      () => [],
      ({ code, problems }) =>
        problems?.map(({ code: each, path }: { code: string; path: string }) => `${path} ${each}`) ?? code,
    );
  const sound = { symbols: ['A'], timeframes: ['1m'], from: '2024-01-02', to: '2024-01-02' };
  expect(await refused(sound)).toEqual([]);
  expect(await refused(null)).toEqual([' OBJECT_EXPECTED']);
  expect(await refused({ ...sound, symbols: [] })).toEqual(['symbols SYMBOLS_INVALID']);
  expect(await refused({ ...sound, symbols: ['A', 'a'] })).toEqual(['symbols SYMBOLS_INVALID']);
  expect(await refused({ ...sound, timeframes: undefined })).toEqual(['timeframes TIMEFRAMES_INVALID']);
  expect(await refused({ ...sound, timeframes: ['2m'] })).toEqual(['timeframes.0 TIMEFRAME_UNKNOWN']);
  expect(await refused({ ...sound, kinds: ['bars'] })).toEqual(['kinds.0 CHOICE_UNKNOWN']);
  expect(await refused({ ...sound, kinds: ['trade'], timeframes: undefined })).toEqual([]);
  expect(await refused({ ...sound, speed: 0 })).toEqual(['speed SPEED_INVALID']);
  expect(await refused({ ...sound, from: '2024-01-03' })).toEqual(['to WINDOW_REVERSED']);
  expect(await refused({ ...sound, from: undefined })).toEqual(['from INSTANT_INVALID']);
  expect(await refused({ ...sound, timeframes: ['15m'] })).toBe('SERIES_UNKNOWN');
  expect(await refused({ ...sound, symbols: ['NONE'], kinds: ['quote'] })).toBe('SERIES_UNKNOWN');
});

test('a gap of a year before dense bars makes no page longer than the others', async () => {
  const { store, url } = await openTestStore();
  const year = 365 * 1_440;
  await store.bars.upsert([
    ...bars('A', '1m', [0]),
    ...bars(
      'A',
      '1m',
      Array.from({ length: 5_000 }, (_, at) => year + at),
    ),
  ]);
  const client = await openRawClient(url);
  const pages = new BarPages({ symbol: 'A' as MarketSymbol, timeframe: '1m' }, START, START + 2 * year * MINUTE, 256);
  const minutes: number[][] = [];
  for (let page = await pages.read(client); page; page = await pages.read(client))
    minutes.push(Array.from(page.timestamp.subarray(0, page.length), (time) => (time - START) / MINUTE));
  expect(minutes.flat()).toEqual([0, ...Array.from({ length: 5_000 }, (_, at) => year + at)]);
  expect(Math.max(...minutes.map(({ length }) => length))).toBe(256);
});
