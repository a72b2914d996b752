import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Bar,
  type BarInput,
  Decimal,
  type FrameStretch,
  type MarketFrame,
  type OrderBookSnapshot,
  openStore,
  parseFrame,
  type ResampledBar,
  type Store,
  serializeFrame,
  TIMEFRAMES,
  type Timeframe,
} from '../../src/index.js';
import {
  MINUTES,
  type ModelFrameRequest,
  modelFrame,
  printStoredBar,
  type RawRows,
  readRawRows,
} from '../setup/frame-model.js';
import { printResampled } from '../setup/resample-model.js';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.js';

const START = Date.UTC(2024, 0, 2);
const MINUTE = 60_000;
/** The series of the test's symbols span this long. */
const SPAN = 3 * 1440;
/** TimescaleDB plans longer than these few rows take to read. */
const CASES = { plain: 1_000, timescale: 250 };

let database: TestDatabase;
let store: Store;
let raw: RawRows;
let knownInstants: Date[];

/** Numbers that look random and are the same in every run. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

function barAt(symbol: string, timeframe: Timeframe, minute: number, roll: (below: number) => number): BarInput {
  const [low, high] = [100_00 - roll(200), 100_00 + roll(200)];
  const inside = () => new Decimal(low + roll(high - low + 1)).div(100);
  return {
    ...{ symbol, timeframe, timestamp: new Date(START + minute * MINUTE), volume: roll(5) * roll(1_000) },
    ...{ low: new Decimal(low).div(100), high: new Decimal(high).div(100), open: inside(), close: inside() },
    vwap: roll(10) === 0 ? null : inside(),
    source: roll(2) === 0 ? null : 'feed',
  };
}

/** Every opening on the grid of a timeframe between two minutes, but for gaps. */
function* openings(timeframe: Timeframe, from: number, to: number, roll: (below: number) => number, offset = 0) {
  for (let minute = from + offset; minute < to; minute += MINUTES[timeframe]) {
    const dayless = timeframe === '1m' && Math.floor(minute / 97) % 4 === 0;
    if (!dayless && roll(12) > 0) yield minute;
  }
}

const SERIES: readonly [symbol: string, timeframe: Timeframe, from: number, to: number, offset: number][] = [
  ['EVERY', '1m', 0, 1_300, 0],
  ['EVERY', '5m', 600, SPAN, 0],
  ['EVERY', '15m', 0, 2_000, 0],
  ['EVERY', '1h', 0, SPAN, 30],
  ['EVERY', '1d', 0, 10 * 1440, 0],
  ['MINUTES', '1m', 30, 900, 0],
  ['HOURS', '15m', 90, SPAN, 0],
  ['HOURS', '1h', 1_995, SPAN, 15],
  ['GONE', '1m', 100, 400, 0],
];

async function fill() {
  const roll = dice(7);
  const write = (bars: BarInput[]) => store.bars.upsert(bars);
  const later: BarInput[] = [];
  for (const [symbol, timeframe, from, to, offset] of SERIES) {
    const bars = [...openings(timeframe, from, to, roll, offset)].map((minute) =>
      barAt(symbol, timeframe, minute, roll),
    );
    later.push(...bars.filter(() => roll(9) === 0)); // they arrive late
    await write(bars.filter((bar) => !later.includes(bar)));
  }
  for (let at = 0; at < later.length; at += 300) await write(later.slice(at, at + 300));
  for (const [symbol, timeframe, from, to, offset] of SERIES) {
    for (let round = 0; round < 3; round += 1) {
      const corrected = [...openings(timeframe, from, to, roll, offset)].filter(() => roll(40) === 0);
      await write(corrected.map((minute) => barAt(symbol, timeframe, minute, roll)));
      const hole = START + (from + roll(to - from)) * MINUTE;
      await store.bars.delete({ symbol, timeframe, from: new Date(hole), to: new Date(hole + roll(120) * MINUTE) });
    }
  }
  await store.bars.delete({ symbol: 'GONE', timeframe: '1m' });
  for (const symbol of ['EVERY', 'HOURS']) {
    const books = Array.from({ length: 1_500 }, (_, index) => {
      // Bursts with seconds, and now and then an hour, between them.
      const at = START + (roll(24) + 5) * 60 * MINUTE + roll(20) * MINUTE;
      const bid = 100 - roll(3);
      const levels = (price: number, step: number) =>
        Array.from({ length: 1 + roll(3) }, (_, depth) => [price + step * depth, 1 + roll(9)] as const);
      const [bids, asks] = [levels(bid, -1), levels(101 + roll(3), 1)];
      return { symbol, timestamp: BigInt(at) * 1000n + BigInt(index * 41_003), bids, asks: roll(20) === 0 ? [] : asks };
    });
    await store.orderBooks.upsert(books.slice(0, 1_000), { allowEmptySide: true });
    await store.orderBooks.upsert(books.slice(900), { allowEmptySide: true });
    await store.orderBooks.upsert(
      books.slice(0, 60).map((book) => ({ ...book, bids: [['99', '7']] as const })),
      { allowEmptySide: true },
    );
  }
  for (const [name, timeframe, step] of [
    ['sma_20', '1m', 7],
    ['rsi', '1m', 60],
    ['rsi', '1h', 60],
    ['atr', '1d', 1440],
  ] as const) {
    const minutes = Array.from({ length: Math.floor(SPAN / step) }, (_, index) => index * step);
    const values = minutes.map((minute) => ({
      ...{ symbol: 'EVERY', timeframe, name, timestamp: new Date(START + minute * MINUTE) },
      value: { value: new Decimal(roll(9_999)).div(100), bars: [roll(20), null, true] },
    }));
    await store.indicators.upsert(values.filter(() => roll(5) > 0));
    await store.indicators.upsert(values.filter(() => roll(9) === 0));
  }
}

