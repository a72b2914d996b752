import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BarBuilder, type TradeBar, type TradeInput, toBarInput } from '../../src/index.js';
import { openTestStore } from '../setup/test-database.js';

const SECOND = 1_000_000n;
const T = 1_704_205_800_000_000n; // 2024-01-02T14:30:00Z
const LATER = 86_400n * SECOND;
const INTERVALS = ['1s', '1m'] as const;

/** Bars by their place: what comes later takes the place of what came before. */
class Received {
  readonly #bars = new Map<string, TradeBar>();

  add(bars: readonly TradeBar[]): void {
    for (const bar of bars) this.#bars.set(`${bar.interval} ${bar.timestamp.getTime()}`, bar);
  }

  of(interval: string): TradeBar[] {
    const bars = [...this.#bars.values()].filter((bar) => bar.interval === interval);
    return bars.sort((a, b) => a.timestamp.getTime() - b.timestamp.getTime());
  }
}

const scaled = fc.bigInt({ min: 1n, max: 10n ** 18n - 1n });
const some = fc.record({
  at: fc.oneof(fc.bigInt({ min: 0n, max: 180n * SECOND }), {
    weight: 2,
    arbitrary: fc.constantFrom(0n, SECOND - 1n, SECOND, 60n * SECOND - 1n, 60n * SECOND),
  }),
  id: fc.oneof(fc.constant(null), fc.constantFrom('1', '2', '10', 'a', 'Z', '\u{1f600}', '\uffff', 'ab', '0000000001')),
  price: scaled,
  size: fc.oneof(scaled, fc.constantFrom(1n, 10n ** 24n - 1n)),
  side: fc.constantFrom('buy' as const, 'sell' as const, null),
});
const decimal = (value: bigint) => `${value / 10n ** 8n}.${(value % 10n ** 8n).toString().padStart(8, '0')}`;

test('its bars are those of store.trades.bars, for any trades in any order, calls and lateness', async () => {
  const { store } = await openTestStore();
  const starts = [-11_676_096_000_000_000n, -60n * SECOND, 946_684_800_000_000n - 60n * SECOND, T];
  let [number, seen, corrected] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.array(some, { maxLength: 40 }),
      fc.constantFrom(...starts),
      fc.constantFrom(0, 1, 1_000, 90_000),
      fc.integer({ min: 1, max: 12 }),
      async (given, start, lateness, size) => {
        number += 1;
        const trades: TradeInput[] = given
          .map(({ at, id, price, size, side }) => ({
            symbol: `S${number}`,
            timestamp: start + at,
            tradeId: id,
            price: decimal(price),
            size: decimal(size),
            side,
          }))
          .filter(
            (one, index, all) =>
              one.tradeId === null ||
              all.findIndex(({ timestamp, tradeId }) => timestamp === one.timestamp && tradeId === one.tradeId) ===
                index,
          );
        await store.trades.upsert(trades);
        const builder = new BarBuilder({ intervals: INTERVALS, lateness });
        const received = new Received();
        for (let index = 0; index < trades.length; index += size)
          received.add(builder.add(trades.slice(index, index + size)));
        // What comes twice changes nothing.
        received.add(builder.add(trades.filter(({ tradeId }) => tradeId !== null)));
        received.add(builder.advance(start + LATER));
        for (const interval of INTERVALS) {
          const expected = await store.trades.bars({ symbol: `S${number}`, interval, at: start + LATER });
          expect(received.of(interval)).toEqual(expected);
          seen += expected.length;
        }
        expect(builder.stats).toMatchObject({ dropped: 0, early: 0, open: 0 });
        corrected += builder.stats.corrected;
      },
    ),
    { numRuns: 150 },
  );
  expect(seen).toBeGreaterThan(50);
  expect(corrected).toBeGreaterThan(50);
});

test('its bars of a minute go into the store as they are', async () => {
  const { store } = await openTestStore();
  const trade = { symbol: 'BTCUSDT', tradeId: null, side: null };
  const trades = [
    { ...trade, timestamp: T, price: '100.5', size: '0.001' },
    { ...trade, timestamp: T + 59n * SECOND, price: '99.00000001', size: '2.5' },
    { ...trade, timestamp: T + 61n * SECOND, price: '7', size: '1' },
  ];
  const builder = new BarBuilder({ lateness: 0 });
  const bars = [...builder.add(trades), ...builder.advance(T + LATER)];
  await store.bars.upsert(
    bars.map((bar) => toBarInput(bar, 'builder')),
    { volumeScale: 3 },
  );
  const stored = await store.bars.range({ symbol: 'BTCUSDT', timeframe: '1m' });
  const values = ({ timestamp, open, high, low, close, volume, vwap }: Omit<TradeBar, 'interval'>) =>
    `${timestamp.toISOString()} ${open} ${high} ${low} ${close} ${volume} ${vwap}`;
  expect(stored.map((bar) => values(bar as never))).toEqual(bars.map(values));
  expect(stored.map(({ source }) => source)).toEqual(['builder', 'builder']);
});
