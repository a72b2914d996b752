import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Store } from '../../src/index.js';
import { history, instantOf } from '../setup/bar-arbitraries.js';
import { BarModel, printBar, printBars } from '../setup/bar-model.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

/** What every read answers as of `knownAt`, against the rows that were there then. */
async function expectReads(store: Store, model: BarModel, knownAt: Date, rows: readonly string[]): Promise<void> {
  const { key } = model;
  const instants = rows.map((row) => new Date(row.slice(0, 24)));
  const [from, to] = [instantOf(5), instantOf(10_000)];
  const inside = rows.filter((_, index) => instants[index]! >= from && instants[index]! < to);
  expect(printBars(await store.bars.range({ ...key, knownAt }))).toEqual(rows);
  expect(printBars(await store.bars.range({ ...key, from, to, knownAt }))).toEqual(inside);
  expect(printBars(await store.bars.latest({ ...key, limit: 3, knownAt }))).toEqual(rows.slice(-3));
  const first = await store.bars.first({ ...key, knownAt });
  expect(first && printBar(first)).toBe(rows[0]);
  const at = instantOf(30);
  const closed = rows.filter((_, index) => instants[index]!.getTime() + 60_000 <= at.getTime());
  expect(printBars(await store.bars.asOf({ ...key, at, limit: 25, knownAt }))).toEqual(closed.slice(-25));
  expect(await store.bars.count({ ...key, knownAt })).toBe(rows.length);
  expect(await store.bars.existingTimestamps({ ...key, knownAt })).toEqual(instants);
  for (const slot of [0, 7, 20_110]) {
    const timestamp = instantOf(slot);
    const there = instants.some((each) => each.getTime() === timestamp.getTime());
    expect(await store.bars.exists({ ...key, timestamp, knownAt })).toBe(there);
  }
  const iterated: string[] = [];
  for await (const bar of store.bars.iterate({ ...key, knownAt })) iterated.push(printBar(bar));
  expect(iterated).toEqual(rows);
  const columns = await store.bars.columns({ ...key, knownAt });
  expect([...columns.timestamp]).toEqual(instants.map((each) => each.getTime()));
  expect([...columns.close.values].map((_, index) => columns.close.at(index)!.toFixed())).toEqual(
    rows.map((row) => row.split(' ')[4]),
  );
  expect([...columns.volumeRatio.values].map((_, index) => columns.volumeRatio.at(index)!.toFixed())).toEqual(
    rows.map((row) => row.split(' ')[8]),
  );
}

test('every read as of a past instant answers what it would have answered then, ratios included', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(history('PLACEHOLDER', 5), async (steps) => {
      run += 1;
      const model = new BarModel(`S${run}`, '1m');
      const snapshots: { knownAt: Date; rows: string[] }[] = [];
      for (const step of steps) {
        if (step.kind === 'delete') {
          await store.bars.delete({ ...model.key, from: step.from, to: step.to });
          model.delete(step.from, step.to);
        } else {
          const bars = step.bars.map((bar) => ({ ...bar, symbol: model.key.symbol }));
          await (step.kind === 'upsert' ? store.bars.upsert(bars) : store.bars.insertIgnore(bars));
          model.upsert(bars, step.kind === 'upsert');
        }
        // The store's own word for when the series learned of it: from that millisecond on, and not before.
        const { rows } = await raw.query('SELECT updated_at FROM bar_series WHERE symbol = $1', [model.key.symbol]);
        const knownAt: Date | undefined = rows[0]?.updated_at;
        if (!knownAt) continue;
        const before = snapshots.at(-1);
        if (before?.knownAt.getTime() === knownAt.getTime()) continue; // nothing was there to delete
        snapshots.push({ knownAt: new Date(knownAt.getTime() - 1), rows: before?.rows ?? [] });
        snapshots.push({ knownAt, rows: model.rows });
      }
      for (const { knownAt, rows } of snapshots) await expectReads(store, model, knownAt, rows);
      const present = snapshots.at(-1);
      if (present) await expectReads(store, model, new Date('9999-12-31'), present.rows);
    }),
    { numRuns: 12 },
  );
});

test('bars that were all deleted are still counted as of then, without naming their symbol', async () => {
  const { store } = await openTestStore();
  const bar = { timeframe: '1d', timestamp: '2024-01-02', open: 1, high: 1, low: 1, close: 1, volume: 1 } as const;
  await store.bars.upsert([
    { ...bar, symbol: 'A' },
    { ...bar, symbol: 'B' },
  ]);
  const [b] = await store.bars.range({ symbol: 'B', timeframe: '1d' });
  const knownAt = b!.createdAt;
  await store.bars.delete({ symbol: 'A', timeframe: '1d' });
  expect(await store.bars.count({ timeframe: '1d' })).toBe(1);
  expect(await store.bars.count({ timeframe: '1d', knownAt })).toBe(2);
  expect(await store.bars.latest({ symbol: 'A', timeframe: '1d', knownAt })).toHaveLength(1);
});

test('revisions follow one another without a gap or an overlap through changes, a deletion and a new beginning', async () => {
  const { store } = await openTestStore();
  const key = { symbol: 'A', timeframe: '1d' } as const;
  const write = (close: number) =>
    store.bars.upsert([{ ...key, timestamp: '2024-01-02', open: 5, high: 9, low: 1, close, volume: 1 }]);
  for (const close of [2, 3, 4]) await write(close);
  expect(await store.bars.delete(key)).toBe(1);
  await write(5);
  await write(6);
  const revisions = await store.bars.revisions(key);
  expect(revisions.map((each) => [each.close.toNumber(), each.reason])).toEqual([
    [2, 'change'],
    [3, 'change'],
    [4, 'delete'],
    [5, 'change'],
  ]);
  const [one, two, three, five] = revisions;
  expect([two!.knownFrom, three!.knownFrom]).toEqual([one!.knownUntil, two!.knownUntil]);
  expect(five!.knownFrom.getTime()).toBeGreaterThan(three!.knownUntil.getTime()); // nothing was there in between
  const [present] = await store.bars.range(key);
  expect(present!.createdAt).toEqual(five!.knownUntil);
});