beforeAll(async () => {
  database = await createTestDatabase();
  store = await openStore({ databaseUrl: database.url });
  await fill();
  const client = new pg.Client({ connectionString: database.url, options: '-c timezone=UTC' });
  await client.connect();
  raw = await readRawRows(client);
  await client.end();
  const instants = raw.bars.flatMap(({ knownFrom, knownUntil }) => [knownFrom, knownUntil ?? knownFrom]);
  const known = [...instants, ...raw.books.map((book) => book.known), ...raw.indicators.map((row) => row.known)];
  const distinct = [...new Set(known.map((each) => Number(each / 1000n)))].sort((a, b) => a - b);
  // The reference makes every series anew for each.
  knownInstants = distinct
    .filter((_, index) => index % Math.ceil(distinct.length / 20) === 0)
    .map((each) => new Date(each));
});

afterAll(async () => {
  await store.close();
  await database.drop();
});

const MAY_BE = { minLength: 1, maxLength: 5 };

function requests(): fc.Arbitrary<ModelFrameRequest> {
  const minute = fc.integer({ min: -10, max: SPAN + 1_500 });
  const offset = fc.oneof(fc.constantFrom(0, 0, 1, -1), fc.integer({ min: 0, max: MINUTE }));
  const anyInstant = fc.tuple(minute, offset).map(([at, more]) => START + at * MINUTE + more);
  // Where books are: they stand close together, and far from each other.
  const bookInstant = fc
    .tuple(fc.nat(), fc.constantFrom(0, 1, 900, 5_000, 40_000))
    .map(([index, more]) => Math.floor(Number(raw.books[index % raw.books.length]!.at) / 1000) + more);
  const known = fc
    .tuple(fc.nat(), fc.constantFrom(0, 0, 1, -1))
    .map(([index, more]) => new Date(+knownInstants[index % knownInstants.length]! + more));
  const minutes = fc.option(fc.constantFrom(1, 7, 60, 240), { nil: undefined, freq: 2 });
  return fc.record({
    symbol: fc.constantFrom('EVERY', 'EVERY', 'EVERY', 'MINUTES', 'HOURS', 'HOURS', 'GONE', 'NONE'),
    at: fc.oneof(anyInstant, anyInstant, bookInstant).map((at) => new Date(at)),
    knownAt: fc.option(known, { nil: undefined, freq: 1 }),
    timeframes: fc.uniqueArray(fc.constantFrom(...TIMEFRAMES), MAY_BE),
    bars: fc.constantFrom(1, 5, 30, 100),
    contextMinutes: minutes,
    lookAheadMinutes: minutes,
  });
}

function printBook({ timestamp, bids, asks }: OrderBookSnapshot): string {
  const side = (levels: OrderBookSnapshot['bids']) => levels.map(([price, size]) => `${price}x${size}`).join();
  return [timestamp, side(bids), side(asks)].join(' ');
}

function printFrame(frame: MarketFrame) {
  const stretch = (each: FrameStretch | null) =>
    each && {
      ...{ from: each.from.toISOString(), to: each.to.toISOString(), timeframe: each.timeframe },
      bars: each.bars.map(printStoredBar),
      orderBooks: each.orderBooks.map(printBook),
    };
  return {
    frames: frame.timeframes.map(({ timeframe, source, from, bars }) => ({
      ...{ timeframe, source, from },
      bars: bars.map((bar: Bar | ResampledBar) => ('createdAt' in bar ? printStoredBar(bar) : printResampled(bar))),
    })),
    orderBook: frame.orderBook && printBook(frame.orderBook),
    imbalances: frame.imbalances.map(
      ({ seconds, timestamp, imbalance, snapshots }) =>
        `${seconds} ${timestamp.toISOString()} ${imbalance?.toFixed() ?? null} ${snapshots}`,
    ),
    indicators: frame.indicators.map(
      ({ timeframe, name, timestamp, value }) =>
        `${timeframe} ${name} ${BigInt(+timestamp) * 1000n} ${JSON.stringify(value)}`,
    ),
    context: stretch(frame.context),
    lookAhead: stretch(frame.lookAhead),
  };
}

test('a frame is what a plain reference makes of the raw rows, and comes back from JSON as it was', async () => {
  const seen = { stored: 0, resampled: 0, none: 0, books: 0, imbalances: 0, indicators: 0, context: 0, lookAhead: 0 };
  let cases = 0;
  await fc.assert(
    fc.asyncProperty(requests(), async (request) => {
      const frame = await store.feed.inference(request);
      expect(printFrame(frame)).toEqual(modelFrame(raw, request));
      expect(frame).toMatchObject({ symbol: request.symbol, at: request.at, knownAt: request.knownAt ?? null });
      if (cases++ % 5 === 0) expect(parseFrame(serializeFrame(frame))).toEqual(frame);
      for (const { source } of frame.timeframes) seen[source] += 1;
      if (frame.orderBook) seen.books += 1;
      for (const part of ['imbalances', 'indicators'] as const) if (frame[part].length > 0) seen[part] += 1;
      for (const part of ['context', 'lookAhead'] as const)
        if (frame[part] && frame[part].bars.length > 0 && frame[part].orderBooks.length > 0) seen[part] += 1;
    }),
    { numRuns: CASES[store.layout] },
  );
  expect(Object.entries(seen).filter(([, times]) => times < 5)).toEqual([]);
}, 240_000);
