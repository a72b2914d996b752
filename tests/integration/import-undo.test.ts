import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BarInput, ConflictError, NotFoundError, type Store, UndoRefusedError } from '../../src/index.js';
import { instantOf } from '../setup/bar-arbitraries.js';
import { printBars } from '../setup/bar-model.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';
import { type ModelImport, UndoModel } from '../setup/undo-model.js';

const RUNS = Number(process.env.UNDO_MODEL_RUNS ?? 12);

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wyckoff-undo-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function csv(name: string, bars: readonly BarInput[]): Promise<string> {
  const path = join(directory, name);
  const lines = bars.map(({ timestamp, open, high, low, close, volume, vwap }) =>
    [(timestamp as Date).toISOString(), open, high, low, close, volume, vwap ?? ''].join(),
  );
  await writeFile(path, `timestamp,open,high,low,close,volume,vwap\n${lines.join('\n')}\n`);
  return path;
}

type Step =
  | { readonly kind: 'import'; readonly files: BarInput[][] }
  | { readonly kind: 'upsert'; readonly bars: BarInput[] }
  | { readonly kind: 'delete'; readonly from: Date; readonly to: Date }
  | { readonly kind: 'undo' | 'undoFile'; readonly which: number };

const values = fc.tuple(
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ min: 0, max: 1 }),
  fc.constantFrom(0, 5),
  fc.constantFrom(null, '1.5'),
);
/** Neighbouring minutes, and perhaps one bar far away. */
const bars = fc
  .tuple(
    fc.integer({ min: 0, max: 30 }),
    fc.array(values, { minLength: 1, maxLength: 30 }),
    fc.option(values, { freq: 4 }),
  )
  .map(([start, row, far]) =>
    [...row.map((each, at) => [start + at, each] as const), ...(far ? [[20_000, far] as const] : [])].map(
      ([slot, [low, spread, volume, vwap]]): BarInput => ({
        ...{ symbol: 'X', timeframe: '1m', timestamp: instantOf(slot), open: low, low, volume, vwap },
        ...{ high: low + spread, close: low + spread },
      }),
    ),
  );
const which = fc.nat(20);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(bars, { minLength: 1, maxLength: 2 }).map((files) => ({ kind: 'import' as const, files })),
  },
  { weight: 2, arbitrary: bars.map((some) => ({ kind: 'upsert' as const, bars: some.slice(0, 3) })) },
  {
    weight: 1,
    arbitrary: fc.nat(60).map((slot) => ({ kind: 'delete' as const, from: instantOf(slot), to: instantOf(slot + 2) })),
  },
  { weight: 5, arbitrary: which.map((at) => ({ kind: 'undo' as const, which: at })) },
  { weight: 2, arbitrary: which.map((at) => ({ kind: 'undoFile' as const, which: at })) },
);

/** The id of an import that the model has as well. */
interface Known {
  readonly id: string;
  readonly model: ModelImport;
  /** Of a run its files, of a file its run. */
  readonly others: Known[];
}

async function undo(store: Store, model: UndoModel, known: Known): Promise<void> {
  if (known.model.undone) return expect(store.files.undo(known.id)).rejects.toMatchObject({ code: 'ALREADY_UNDONE' });
  const touched = model.touched(known.model);
  if (touched > 0) {
    const error = await store.files.undo(known.id).catch((reason) => reason);
    expect(error).toBeInstanceOf(UndoRefusedError);
    expect(error.touched).toMatchObject([{ symbol: model.symbol, timeframe: '1m', count: touched }]);
    return expect(error.touched[0].examples).toHaveLength(Math.min(touched, 5));
  }
  const expected = model.undo(known.model);
  expect(await store.files.undo(known.id)).toMatchObject(expected);
}

test('an import is undone exactly as long as nothing touched its bars later; reads of former instants stay', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  let run = 0;
  const outcomes = { undone: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 9 }), async (steps) => {
      run += 1;
      const model = new UndoModel(`U${run}`);
      const ofSeries = (some: readonly BarInput[]) => some.map((bar) => ({ ...bar, symbol: model.symbol }));
      const imports: Known[] = [];
      const snapshots: { knownAt: Date; rows: string[] }[] = [];
      for (const each of steps) {
        if (each.kind === 'upsert') {
          await store.bars.upsert(ofSeries(each.bars));
          model.write(ofSeries(each.bars));
        } else if (each.kind === 'delete') {
          await store.bars.delete({ ...model.bars.key, from: each.from, to: each.to });
          model.delete(each.from, each.to);
        } else if (each.kind === 'import') {
          const paths: string[] = [];
          for (const [at, file] of each.files.entries())
            paths.push(await csv(`${run}-${imports.length}-${at}.csv`, file));
          const result = await store.files.import({ paths, symbol: model.symbol, timeframe: '1m', again: true });
          expect(result.files.map(({ error }) => error)).toEqual(paths.map(() => null));
          const whole: Known = { id: result.runId, model: { written: new Map(), undone: false }, others: [] };
          for (const [at, file] of each.files.entries()) {
            const one = { id: result.files[at]!.id, model: { written: new Map(), undone: false }, others: [whole] };
            model.write(ofSeries(file), one.model, whole.model);
            whole.others.push(one);
          }
          imports.push(whole);
        } else if (imports.length > 0) {
          const chosen = imports[each.which % imports.length]!;
          const known = each.kind === 'undo' ? chosen : chosen.others[each.which % chosen.others.length]!;
          const partly = each.kind === 'undo' && !chosen.model.undone && chosen.others.some((one) => one.model.undone);
          if (partly) continue; // what is left of it is another import than the model has
          const before = known.model.undone;
          await undo(store, model, known);
          if (!before) outcomes[known.model.undone ? 'undone' : 'refused'] += 1;
          if (each.kind === 'undo' && known.model.undone) for (const one of known.others) one.model.undone = true;
          if (chosen.others.every((one) => one.model.undone)) chosen.model.undone = true;
        }
        const { rows } = model.bars;
        expect(printBars(await store.bars.range(model.bars.key))).toEqual(rows);
        const { rows: known } = await raw.query('SELECT updated_at, bar_count::int FROM bar_series WHERE symbol = $1', [
          model.symbol,
        ]);
        if (!known[0]) continue;
        expect(known[0].bar_count).toBe(rows.length);
        const [series] = (await store.bars.series()).filter(({ symbol }) => symbol === model.symbol);
        expect(series?.first.toISOString()).toBe(rows[0]?.slice(0, 24));
        expect(series?.last.toISOString()).toBe(rows.at(-1)?.slice(0, 24));
        snapshots.push({ knownAt: known[0].updated_at, rows });
      }
      for (const { knownAt, rows } of snapshots)
        expect(printBars(await store.bars.range({ ...model.bars.key, knownAt }))).toEqual(rows);
    }),
    { numRuns: RUNS, endOnFailure: RUNS < 100, examples: [[UNDONE], [REFUSED]] },
  );
  expect(outcomes.undone).toBeGreaterThan(3);
  expect(outcomes.refused).toBeGreaterThan(1);
}, 600_000);

