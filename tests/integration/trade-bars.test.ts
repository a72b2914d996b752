import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvalidInputError, type TradeBar, type TradeInput } from '../../src/index.js';
import { openTestStore } from '../setup/test-database.js';

const SECOND = 1_000_000n;
const T = 1_704_205_800_000_000n; // 2024-01-02T14:30:00Z
const key = { symbol: 'BTCUSDT' };

function trade(at: bigint, price: string, size: string, change: Partial<TradeInput> = {}): TradeInput {
  return { ...key, timestamp: T + at, tradeId: null, price, size, ...change };
}

const print = (bar: TradeBar) =>
  [
    `${(BigInt(bar.timestamp.getTime()) * 1000n - T) / SECOND}s`,
    `${bar.open} ${bar.high} ${bar.low} ${bar.close}`,
    `${bar.volume} (${bar.buyVolume} ${bar.sellVolume}) @ ${bar.vwap} x ${bar.trades}`,
  ].join(' | ');

test('bars of a second and of a minute: exact values, gaps where nobody traded', async () => {
  const { store } = await openTestStore();
  await store.trades.upsert([
    trade(0n, '100', '1', { side: 'buy' }),
    trade(999_999n, '101.5', '0.00000001', { side: 'sell' }),
    trade(1_000_000n, '99', '2'),
    trade(1_000_001n, '98.00000001', '9999999999999999.99999999', { side: 'sell' }),
    trade(59_999_999n, '103', '3', { side: 'buy' }),
    trade(60_000_000n, '7', '3', { side: 'buy' }),
  ]);
  const seconds = await store.trades.bars({ ...key, interval: '1s' });
  expect(seconds.map(print)).toEqual([
    // (100 x 1 + 101.5 x 0.00000001) / 1.00000001 = 100.00000001499...
    '0s | 100 101.5 100 101.5 | 1.00000001 (1 0.00000001) @ 100.00000001 x 2',
    '1s | 99 99 98.00000001 98.00000001 | 10000000000000001.99999999 (0 9999999999999999.99999999) @ 98.00000001 x 2',
    '59s | 103 103 103 103 | 3 (3 0) @ 103 x 1',
    '60s | 7 7 7 7 | 3 (3 0) @ 7 x 1',
  ]);
  expect(seconds[0]).toMatchObject({ symbol: 'BTCUSDT', interval: '1s', timestamp: new Date('2024-01-02T14:30:00Z') });
  const minutes = await store.trades.bars({ ...key, interval: '1m' });
  expect(minutes.map(print)).toEqual([
    '0s | 100 103 98.00000001 103 | 10000000000000006 (4 10000000000000000) @ 98.00000001 x 5',
    '60s | 7 7 7 7 | 3 (3 0) @ 7 x 1',
  ]);
  expect(await store.trades.bars({ symbol: 'NONE', interval: '1s' })).toEqual([]);
});

test('a VWAP on the half of the eighth decimal goes up, away from zero', async () => {
  const { store } = await openTestStore();
  await store.trades.upsert(
    [
      trade(0n, '0.00000001', '1'),
      trade(0n, '0.00000002', '1'),
      trade(SECOND, '-0.00000001', '1'),
      trade(SECOND, '-0.00000002', '1'),
      trade(2n * SECOND, '1', '1'),
      trade(2n * SECOND, '2', '2'),
    ],
    { allowNonPositive: true },
  );
  const bars = await store.trades.bars({ ...key, interval: '1s' });
  expect(bars.map(({ vwap, high, low }) => `${low} ${vwap} ${high}`)).toEqual([
    '0.00000001 0.00000002 0.00000002',
    '-0.00000002 -0.00000002 -0.00000001',
    '1 1.66666667 2',
  ]);
});

test('at one instant the trades count in the order of their ids, or of their places', async () => {
  const { store } = await openTestStore();
  const named = (tradeId: string, price: string) => trade(5n, price, '1', { tradeId });
  await store.trades.upsert([named('100', '3'), named('9', '1'), named('10', '2')]);
  await store.trades.upsert([trade(SECOND, '6', '1'), trade(SECOND, '4', '1'), trade(SECOND, '5', '1')]);
  const bars = await store.trades.bars({ ...key, interval: '1s' });
  expect(bars.map(({ open, close }) => `${open} ${close}`)).toEqual(['1 3', '6 5']);
});

