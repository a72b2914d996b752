import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BookImbalance, InvalidInputError, type OrderBookInput, type OrderBookSnapshot } from '../../src/index.js';
import { openTestStore } from '../setup/test-database.js';

const SECOND = 1_000_000n;
const T = 1_704_205_800_000_000n; // 2024-01-02T14:30:00Z
const key = { symbol: 'BTCUSDT' };

/** A book of which the imbalance is (bid - ask) / (bid + ask); a side without a size is empty. */
function book(at: bigint, bid: bigint | number | string, ask: bigint | number | string): OrderBookInput {
  const side = (price: number, size: bigint | number | string) =>
    size === 0 || size === 0n ? [] : [[price, size] as const];
  return { ...key, timestamp: T + at, bids: side(100, bid), asks: side(101, ask) };
}

const at = ({ timestamp }: OrderBookSnapshot) => timestamp - T;
const print = ({ timestamp, imbalance, snapshots }: BookImbalance) =>
  `${(BigInt(timestamp.getTime()) * 1000n - T) / SECOND}s ${imbalance} x${snapshots}`;

test('the last book of each second and minute, with its own instant, and no book where none was taken', async () => {
  const { store } = await openTestStore();
  const instants = [0n, 500_000n, 999_999n, 1_000_000n, 3_000_001n, 3_000_002n, 59_999_999n, 60_000_000n];
  await store.orderBooks.upsert(instants.map((instant, index) => book(instant, 1 + index, 1)));
  const seconds = await store.orderBooks.snapshots({ ...key, every: '1s' });
  expect(seconds.map(at)).toEqual([999_999n, 1_000_000n, 3_000_002n, 59_999_999n, 60_000_000n]);
  expect(seconds[0]).toMatchObject({ symbol: 'BTCUSDT', bids: [[{}, {}]], createdAt: expect.any(Date) });
  expect(seconds.map(({ bids, imbalance }) => `${bids} ${imbalance}`)).toEqual([
    '100,3 0.5',
    '100,4 0.6',
    '100,6 0.71428571',
    '100,7 0.75',
    '100,8 0.77777778',
  ]);
  const minutes = await store.orderBooks.snapshots({ ...key, every: '1m' });
  expect(minutes.map(at)).toEqual([59_999_999n, 60_000_000n]);
  const raw = await store.orderBooks.snapshots({ ...key, every: 'raw' });
  expect(raw).toEqual(await store.orderBooks.range(key));
  expect(raw).toHaveLength(8);
  expect(await store.orderBooks.upsert(seconds)).toMatchObject({ inserted: 0, unchanged: 5 });
  expect(await store.orderBooks.snapshots({ symbol: 'NONE', every: '1s' })).toEqual([]);
});

test('only seconds that open in the window and had closed by then', async () => {
  const { store } = await openTestStore();
  await store.orderBooks.upsert(Array.from({ length: 40 }, (_, index) => book(BigInt(index) * 100_000n, 1, 1)));
  const snapshots = async (change: object) =>
    (await store.orderBooks.snapshots({ ...key, every: '1s', ...change })).map((one) => Number(at(one) / 100_000n));
  expect(await snapshots({})).toEqual([9, 19, 29, 39]);
  expect(await snapshots({ from: T + 1n, to: T + 2n * SECOND + 1n })).toEqual([19, 29]);
  expect(await snapshots({ at: T + 2n * SECOND - 1n })).toEqual([9]);
  expect(await snapshots({ at: T + 2n * SECOND })).toEqual([9, 19]);
  expect(await snapshots({ every: 'raw', from: T + 300_000n, to: T + 600_000n })).toEqual([3, 4, 5]);
  expect(await snapshots({ every: 'raw', at: T + 100_000n })).toEqual([0, 1]);
  expect(await snapshots({ every: 'raw', at: T + 99_999n })).toEqual([0]);
  const imbalance = async (change: object) =>
    (await store.orderBooks.imbalance({ ...key, seconds: 1, ...change })).map(print);
  expect(await imbalance({ from: T + 1n, to: T + 2n * SECOND + 1n })).toEqual(['1s 0 x10', '2s 0 x10']);
  expect(await imbalance({ at: T + 2n * SECOND - 1n })).toEqual(['0s 0 x10']);
});

test('what has not closed by now is not there', async () => {
  const { store } = await openTestStore();
  const now = BigInt(Date.now()) * 1000n - T;
  const minute = now - (now % (60n * SECOND));
  await store.orderBooks.upsert([book(minute - 1n, 1, 1), book(now + 3_600n * SECOND, 1, 1)]);
  expect((await store.orderBooks.snapshots({ ...key, every: 'raw' })).map(at)).toEqual([minute - 1n]);
  expect((await store.orderBooks.snapshots({ ...key, every: '1m' })).map(at)).toEqual([minute - 1n]);
  expect(await store.orderBooks.imbalance({ ...key, seconds: 60 })).toHaveLength(1);
  const later = T + now + 7_200n * SECOND;
  expect(await store.orderBooks.imbalance({ ...key, seconds: 60, at: later })).toHaveLength(2);
});

