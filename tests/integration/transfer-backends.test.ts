import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type BarStore, type InvalidInputError, openBarStore } from '../../src/index.js';
import { history, instantOf } from '../setup/bar-arbitraries.js';
import { BarModel, printBars } from '../setup/bar-model.js';
import { createTestDatabase } from '../setup/test-database.js';

const AT = '2024-01-02T00:00:00Z';
const KEY = { symbol: 'BTC/USDT', timeframe: '1m' } as const;
const row = (minute: number, close = '1.5', volume = '1') => ({
  ...KEY,
  timestamp: instantOf(minute),
  ...{ open: '1', high: '2', low: '1', close, volume },
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'wyckoff-backends-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function open(
  kind: string,
): Promise<{ store: BarStore; reopen: () => Promise<BarStore>; barsDirectory: string }> {
  const barsDirectory = await folder();
  const database = kind === 'database' || kind === 'dual' ? await createTestDatabase() : undefined;
  const reopen = async () => {
    const store = await openBarStore({
      backend: kind === 'database' ? 'postgres' : kind === 'dual' ? 'dual' : 'files',
      barsDirectory,
      ...(kind === 'parquet' && { format: 'parquet' as const }),
      ...(database && { databaseUrl: database.url }),
    });
    onTestFinished(() => store.close());
    return store;
  };
  if (database) onTestFinished(() => database.drop());
  return { store: await reopen(), reopen, barsDirectory };
}

describe.each(['database', 'csv', 'parquet', 'dual'])('%s', (kind) => {
  test('keeps what the model keeps, whatever is written, deleted and read', async () => {
    const { store, reopen } = await open(kind);
    const runs = kind === 'csv' || kind === 'database' ? 40 : 10;
    let round = 0;
    await fc.assert(
      fc.asyncProperty(history('X', 6), fc.integer({ min: 0, max: 20_200 }), async (steps, minute) => {
        round += 1;
        const model = new BarModel(`X${round}`, '1m');
        for (const step of steps) {
          if (step.kind === 'delete') {
            expect(await store.delete({ ...model.key, from: step.from, to: step.to })).toBe(
              model.delete(step.from, step.to),
            );
            continue;
          }
          const bars = step.bars.map((bar) => ({ ...bar, symbol: model.key.symbol }));
          expect(await store.upsert(bars)).toEqual(model.upsert(bars));
        }
        const reader = round % 10 === 0 ? await reopen() : store;
        expect(printBars(await reader.range(model.key))).toEqual(model.rows);
        const at = instantOf(minute);
        const before = model.rows.filter((_, index) => model.bars[index]!.timestamp < at);
        expect(printBars(await reader.range({ ...model.key, to: at }))).toEqual(before);
        expect(await reader.count({ ...model.key, from: at })).toBe(model.rows.length - before.length);
        expect(printBars(await reader.latest({ ...model.key, limit: 7 }))).toEqual(model.rows.slice(-7));
        expect(printBars(await reader.asOf({ ...model.key, at, limit: 3 }))).toEqual(
          model.rows.filter((_, index) => +model.bars[index]!.timestamp + 60_000 <= +at).slice(-3),
        );
        const first = await reader.first(model.key);
        expect(first ? printBars([first]) : []).toEqual(model.rows.slice(0, 1));
        const [catalog] = await reader.series({ symbol: model.key.symbol });
        expect(catalog && { first: catalog.first, last: catalog.last, count: catalog.count }).toEqual(model.catalog);
      }),
      { numRuns: runs },
    );
  });

  test('answers and refuses alike', async () => {
    const { store, reopen } = await open(kind);
    const code = async (work: Promise<unknown>) =>
      work.then(
        () => 'none',
        (error) => (error as InvalidInputError).code,
      );
    expect(await store.series()).toEqual([]);
    expect(await store.range(KEY)).toEqual([]);
    expect(await store.delete(KEY)).toBe(0);
    expect(await store.upsert([])).toEqual({ inserted: 0, changed: 0, unchanged: 0 });
    expect(await store.upsert([row(1, '1.5', '0.00000001'), row(0)], { volumeScale: 8 })).toEqual({
      ...{ inserted: 2, changed: 0, unchanged: 0 },
    });
    expect(await store.upsert([row(1, '1.5', '0.00000001'), row(0, '1.25'), row(2), row(2)])).toEqual({
      ...{ inserted: 1, changed: 1, unchanged: 2 },
    });
    // What another batch has wrong: nothing of it is written.
    expect(await code(store.upsert([row(3), row(4, '3')]))).toBe('PRICE_OUTSIDE_BAR');
    expect(await code(store.upsert([row(3), row(3, '1.25')]))).toBe('DUPLICATE_TIMESTAMP');
    expect(await code(store.upsert([row(3), { ...row(4), symbol: 'a b' }]))).toBe('SYMBOL_INVALID');
    expect(await code(store.upsert([row(3, '1.5', '0.000000001')]))).toBe('VOLUME_TOO_PRECISE');
    expect(await code(store.upsert([row(3)], { volumeScale: 9 }))).toBe('VOLUME_SCALE_INVALID');
    expect(await code(store.upsert(row(3) as never))).toBe('BARS_INVALID');
    expect(await code(store.range({ ...KEY, from: AT, to: '2024-01-01' }))).toBe('WINDOW_REVERSED');
    expect(await code(store.latest({ ...KEY, limit: 0 }))).toBe('LIMIT_INVALID');
    const odd = { ...row(0), symbol: 'CL', low: '-37.63', source: 'a "b",\nc', vwap: '-1' };
    expect(await code(store.upsert([odd]))).toBe('PRICE_NOT_POSITIVE');
    expect(await store.upsert([odd], { allowNonPositive: true })).toMatchObject({ inserted: 1 });
    const stream = (async function* () {
      for (let minute = 0; minute < 6_000; minute += 1) yield { ...row(minute), symbol: 'LONG' };
    })();
    expect(await store.upsert(stream)).toEqual({ inserted: 6_000, changed: 0, unchanged: 0 });
    for (const reader of [store, await reopen()]) {
      const bars = await reader.range(KEY);
      expect(bars.map((bar) => [bar.volume.toFixed(), bar.close.toFixed(), bar.symbol])).toEqual([
        ['1', '1.25', 'BTC/USDT'],
        ['0.00000001', '1.5', 'BTC/USDT'],
        ['1', '1.5', 'BTC/USDT'],
      ]);
      const [oil] = await reader.range({ symbol: 'CL', timeframe: '1m' });
      expect([oil!.low.toFixed(), oil!.source, oil!.vwap!.toFixed(), oil!.spread.toFixed()]).toEqual([
        ...['-37.63', 'a "b",\nc', '-1', '39.63'],
      ]);
      expect((await reader.series()).map((one) => [one.symbol, one.count, one.volumeScale])).toEqual([
        ['BTC/USDT', 3, 8],
        ['CL', 1, 0],
        ['LONG', 6_000, 0],
      ]);
      expect(await reader.count({ timeframe: '1m' })).toBe(6_004);
      expect(await reader.count({ timeframe: '1d' })).toBe(0);
      let streamed = 0;
      for await (const bar of reader.iterate({ symbol: 'LONG', timeframe: '1m', from: instantOf(10) }))
        streamed += bar.volume.toNumber();
      expect(streamed).toBe(5_990);
    }
    // A series without bars keeps its scale.
    expect(await store.delete(KEY)).toBe(3);
    expect((await (await reopen()).series()).map((one) => one.symbol)).toEqual(['CL', 'LONG']);
    expect(await (await reopen()).upsert([row(0, '1.5', '0.00000001')])).toMatchObject({ inserted: 1 });
  });
});