test('a window has the bars that open in it, each whole, and none that had not closed by then', async () => {
  const { store } = await openTestStore();
  await store.trades.upsert(
    Array.from({ length: 40 }, (_, index) => trade(BigInt(index) * 100_000n, `${10 + index}`, '1')),
  );
  const seconds = async (window: { from?: bigint; to?: bigint; at?: bigint }) => {
    const bars = await store.trades.bars({ ...key, interval: '1s', ...window });
    return bars.map(({ open, close }) => `${open}-${close}`).join(' ');
  };
  expect(await seconds({})).toBe('10-19 20-29 30-39 40-49');
  expect(await seconds({ from: T, to: T + SECOND })).toBe('10-19');
  // Bounds inside a second: the second that opens at or behind them, with all its trades.
  expect(await seconds({ from: T + 1n })).toBe('20-29 30-39 40-49');
  expect(await seconds({ to: T + SECOND + 1n })).toBe('10-19 20-29');
  expect(await seconds({ from: T + 1n, to: T + SECOND })).toBe('');
  const [left, right] = [await seconds({ to: T + 1_500_000n }), await seconds({ from: T + 1_500_000n })];
  expect(`${left} ${right}`).toBe(await seconds({}));
  expect(await seconds({ at: T + 2n * SECOND - 1n })).toBe('10-19');
  expect(await seconds({ at: T + 2n * SECOND })).toBe('10-19 20-29');
  expect(await seconds({ at: T - 1n })).toBe('');
  expect(await store.trades.bars({ ...key, interval: '1m', at: T + 60n * SECOND - 1n })).toEqual([]);
  expect(await store.trades.bars({ ...key, interval: '1m', at: '2024-01-02T14:31:00.000000Z' })).toHaveLength(1);
});

test('the bar under way is not there, nor one of the future', async () => {
  const { store } = await openTestStore();
  const now = BigInt(Date.now()) * 1000n;
  const minute = now - (now % (60n * SECOND));
  const at = (timestamp: bigint) => ({ ...trade(0n, '1', '1'), timestamp });
  await store.trades.upsert([at(minute - 1n), at(now + 3_600n * SECOND)]);
  const bars = await store.trades.bars({ ...key, interval: '1m' });
  expect(bars.map(({ timestamp }) => timestamp)).toEqual([new Date(Number(minute / 1000n) - 60_000)]);
  expect(await store.trades.bars({ ...key, interval: '1m', at: now + 7_200n * SECOND })).toHaveLength(2);
});

test('page by page as all at once, whether a page has many bars or a bar more trades than a page', async () => {
  const { store } = await openTestStore();
  function* stream() {
    for (let index = 0; index < 25_000; index += 1) yield trade(BigInt(index * 33), `${1 + (index % 9)}`, '1');
    // 2 trades a second, with a pause of a day.
    for (let index = 0; index < 25_000; index += 1)
      yield trade(BigInt(index) * 500_000n + (index > 9_000 ? 86_400n : 2n) * SECOND, `${1 + (index % 7)}`, '0.5');
  }
  await store.trades.upsert(stream());
  for (const interval of ['1s', '1m'] as const) {
    const all = await store.trades.bars({ ...key, interval });
    const each: TradeBar[] = [];
    for await (const bar of store.trades.iterateBars({ ...key, interval })) each.push(bar);
    expect(each).toEqual(all);
    expect(all.reduce((sum, { trades }) => sum + trades, 0)).toBe(50_000);
  }
  const aborted = store.trades.iterateBars({ ...key, interval: '1s', signal: AbortSignal.abort() });
  await expect(aborted.next()).rejects.toThrow('aborted');
});

test('refuses an interval, an instant and a window that are none', async () => {
  const { store } = await openTestStore();
  const refused = async (change: object) =>
    store.trades.bars({ ...key, interval: '1s', ...change }).catch((error: InvalidInputError) => {
      expect(error).toBeInstanceOf(InvalidInputError);
      return error.problems.map(({ code, path }) => `${code} ${path}`);
    });
  expect(await refused({ interval: '5m' })).toEqual(['CHOICE_UNKNOWN interval']);
  expect(await refused({ interval: undefined })).toEqual(['CHOICE_UNKNOWN interval']);
  expect(await refused({ at: T * 1000n })).toEqual(['INSTANT_OUT_OF_RANGE at']);
  expect(await refused({ from: '1599-12-31' })).toEqual(['INSTANT_OUT_OF_RANGE from']);
  expect(await refused({ from: T, to: T - 1n })).toEqual(['WINDOW_REVERSED to']);
  expect(await refused({ symbol: '' })).toEqual(['SYMBOL_INVALID symbol']);
});

