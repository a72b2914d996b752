import { expect, test } from 'vitest';
import { type BarInput, InvalidInputError } from '../../src/index.js';
import { instantOf } from '../setup/bar-arbitraries.js';
import { BarModel, printBars } from '../setup/bar-model.js';
import { openTestStore } from '../setup/test-database.js';

const SYMBOLS = ['AAPL', 'MSFT', 'TSLA'] as const;

/** Bars of three series by turns, `order` says in which order of time. */
function* interleaved(bars: number, order: (index: number) => number = (index) => index): Generator<BarInput> {
  for (let index = 0; index < bars; index += 1) {
    const slot = order(Math.floor(index / SYMBOLS.length));
    const low = 1 + (slot % 13);
    yield {
      symbol: SYMBOLS[index % SYMBOLS.length]!,
      timeframe: '1m',
      timestamp: instantOf(slot),
      open: low,
      high: low + (slot % 5),
      low,
      close: low,
      volume: (slot * 7) % 1009,
    };
  }
}

async function* slowly<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) yield item;
}

/** A source that knows whether it was closed. */
function watched<T>(items: Iterable<T>, failAt = Number.POSITIVE_INFINITY, failure?: unknown) {
  const state = { closed: false, taken: 0 };
  async function* source(): AsyncGenerator<T> {
    try {
      for (const item of items) {
        if (state.taken === failAt) throw failure;
        state.taken += 1;
        yield item;
      }
    } finally {
      state.closed = true;
    }
  }
  return { state, source: source() };
}

test('a stream of interleaved series, larger than a batch and out of order, is written whole and counted exactly', async () => {
  const { store } = await openTestStore();
  const bars = 24_000;
  const shuffled = (index: number) => (index * 7_919) % (bars / 3); // 7919 is prime: every slot once
  const models = SYMBOLS.map((symbol) => new BarModel(symbol, '1m'));
  const rows = [...interleaved(bars)];
  for (const model of models) model.upsert(rows.filter((row) => row.symbol === model.key.symbol));
  expect(await store.bars.upsert(slowly(interleaved(bars, shuffled)))).toEqual({
    inserted: bars,
    changed: 0,
    unchanged: 0,
  });
  for (const model of models) {
    expect(printBars(await store.bars.range(model.key))).toEqual(model.rows);
    const [series] = await store.bars.series({ symbol: model.key.symbol });
    expect({ first: series!.first, last: series!.last, count: series!.count }).toEqual(model.catalog);
  }
  // Again, as an iterable that is not an array: nothing changes, and there are no revisions.
  expect(await store.bars.upsert(interleaved(bars))).toEqual({ inserted: 0, changed: 0, unchanged: bars });
  expect(await store.bars.revisions({ symbol: 'AAPL', timeframe: '1m' })).toEqual([]);
  // Half of them again with other values, the rest new.
  function* changed(): Generator<BarInput> {
    for (const row of interleaved(21_000, (index) => index + 5_000)) yield { ...row, source: 'again' };
  }
  expect(await store.bars.upsert(slowly(changed()))).toEqual({ inserted: 12_000, changed: 9_000, unchanged: 0 });
  expect(await store.bars.revisions({ symbol: 'TSLA', timeframe: '1m' })).toHaveLength(3_000);
});

test('a bad bar far down the stream is named with its position, as is every other, and nothing is written', async () => {
  const { store } = await openTestStore({ maxConnections: 1 });
  function* bad(): Generator<BarInput> {
    let row = 0;
    for (const bar of interleaved(42_000)) {
      if (row === 30_000) yield { ...bar, close: '0.123456789' };
      else if (row === 5) yield { ...bar, volume: '1.5' };
      else if (row === 41_999) yield { ...bar, timeframe: '2m' as never };
      else yield bar;
      row += 1;
    }
  }
  const { source, state } = watched(bad());
  const error = await store.bars.upsert(source).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(InvalidInputError);
  const found = error.problems.map(({ row, code }: Record<string, unknown>) => `${row} ${code}`);
  expect(found).toEqual(['5 VOLUME_TOO_PRECISE', '30000 PRICE_TOO_PRECISE', '41999 TIMEFRAME_UNKNOWN']);
  expect(state).toEqual({ closed: true, taken: 42_000 });
  expect(await store.bars.series()).toEqual([]);
});

test('the same bars twice in a stream are counted, different ones refused with both positions', async () => {
  const { store } = await openTestStore();
  function* twice(different: boolean): Generator<BarInput> {
    yield* interleaved(24_000);
    for (const bar of interleaved(6)) yield bar;
    if (!different) return;
    for (const bar of interleaved(2)) yield { ...bar, source: 'other' };
  }
  const error = await store.bars.upsert(slowly(twice(true))).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(error.problems.map(({ code, row, rule }: Record<string, unknown>) => [code, row, rule])).toEqual([
    ['DUPLICATE_TIMESTAMP', 24_006, 'rows 0 and 24006 have the same timestamp and different values'],
    ['DUPLICATE_TIMESTAMP', 24_007, 'rows 1 and 24007 have the same timestamp and different values'],
  ]);
  expect(await store.bars.series()).toEqual([]);
  const counts = await store.bars.upsert(slowly(twice(false)));
  expect(counts).toEqual({ inserted: 24_000, changed: 0, unchanged: 6 });
  expect(await store.bars.insertIgnore(slowly(twice(false)))).toEqual({ inserted: 0, ignored: 24_006 });
});

test('an iterable that throws midway: its own error, nothing written, the connection free again', async () => {
  const { store } = await openTestStore({ maxConnections: 1 });
  const reset = Object.assign(new Error('the feed closed the connection'), { code: 'ECONNRESET' });
  for (const [failAt, failure] of [
    [100, new Error('short')],
    [20_000, new Error('at a batch’s end')],
    [25_000, reset], // a network error of the feed is not the database's
  ] as const) {
    const { source, state } = watched(interleaved(40_000), failAt, failure);
    expect(await store.bars.upsert(source).catch((thrown) => thrown)).toBe(failure);
    expect(state.closed).toBe(true);
    expect(await store.bars.series()).toEqual([]);
  }
  expect(await store.bars.upsert(interleaved(3))).toEqual({ inserted: 3, changed: 0, unchanged: 0 });
});

test('a signal that is aborted midway: its reason, nothing written, the source closed', async () => {
  const { store } = await openTestStore({ maxConnections: 1 });
  const controller = new AbortController();
  const reason = new Error('enough');
  function* aborting(): Generator<BarInput> {
    let row = 0;
    for (const bar of interleaved(60_000)) {
      if (row === 35_000) controller.abort(reason);
      row += 1;
      yield bar;
    }
  }
  const { source, state } = watched(aborting());
  const { signal } = controller;
  expect(await store.bars.upsert(source, { signal }).catch((thrown) => thrown)).toBe(reason);
  expect(state.closed).toBe(true);
  expect(state.taken).toBeLessThan(36_000);
  expect(await store.bars.series()).toEqual([]);
});