const day = (slot: number, close = 11) => ({
  ...{
    symbol: 'X',
    timeframe: '1m' as const,
    timestamp: instantOf(slot),
    open: 10,
    high: 12,
    low: 9,
    close,
    volume: 100,
  },
});

/** Whatever chance brings, there are imports that are undone, and some that are refused. */
const UNDONE: Step[] = [0, 1, 2, 3].flatMap((at) => [
  { kind: 'import', files: [[day(at)]] },
  { kind: 'undo', which: at },
]);
const REFUSED: Step[] = [0, 1].flatMap((at) => [
  { kind: 'import', files: [[day(at)]] },
  { kind: 'upsert', bars: [day(at, 12)] },
  { kind: 'undo', which: at },
]);

test('what an undone import had is imported again, and what retention or another hand took is told', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  const key = { symbol: 'MANY', timeframe: '1m' } as const;
  const path = await csv(
    'MANY_1m.csv',
    Array.from({ length: 40_000 }, (_, slot) => day(slot)),
  );
  const first = await store.files.import({ paths: [path] });
  expect(first.totals).toMatchObject({ imported: 1, inserted: 40_000 });
  expect((await store.files.import({ paths: [path] })).totals).toMatchObject({
    skipped: 1,
    inserted: 0,
    unchanged: 40_000,
  });
  expect(await store.files.undo(first.runId)).toMatchObject({ files: 1, deleted: 40_000, restored: 0 });
  expect(await store.bars.series()).toEqual([]);
  await expect(store.files.undo(first.files[0]!.id)).rejects.toBeInstanceOf(ConflictError);
  await expect(store.files.undo('00000000-0000-4000-8000-000000000001')).rejects.toBeInstanceOf(NotFoundError);
  const revisions = await store.bars.revisions({ ...key, to: instantOf(3) });
  expect(revisions).toMatchObject([0, 1, 2].map(() => ({ reason: 'undo', runId: first.runId })));
  const { rows: events } = await raw.query(
    'SELECT event_type, action FROM audit_trail WHERE correlation_id = $1 ORDER BY seq',
    [first.files[0]!.id],
  );
  expect(events).toEqual([
    { event_type: 'BARS_IMPORTED', action: 'imported 40000 bars of MANY 1m' },
    { event_type: 'BARS_IMPORT_UNDONE', action: 'undid the import of 40000 bars of MANY 1m' },
  ]);

  const second = await store.files.import({ paths: [path] });
  expect(second.totals).toMatchObject({ imported: 1, skipped: 0, inserted: 40_000 });
  // Nothing of the store writes like this: only the checksum can tell.
  await raw.query("UPDATE ohlcv_bars SET close = 10.5 WHERE symbol = 'MANY' AND timestamp = $1", [instantOf(7)]);
  await expect(store.files.undo(second.runId)).rejects.toMatchObject({ touched: [{ count: 40_000, examples: [] }] });
  await raw.query("UPDATE ohlcv_bars SET close = 11 WHERE symbol = 'MANY' AND timestamp = $1", [instantOf(7)]);
  // As retention does: without a revision.
  await raw.query("DELETE FROM ohlcv_bars WHERE symbol = 'MANY' AND timestamp < $1", [instantOf(2)]);
  await expect(store.files.undo(second.runId)).rejects.toMatchObject({ touched: [{ count: 2, removed: 2 }] });

  // A file whose bars were deleted since is imported again.
  const deleted = await store.bars.delete({ ...key, from: instantOf(100), to: instantOf(110) });
  expect(deleted).toBe(10);
  expect((await store.files.import({ paths: [path] })).totals).toMatchObject({
    imported: 1,
    inserted: 12,
    unchanged: 39_988,
  });
  const runs = await store.files.runs();
  expect(runs.map(({ status, inserted }) => [status, inserted])).toEqual([
    ['finished', 12],
    ['finished', 40_000],
    ['finished', 0],
    ['undone', 40_000],
  ]);
  expect(await store.files.ofRun(first.runId)).toMatchObject([{ status: 'undone', path, rows: 40_000 }]);
}, 300_000);