test('is what integers say, for any trades, window and instant', async () => {
  const { store } = await openTestStore();
  // Around 1600, 1970 and 2000 a rounding towards zero would show.
  const starts = [-11_676_096_000_000_000n, -60n * SECOND, 946_684_800_000_000n - 60n * SECOND, T];
  const scaled = fc.bigInt({ min: 1n, max: 10n ** 18n - 1n });
  const some = fc.record({
    at: fc.oneof(fc.bigInt({ min: 0n, max: 180n * SECOND }), fc.constantFrom(0n, SECOND - 1n, SECOND, 60n * SECOND)),
    id: fc.constantFrom(null, '1', '2', '10', 'a'),
    price: scaled,
    size: fc.oneof(scaled, fc.constantFrom(1n, 10n ** 24n - 1n)),
    side: fc.constantFrom('buy' as const, 'sell' as const, null),
  });
  const trades = fc
    .array(some, { maxLength: 40 })
    .map((all) =>
      all.filter(
        ({ at, id }, index) => id === null || all.findIndex((one) => one.at === at && one.id === id) === index,
      ),
    );
  const bound = fc.option(fc.bigInt({ min: -SECOND, max: 200n * SECOND }), { freq: 2 });
  let [number, seen] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      ...([trades, fc.constantFrom(...starts), fc.constantFrom('1s', '1m'), bound, bound, bound] as const),
      async (given, start, interval, one, other, at) => {
        number += 1;
        const symbol = `S${number}`;
        const decimal = (value: bigint) => `${value / 10n ** 8n}.${(value % 10n ** 8n).toString().padStart(8, '0')}`;
        await store.trades.upsert(
          given.map((each) => ({
            symbol,
            timestamp: start + each.at,
            tradeId: each.id,
            price: decimal(each.price),
            size: decimal(each.size),
            side: each.side,
          })),
        );
        const [low, high] = one !== null && other !== null && one > other ? [other, one] : [one, other];
        const from = low === null || low < 0n ? undefined : start + low;
        const to = high === null || high < 0n ? undefined : start + high;
        const until = at === null || at < 0n ? undefined : start + at;
        const reference = new Map<
          bigint,
          { id: string; at: bigint; price: bigint; size: bigint; side: string | null }[]
        >();
        const span = interval === '1s' ? SECOND : 60n * SECOND;
        const places = new Map<bigint, number>();
        for (const each of given) {
          const place = places.get(each.at) ?? 0;
          if (each.id === null) places.set(each.at, place + 1);
          const id = each.id ?? `#${place}`;
          // Every start is a whole minute.
          const opening = start + (each.at / span) * span;
          if (from !== undefined && opening < from) continue;
          if (to !== undefined && opening >= to) continue;
          if (until !== undefined && opening + span > until) continue;
          reference.set(opening, [...(reference.get(opening) ?? []), { ...each, id }]);
        }
        const expected = [...reference]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([opening, all]) => {
            all.sort((a, b) => Number(a.at - b.at) || a.id.length - b.id.length || (a.id < b.id ? -1 : 1));
            const sum = (part: typeof all) => part.reduce((total, { size }) => total + size, 0n);
            const turnover = all.reduce((total, { price, size }) => total + price * size, 0n);
            const prices = all.map(({ price }) => price);
            const extreme = (direction: 1 | -1) => prices.reduce((a, b) => ((direction === 1) === a > b ? a : b));
            return {
              timestamp: opening / 1000n,
              prices: [prices[0], extreme(1), extreme(-1), prices.at(-1)],
              volumes: [
                sum(all),
                sum(all.filter(({ side }) => side === 'buy')),
                sum(all.filter(({ side }) => side === 'sell')),
              ],
              vwap: (2n * turnover + sum(all)) / (2n * sum(all)),
              trades: all.length,
            };
          });
        const integer = (value: { toFixed(places: number): string }) => BigInt(value.toFixed(8).replace('.', ''));
        const bars = await store.trades.bars({ symbol, interval, from, to, at: until });
        expect(
          bars.map((bar) => ({
            timestamp: BigInt(bar.timestamp.getTime()),
            prices: [bar.open, bar.high, bar.low, bar.close].map(integer),
            volumes: [bar.volume, bar.buyVolume, bar.sellVolume].map(integer),
            vwap: integer(bar.vwap),
            trades: bar.trades,
          })),
        ).toEqual(expected);
        seen += bars.length;
        const each: TradeBar[] = [];
        for await (const bar of store.trades.iterateBars({ symbol, interval, from, to, at: until })) each.push(bar);
        expect(each).toEqual(bars);
      },
    ),
    { numRuns: 150 },
  );
  expect(seen).toBeGreaterThan(50);
});