test('imbalance is the mean over the time that each book stood in its window', async () => {
  const { store } = await openTestStore();
  await store.orderBooks.upsert(
    [
      book(0n, 3, 1), // 0.5 for 0.25 s
      book(250_000n, 1, 3), // -0.5 for 0.5 s
      book(750_000n, 1, 1), // 0 for 0.25 s
      book(1_900_000n, 9, 1), // 0.8 to the end of its second; what stood before it in this second does not count
      book(3_000_000n, 1, 2), // -0.33333333 for 2/3 of a second, then
      book(3_666_666n, 1, 0), // a book of one side, whose time does not count
      book(7_500_000n, 0, 1),
    ],
    { allowEmptySide: true },
  );
  expect((await store.orderBooks.imbalance({ ...key, seconds: 1 })).map(print)).toEqual([
    '0s -0.125 x3',
    '1s 0.8 x1',
    '3s -0.33333333 x2',
    '7s null x1',
  ]);
  // 0.5 x 0.25 - 0.5 x 0.5 + 0 x 1.15 + 0.8 x 1.1 - 0.33333333 x 0.666666 = 0.532778002222...; over 3.666666 s
  expect((await store.orderBooks.imbalance({ ...key, seconds: 5 })).map(print)).toEqual([
    '0s 0.14530312 x6',
    '5s null x1',
  ]);
  for (const seconds of [15, 60] as const)
    expect((await store.orderBooks.imbalance({ ...key, seconds })).map(print)).toEqual(['0s 0.14530312 x7']);
  expect((await store.orderBooks.imbalance({ ...key, seconds: 60 }))[0]).toMatchObject({
    symbol: 'BTCUSDT',
    seconds: 60,
  });
});

test('a half of the eighth decimal is rounded away from zero', async () => {
  const { store } = await openTestStore();
  const [more, less] = ['100.000001', '99.999999']; // 0.00000001 of their sum
  await store.orderBooks.upsert([
    book(0n, more, less),
    book(500_000n, 1, 1),
    book(SECOND, less, more),
    book(SECOND + 500_000n, 1, 1),
    book(2n * SECOND, less, more),
    book(2n * SECOND + 499_999n, 1, 1),
  ]);
  expect((await store.orderBooks.imbalance({ ...key, seconds: 1 })).map(print)).toEqual([
    '0s 0.00000001 x2',
    '1s -0.00000001 x2',
    '2s 0 x2',
  ]);
  const imbalances = await store.orderBooks.imbalance({ ...key, seconds: 1 });
  expect(JSON.stringify(imbalances.map(({ imbalance }) => imbalance))).toBe('["0.00000001","-0.00000001","0"]');
});

test('page by page as all at once', async () => {
  const { store } = await openTestStore();
  function* stream() {
    // More than a page in one second, then ten a second with a pause of a day.
    for (let index = 0; index < 6_000; index += 1) yield book(BigInt(index) * 150n, 1 + (index % 5), 1 + (index % 3));
    for (let index = 0; index < 8_000; index += 1)
      yield book(BigInt(index) * 100_000n + (index > 3_000 ? 86_400n : 2n) * SECOND, 1 + (index % 7), 2);
  }
  await store.orderBooks.upsert(stream());
  for (const every of ['raw', '1s', '1m'] as const) {
    const each: OrderBookSnapshot[] = [];
    for await (const one of store.orderBooks.iterateSnapshots({ ...key, every })) each.push(one);
    expect(each).toEqual(await store.orderBooks.snapshots({ ...key, every }));
    expect(each.length).toBe({ raw: 14_000, '1s': 802, '1m': 15 }[every]);
  }
  for (const seconds of [1, 5, 15, 60] as const) {
    const each: BookImbalance[] = [];
    for await (const one of store.orderBooks.iterateImbalance({ ...key, seconds })) each.push(one);
    expect(each).toEqual(await store.orderBooks.imbalance({ ...key, seconds }));
    expect(each.reduce((sum, { snapshots }) => sum + snapshots, 0)).toBe(14_000);
  }
  const signal = AbortSignal.abort();
  await expect(store.orderBooks.iterateSnapshots({ ...key, every: '1s', signal }).next()).rejects.toThrow('aborted');
  await expect(store.orderBooks.iterateImbalance({ ...key, seconds: 1, signal }).next()).rejects.toThrow('aborted');
});

