import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BarColumns, BarInput, Decimal } from '../../src/index.js';
import { instantOf } from '../setup/bar-arbitraries.js';
import { openTestStore } from '../setup/test-database.js';

const PRICES = ['open', 'high', 'low', 'close', 'vwap'] as const;
const COLUMNS = [...PRICES, 'volume', 'spread', 'spreadRatio', 'volumeRatio'] as const;

/** A price as text: any NUMERIC(18,8), the smallest, the largest and those around a group of four digits among them. */
const units = fc.oneof(
  fc.bigInt({ min: 1n, max: 10n ** 18n - 1n }),
  fc.bigInt({ min: 1n, max: 100_000n }),
  fc.constantFrom(1n, 9_999n, 10_000n, 99_999_999n, 10n ** 8n, 10n ** 12n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n),
  fc.constant(10n ** 18n - 1n),
);
const text = (value: bigint, scale: number) => {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}.${digits.slice(digits.length - scale)}`;
};

const bar = fc
  .tuple(
    fc.tuple(units, units, units, units),
    fc.boolean(),
    fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), fc.constantFrom(0n, 1n, 2n ** 53n + 1n, 2n ** 63n - 1n)),
    fc.option(units),
  )
  .map(([prices, below, volume, vwap]) => {
    const sign = below ? -1n : 1n;
    const [low, a, b, high] = prices.map((price) => price * sign).sort((x, y) => (x < y ? -1 : x > y ? 1 : 0));
    return { low: low!, open: a!, close: b!, high: high!, volume, vwap: vwap === null ? null : vwap * sign };
  });

function expectSame(columns: BarColumns, bars: readonly { timestamp: Date }[]): void {
  expect(columns.length).toBe(bars.length);
  expect([...columns.timestamp]).toEqual(bars.map((each) => each.timestamp.getTime()));
  for (const name of COLUMNS) {
    const column = columns[name];
    const floats = column.toFloat64();
    expect([column.values.length, floats.length]).toEqual([bars.length, bars.length]);
    for (const [index, each] of bars.entries()) {
      const exact = (each as unknown as Record<string, Decimal | null>)[name] ?? null;
      expect(column.at(index)?.toFixed() ?? null).toBe(exact?.toFixed() ?? null);
      expect(floats[index]).toBe(exact === null ? Number.NaN : Number(exact.toFixed()));
    }
  }
}

test('columns hold exactly the decimals that range gives, and Float64 the nearest doubles', async () => {
  const { store } = await openTestStore();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(bar, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 0, max: 8 }),
      async (bars, scale) => {
        run += 1;
        const key = { symbol: `S${run}`, timeframe: '1m' } as const;
        const rows = bars.map(
          ({ volume, vwap, ...prices }, slot): BarInput => ({
            ...key,
            timestamp: instantOf(slot),
            open: text(prices.open, 8),
            high: text(prices.high, 8),
            low: text(prices.low, 8),
            close: text(prices.close, 8),
            volume: scale === 0 ? volume.toString() : text(volume, scale),
            vwap: vwap === null ? null : text(vwap, 8),
          }),
        );
        const options = { volumeScale: scale, allowNonPositive: true };
        expect(await store.bars.upsert(rows, options)).toEqual({ inserted: rows.length, changed: 0, unchanged: 0 });
        const stored = await store.bars.range(key);
        for (const [index, row] of rows.entries()) {
          for (const name of PRICES) expect(stored[index]![name]?.toFixed(8) ?? null).toBe(row[name] ?? null); // as it went in
          expect(stored[index]!.volume.toFixed(scale)).toBe(row.volume);
        }
        const columns = await store.bars.columns(key);
        expect([columns.close.scale, columns.volume.scale, columns.volumeRatio.scale]).toEqual([8, scale, 4]);
        expectSame(columns, stored);
        expectSame(await store.bars.columns({ ...key, knownAt: new Date('9999-12-31') }), stored);
        // The way back through COPY compares equal: nothing is a change.
        expect(await store.bars.upsert(rows, options)).toEqual({ inserted: 0, changed: 0, unchanged: rows.length });
      },
    ),
    { numRuns: 25 },
  );
});

test('an aborted read of columns ends with its reason, and its connection keeps nobody waiting', async () => {
  const { store } = await openTestStore({ maxConnections: 1, connectionTimeout: 5_000 });
  const key = { symbol: 'AAPL', timeframe: '1m' } as const;
  const bars = function* (): Generator<BarInput> {
    for (let slot = 0; slot < 30_000; slot += 1)
      yield { ...key, timestamp: instantOf(slot), open: 1, high: 2, low: 1, close: 2, volume: slot };
  };
  await store.bars.upsert(bars());
  const controller = new AbortController();
  const reason = new Error('enough');
  const reading = store.bars.columns({ ...key, signal: controller.signal }).catch((thrown) => thrown);
  setImmediate(() => controller.abort(reason));
  expect(await reading).toBe(reason);
  expect(await store.bars.count(key)).toBe(30_000);
  await expect(store.bars.columns({ ...key, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const columns = await store.bars.columns({ ...key, from: instantOf(29_998), signal: new AbortController().signal });
  expect([...columns.volume.values]).toEqual([29_998n, 29_999n]);
});

test('columns of nothing, and of a window', async () => {
  const { store } = await openTestStore();
  const key = { symbol: 'AAPL', timeframe: '1d' } as const;
  expect(await store.bars.columns(key)).toMatchObject({ symbol: 'AAPL', timeframe: '1d', length: 0 });
  const bar = (timestamp: string) => ({ ...key, timestamp, open: 1, high: 1, low: 1, close: 1, volume: 1 });
  await store.bars.upsert([bar('2024-01-01'), bar('2024-01-02'), bar('2024-01-03')]);
  const columns = await store.bars.columns({ ...key, from: '2024-01-02', to: '2024-01-03' });
  expect([...columns.timestamp]).toEqual([Date.UTC(2024, 0, 2)]);
  expect((await store.bars.columns({ ...key, from: '2023-01-01', to: '2024-01-01' })).length).toBe(0);
  expect(() => columns.open.at(1)).toThrow(RangeError);
});
