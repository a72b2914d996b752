import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BarInput, closeOf, type InferenceInput, type MarketFrame, type Timeframe } from '../../src/index.js';
import { openTestStore } from '../setup/test-database.js';

const START = Date.UTC(2024, 0, 2);
const MINUTE = 60_000;
const MINUTES = 200;
const DURATION: Record<Timeframe, number> = { '1m': 1, '5m': 5, '15m': 15, '1h': 60, '1d': 1440 };
const TIMEFRAMES = ['1m', '15m', '1h', '5m'] as const;

const instant = (minute: number, more = 0) => new Date(START + minute * MINUTE + more);

function bars(timeframe: Timeframe, close: number): BarInput[] {
  return Array.from({ length: MINUTES / DURATION[timeframe] }, (_, index) => ({
    ...{ symbol: 'AAPL', timeframe, timestamp: instant(index * DURATION[timeframe]) },
    ...{ open: 1, high: close, low: 1, close, volume: index },
  }));
}

async function openFilledStore() {
  const { store } = await openTestStore();
  await store.bars.upsert([...bars('1m', 2), ...bars('5m', 3)]);
  const every = (seconds: number) => Array.from({ length: (MINUTES * 60) / seconds }, (_, index) => index * seconds);
  await store.orderBooks.upsert(
    every(7).map((second) => ({
      ...{ symbol: 'AAPL', timestamp: BigInt(START + second * 1000) * 1000n + 500n },
      ...{ bids: [[10, 1 + (second % 5)]] as const, asks: [[11, 2]] as const },
    })),
  );
  await store.indicators.upsert(
    every(60).map((second) => ({
      ...{ symbol: 'AAPL', timeframe: '1m', name: 'sma', timestamp: instant(second / 60), value: `${second}` },
    })),
  );
  return store;
}

/** The last instant that anything in the frame tells of, in microseconds since the epoch. */
function reachOf({ timeframes, orderBook, imbalances, indicators, context, lookAhead }: MarketFrame): bigint {
  const stretch = [context, lookAhead].flatMap((each) => (each ? [each] : []));
  const closed = [
    ...timeframes.flatMap(({ bars: each }) => [...each]),
    ...stretch.flatMap(({ bars: each }) => [...each]),
  ];
  const instants = [
    ...[...closed, ...indicators].map(({ timestamp, timeframe }) => BigInt(+closeOf(timestamp, timeframe)) * 1000n),
    ...[...(orderBook ? [orderBook] : []), ...stretch.flatMap(({ orderBooks }) => orderBooks)].map(
      (book) => book.timestamp,
    ),
    ...imbalances.map(({ timestamp, seconds }) => BigInt(+timestamp + seconds * 1000) * 1000n),
  ];
  return instants.reduce((last, each) => (each > last ? each : last), 0n);
}

test('no frame has anything from after the clock, and what asks for it is counted', async () => {
  const store = await openFilledStore();
  const when = fc
    .tuple(fc.integer({ min: -5, max: MINUTES + 5 }), fc.constantFrom(0, 0, 1, -1, 30_000))
    .map(([minute, more]) => instant(minute, more));
  const read = fc.record({
    at: fc.option(when, { nil: undefined }),
    timeframes: fc.uniqueArray(fc.constantFrom(...TIMEFRAMES), { minLength: 1 }),
    bars: fc.integer({ min: 1, max: 20 }),
    contextMinutes: fc.constantFrom(undefined, 1, 30),
    lookAheadMinutes: fc.constantFrom(undefined, undefined, undefined, 1, 30),
    meanwhile: when,
  });
  let [clean, violating, empty, full] = [0, 0, 0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(read, { minLength: 1, maxLength: 5 }), fc.boolean(), async (reads, honest) => {
      const reader = store.asOf(instant(-10));
      let clock = reader.at;
      let violations = 0;
      const series = new Set<Timeframe>();
      for (const { meanwhile, ...asked } of reads) {
        if (meanwhile > clock) reader.advanceTo(meanwhile);
        clock = meanwhile > clock ? meanwhile : clock;
        const ahead = (asked.at !== undefined && asked.at > clock) || asked.lookAheadMinutes !== undefined;
        if (honest && ahead) continue;
        if (ahead) violations += 1;
        const frame = await reader.inference({ symbol: 'AAPL', ...asked });
        const at = asked.at && asked.at < clock ? asked.at : clock;
        expect(frame.at).toEqual(at);
        expect(frame.lookAhead).toBe(null);
        const reach = reachOf(frame);
        expect(reach <= BigInt(+at) * 1000n).toBe(true);
        if (reach === 0n) empty += 1;
        else full += 1;
        const { lookAheadMinutes: _, ...alone } = asked;
        expect(frame).toEqual(await store.feed.inference({ symbol: 'AAPL', ...alone, at }));
        for (const timeframe of asked.timeframes) series.add(timeframe);
      }
      expect(reader.violationCount).toBe(violations);
      expect(reader.series.map(({ timeframe }) => timeframe)).toEqual([...series].sort());
      for (const timeframe of TIMEFRAMES)
        expect(reader.vouchesFor({ symbol: 'AAPL', timeframe })).toBe(series.has(timeframe) && violations === 0);
      if (violations > 0) violating += 1;
      else if (series.size > 0) clean += 1;
    }),
    { numRuns: 40 },
  );
  expect([clean > 0, violating > 0, empty > 0, full > 0]).toEqual([true, true, true, true]);
});

test('a frame that looks ahead says so beside what was known, which stays as it is', async () => {
  const store = await openFilledStore();
  const input: InferenceInput = { symbol: 'AAPL', at: instant(60), timeframes: ['1m', '15m'], bars: 5 };
  const honest = await store.feed.inference(input);
  const both = await store.feed.inference({ ...input, contextMinutes: 2, lookAheadMinutes: 3 });
  expect({ ...both, context: null, lookAhead: null }).toEqual(honest);
  const openings = (each: MarketFrame['context']) => each!.bars.map(({ timestamp }) => +timestamp - START);
  expect(openings(both.context)).toEqual([58 * MINUTE, 59 * MINUTE]);
  expect(openings(both.lookAhead)).toEqual([60 * MINUTE, 61 * MINUTE, 62 * MINUTE]);
  expect(both.lookAhead).toMatchObject({ from: instant(60), to: instant(63), timeframe: '1m' });
  expect(both.lookAhead!.orderBooks).toHaveLength(3);
  expect(both.context!.orderBooks.map(({ timestamp }) => timestamp < BigInt(+instant(60)) * 1000n)).toEqual([
    true,
    true,
  ]);

  const reader = store.asOf(instant(60));
  await reader.inference({ ...input, lookAheadMinutes: 3 });
  await reader.inference({ ...input, at: instant(61), timeframes: ['5m', '1m'] });
  expect(reader.violations).toEqual([
    { method: 'inference', symbol: 'AAPL', timeframe: '1m', at: instant(60), asked: instant(63) },
    { method: 'inference', symbol: 'AAPL', timeframe: '5m', at: instant(60), asked: instant(61) },
  ]);
});