test('refuses what is no choice, no instant and no window', async () => {
  const { store } = await openTestStore();
  const problems = (error: InvalidInputError) => {
    expect(error).toBeInstanceOf(InvalidInputError);
    return error.problems.map(({ code, path }) => `${code} ${path}`);
  };
  const snapshots = (change: object) => store.orderBooks.snapshots({ ...key, every: '1s', ...change }).catch(problems);
  const imbalance = (change: object) => store.orderBooks.imbalance({ ...key, seconds: 5, ...change }).catch(problems);
  expect(await snapshots({ every: '5s' })).toEqual(['CHOICE_UNKNOWN every']);
  expect(await snapshots({ at: '1599-12-31' })).toEqual(['INSTANT_OUT_OF_RANGE at']);
  expect(await snapshots({ from: 2n, to: 1n })).toEqual(['WINDOW_REVERSED to']);
  expect(await imbalance({ seconds: 10 })).toEqual(['CHOICE_UNKNOWN seconds']);
  expect(await imbalance({ seconds: '5' })).toEqual(['CHOICE_UNKNOWN seconds']);
  expect(await imbalance({ to: T * 1000n })).toEqual(['INSTANT_OUT_OF_RANGE to']);
});

test('is what integers say, for any books, window and instant', async () => {
  const { store } = await openTestStore();
  const starts = [-11_676_096_000_000_000n, -120n * SECOND, 946_684_800_000_000n - 120n * SECOND, T];
  const size = fc.oneof(fc.bigInt({ min: 0n, max: 9n }), fc.bigInt({ min: 1n, max: 10n ** 15n }));
  const some = fc.record({
    at: fc.oneof(fc.bigInt({ min: 0n, max: 150n * SECOND }), fc.constantFrom(0n, SECOND - 1n, SECOND, 60n * SECOND)),
    bid: size,
    ask: size,
  });
  const books = fc.uniqueArray(
    some.filter(({ bid, ask }) => bid + ask > 0n),
    { maxLength: 30, selector: ({ at: instant }) => instant },
  );
  const bound = fc.option(fc.bigInt({ min: 0n, max: 160n * SECOND }), { freq: 2 });
  let [number, seen] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      ...([books, fc.constantFrom(...starts), fc.constantFrom(1, 5, 15, 60), bound, bound, bound] as const),
      async (given, start, seconds, one, other, until) => {
        number += 1;
        const symbol = `S${number}`;
        const [low, high] = one !== null && other !== null && one > other ? [other, one] : [one, other];
        const window = {
          symbol,
          from: low === null ? undefined : start + low,
          to: high === null ? undefined : start + high,
          at: until === null ? undefined : start + until,
        };
        await store.orderBooks.upsert(
          given.map((each) => ({ ...book(0n, each.bid, each.ask), symbol, timestamp: start + each.at })),
          { allowEmptySide: true },
        );
        const buckets = (span: bigint) => {
          const all = new Map<bigint, typeof given>();
          for (const each of [...given].sort((a, b) => (a.at < b.at ? -1 : 1))) {
            // Every start is a whole minute.
            const opening = (each.at / span) * span;
            if (low !== null && opening < low) continue;
            if (high !== null && opening >= high) continue;
            if (until !== null && opening + span > until) continue;
            all.set(opening, [...(all.get(opening) ?? []), each]);
          }
          return [...all];
        };
        const span = BigInt(seconds) * SECOND;
        const half = (dividend: bigint, divisor: bigint) => {
          const size = ((dividend < 0n ? -dividend : dividend) * 2n + divisor) / (2n * divisor);
          return dividend < 0n ? -size : size;
        };
        const expected = buckets(span).map(([opening, all]) => {
          let [weighted, weight] = [0n, 0n];
          for (const [index, { at: instant, bid, ask }] of all.entries()) {
            if (bid === 0n || ask === 0n) continue;
            const stood = (all[index + 1]?.at ?? opening + span) - instant;
            weighted += stood * half((bid - ask) * 10n ** 8n, bid + ask);
            weight += stood;
          }
          const imbalance = weight === 0n ? null : half(weighted, weight);
          return { opening: start + opening, imbalance, snapshots: all.length };
        });
        const imbalances = await store.orderBooks.imbalance({ ...window, seconds });
        expect(
          imbalances.map(({ timestamp, imbalance, snapshots }) => ({
            opening: BigInt(timestamp.getTime()) * 1000n,
            imbalance: imbalance && BigInt(imbalance.toFixed(8).replace('.', '')),
            snapshots,
          })),
        ).toEqual(expected);
        for (const every of ['1s', '1m'] as const) {
          const last = buckets(every === '1s' ? SECOND : 60n * SECOND).map(([, all]) => start + all.at(-1)!.at);
          const snapshots = await store.orderBooks.snapshots({ ...window, every });
          expect(snapshots.map(({ timestamp }) => timestamp)).toEqual(last);
        }
        seen += imbalances.length;
      },
    ),
    { numRuns: 150 },
  );
  expect(seen).toBeGreaterThan(50);
});
