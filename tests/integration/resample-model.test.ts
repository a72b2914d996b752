import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import { compressChunks } from '../../src/database/layouts/compress.js';
import { refreshAggregates } from '../../src/database/layouts/refresh-aggregates.js';
import type { ResampleInput, Store } from '../../src/index.js';
import { history, instantOf, minuteSlot, type Step } from '../setup/bar-arbitraries.js';
import { BarModel } from '../setup/bar-model.js';
import { modelResample, printResampled } from '../setup/resample-model.js';
import { openTestStore } from '../setup/test-database.js';

const RUNS = Number(process.env.RESAMPLE_MODEL_RUNS ?? 8);
const TARGETS = ['5m', '15m', '1h', '1d'] as const;

/** What is done to the storage between two steps: answers must not depend on it. */
type Upkeep = 'nothing' | 'refresh' | 'compress' | 'decompress';

async function openBoth(): Promise<{ store: Store; database: Database }> {
  const { store, url } = await openTestStore();
  const database = await Database.open(readConfig({ databaseUrl: url }));
  onTestFinished(() => database.close());
  return { store, database };
}

async function apply(store: Store, model: BarModel, step: Step): Promise<void> {
  if (step.kind === 'delete') {
    expect(await store.bars.delete({ ...model.key, from: step.from, to: step.to })).toBe(
      model.delete(step.from, step.to),
    );
    return;
  }
  model.upsert(step.bars, step.kind === 'upsert');
  if (step.kind === 'upsert') await store.bars.upsert(step.bars);
  else await store.bars.insertIgnore(step.bars);
}

async function keepUp(database: Database, upkeep: Upkeep): Promise<void> {
  if (upkeep === 'refresh') await refreshAggregates(database);
  else if (upkeep !== 'nothing') await compressChunks(database, upkeep);
}

const window = fc.record({
  to: fc.constantFrom(...TARGETS),
  start: fc.option(minuteSlot, { nil: undefined }),
  end: fc.option(minuteSlot, { nil: undefined }),
  at: fc.option(minuteSlot, { nil: undefined }),
  seconds: fc.constantFrom(0, 0, 1, 59),
});

type Window = typeof window extends fc.Arbitrary<infer T> ? T : never;

function requestOf({ to, start, end, at, seconds }: Window): Omit<ResampleInput, 'symbol'> & { at: Date } {
  const instant = (slot: number | undefined) =>
    slot === undefined ? undefined : new Date(instantOf(slot).getTime() + seconds * 1000);
  const [low, high] = start !== undefined && end !== undefined && start > end ? [end, start] : [start, end];
  return { from: '1m', to, start: instant(low), end: instant(high), at: instant(at) ?? new Date() };
}

/** A gap of years in buckets of 5 minutes is more than a test has to see. */
const MOST_FLAT = 5_000 * 60_000;

function mayFill({ to, start, end }: ReturnType<typeof requestOf>): boolean {
  const [low, high] = [start, end].map((bound) => (bound instanceof Date ? bound.getTime() : undefined));
  return to === '1d' || (low !== undefined && high !== undefined && high - low <= MOST_FLAT);
}

async function agree(store: Store, model: BarModel, request: ReturnType<typeof requestOf>): Promise<void> {
  for (const fill of mayFill(request) ? (['none', 'previous'] as const) : (['none'] as const)) {
    const answer = await store.bars.resample({ symbol: model.key.symbol, ...request, fill });
    const expected = modelResample(model.bars, { ...request, fill } as never);
    expect(answer.map(printResampled), JSON.stringify({ ...request, fill })).toEqual(expected);
  }
}

test('random bars with gaps, late arrivals, corrections and deletions: before and after refresh and compression', {
  timeout: 240_000 + RUNS * 30_000,
}, async () => {
  const { store, database } = await openBoth();
  let run = 0;
  const sequence = history('RUN', 6).chain((steps) =>
    fc.tuple(
      fc.constant(steps),
      fc.array(fc.constantFrom<Upkeep>('nothing', 'refresh', 'refresh', 'compress', 'decompress'), {
        minLength: steps.length,
        maxLength: steps.length,
      }),
      fc.array(window, { minLength: 3, maxLength: 3 }),
    ),
  );
  const property = fc.asyncProperty(sequence, async ([steps, upkeeps, windows]) => {
    run += 1;
    const symbol = `RUN${run}`;
    const model = new BarModel(symbol, '1m');
    const named = (step: Step): Step =>
      step.kind === 'delete' ? step : { ...step, bars: step.bars.map((bar) => ({ ...bar, symbol })) };
    for (const [index, step] of steps.entries()) {
      await apply(store, model, named(step));
      await keepUp(database, upkeeps[index]!);
      for (const each of windows) await agree(store, model, requestOf(each));
    }
    await refreshAggregates(database);
    for (const to of TARGETS) await agree(store, model, { from: '1m', to, at: new Date() });
    if (database.layout.name === 'timescale') expect(await waiting(database)).toBe(0);
  });
  await fc.assert(property, { numRuns: RUNS });
});

async function waiting(database: Database): Promise<number> {
  const { rows } = await database.pool.withClient((client) =>
    client.query<{ days: number }>('SELECT count(*)::int AS days FROM bar_aggregate_changes'),
  );
  return rows[0]!.days;
}

test('while one connection refreshes and another writes, each snapshot agrees with itself and each writer with its model', {
  timeout: 240_000 + RUNS * 10_000,
}, async () => {
  const { store, database } = await openBoth();
  const symbol = 'BUSY';
  const model = new BarModel(symbol, '1m');
  let done = false;
  let [refreshes, reads] = [0, 0];
  const refresh = async () => {
    while (!done) {
      await refreshAggregates(database);
      refreshes += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const read = async () => {
    while (!done) {
      const to = TARGETS[reads % TARGETS.length]!;
      const at = new Date();
      await store.transaction({ isolation: 'repeatable read' }, async (tx) => {
        const bars = await tx.bars.range({ symbol, timeframe: '1m' });
        const answer = await tx.bars.resample({ symbol, from: '1m', to, at });
        expect(answer.map(printResampled)).toEqual(modelResample(bars, { from: '1m', to, at, fill: 'none' }));
      });
      reads += 1;
    }
  };
  const write = async () => {
    try {
      const histories = fc.sample(history(symbol, 8), { numRuns: RUNS * 2, seed: 7 });
      // However slow the others are, they are at work beside it.
      for (let turn = 0; turn < histories.length || reads <= RUNS || refreshes < 2; turn += 1) {
        for (const step of histories[turn % histories.length]!) {
          await apply(store, model, step);
          const request = { from: '1m', to: '5m', at: new Date() } as const;
          await agree(store, model, request);
        }
      }
    } finally {
      done = true;
    }
  };
  await Promise.all([refresh(), read(), write()]);
});
