import fc from 'fast-check';
import { expect, test } from 'vitest';
import { history, instantOf } from '../setup/bar-arbitraries.js';
import { BarModel, printBars } from '../setup/bar-model.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

test('after any writes and deletes the bars, their ratios and the catalog are what a plain recomputation says', async () => {
  const { store } = await openTestStore();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(history('PLACEHOLDER', 7), async (steps) => {
      run += 1;
      const model = new BarModel(`S${run}`, '1m');
      for (const step of steps) {
        if (step.kind === 'delete') {
          const deleted = await store.bars.delete({ ...model.key, from: step.from, to: step.to });
          expect(deleted).toBe(model.delete(step.from, step.to));
        } else {
          const bars = step.bars.map((bar) => ({ ...bar, symbol: model.key.symbol }));
          const expected = model.upsert(bars, step.kind === 'upsert');
          if (step.kind === 'upsert') expect(await store.bars.upsert(bars)).toEqual(expected);
          else {
            const { inserted, unchanged } = expected;
            expect(await store.bars.insertIgnore(bars)).toEqual({ inserted, ignored: unchanged });
          }
        }
        expect(printBars(await store.bars.range(model.key))).toEqual(model.rows);
        const [series] = await store.bars.series({ symbol: model.key.symbol });
        expect(series && { first: series.first, last: series.last, count: series.count }).toEqual(model.catalog);
      }
    }),
    { numRuns: 30 },
  );
});

test('a change reaches the 20 bars behind it and no further', async () => {
  const { store, url } = await openTestStore();
  const key = { symbol: 'AAPL', timeframe: '1m' } as const;
  const bar = (slot: number, volume: number) => ({
    ...key,
    timestamp: instantOf(slot),
    open: 1,
    high: 2,
    low: 1,
    close: 2,
    volume,
  });
  await store.bars.upsert(Array.from({ length: 50 }, (_, slot) => bar(slot, 100)));
  await store.bars.upsert([bar(10, 2_100)]);
  const bars = await store.bars.range(key);
  const ratios = bars.map((each) => each.volumeRatio.toFixed(4));
  // The mean of nineteen 100s and one 2100 is 200; of fewer bars before, more.
  expect(ratios[10]).toBe('21.0000');
  expect(ratios[11]).toBe((100 / ((10 * 100 + 2_100) / 11)).toFixed(4));
  expect(ratios.slice(20, 31)).toEqual(Array(11).fill('0.5000'));
  expect(ratios.slice(31)).toEqual(Array(19).fill('1.0000'));
  // Derived ratios are no revisions, and the other bars were not touched.
  const raw = await openRawClient(url);
  const { rows } = await raw.query('SELECT timestamp, volume FROM ohlcv_bar_revisions');
  expect(rows).toEqual([{ timestamp: instantOf(10), volume: '100' }]);
  expect(new Set(bars.map((each) => each.createdAt.getTime())).size).toBe(2);
});

test('recomputeRatios mends what something else wrote, in the window and in the 20 bars behind it', async () => {
  const { store, url } = await openTestStore();
  const model = new BarModel('AAPL', '1m');
  const bars = Array.from({ length: 120 }, (_, slot) => ({
    ...model.key,
    timestamp: instantOf(slot),
    open: 5,
    high: 5 + (slot % 7),
    low: 5,
    close: 5,
    volume: (slot * 37) % 101,
  }));
  model.upsert(bars);
  await store.bars.upsert(bars);
  expect(await store.bars.recomputeRatios(model.key)).toBe(0);
  const raw = await openRawClient(url);
  await raw.query("UPDATE ohlcv_bars SET spread_ratio = 77, volume_ratio = 77 WHERE symbol = 'AAPL'");
  const window = { ...model.key, from: instantOf(30), to: instantOf(40) };
  expect(await store.bars.recomputeRatios(window)).toBe(30);
  const mended = printBars(await store.bars.range(model.key));
  expect(mended.slice(30, 60)).toEqual(model.rows.slice(30, 60));
  expect(mended[29]).toContain(' 77 77 ');
  expect(mended[60]).toContain(' 77 77 ');
  expect(await store.bars.recomputeRatios(model.key)).toBe(90);
  expect(printBars(await store.bars.range(model.key))).toEqual(model.rows);
  expect(await store.bars.recomputeRatios({ ...model.key, from: '1990-01-01', to: '1991-01-01' })).toBe(0);
  expect(await store.bars.recomputeRatios({ symbol: 'NONE', timeframe: '1m' })).toBe(0);
  expect(await store.bars.revisions(model.key)).toEqual([]);
});
