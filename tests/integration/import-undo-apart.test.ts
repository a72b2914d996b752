import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Store } from '../../src/index.js';
import { minuteBar } from '../setup/ingest.js';
import { follow } from '../setup/subscriber.js';
import { openTestStore } from '../setup/test-database.js';

const key = { symbol: 'A', timeframe: '1m' } as const;
const time = (minute: number) => minuteBar('A', minute).timestamp as Date;
const minuteOf = (at: Date | bigint) =>
  (Number(typeof at === 'bigint' ? Number(at) / 1000 : at) - time(0).getTime()) / 60_000;

async function files(...contents: readonly (readonly (readonly [minute: number, close: number])[])[]) {
  const directory = await mkdtemp(join(tmpdir(), 'wyckoff-undo-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return Promise.all(
    contents.map(async (bars, at) => {
      const path = join(directory, `${at}.csv`);
      const rows = bars.map(([minute, close]) => `${time(minute).toISOString()},${close},${close},${close},${close},1`);
      await writeFile(path, ['timestamp,open,high,low,close,volume', ...rows, ''].join('\n'));
      return path;
    }),
  );
}
const closes = async (store: Store) =>
  (await store.bars.range(key)).map(({ timestamp, close }) => [minuteOf(timestamp), close.toNumber()]);

test('who follows a series has after an undo what the table has, and knows what came back', async () => {
  const { store } = await openTestStore();
  await store.bars.upsert([2, 3, 6].map((minute) => minuteBar('A', minute, 10)));
  const [path] = await files([
    [0, 20],
    [3, 20],
    [5, 20],
  ]);
  const { runId } = await store.files.import({ paths: [path!], ...key });
  const held = new Map(await closes(store).then((rows) => rows.map(([minute, close]) => [minute!, close!] as const)));
  const following = await follow(store, ['A']);
  await store.files.undo(runId);
  await store.bars.upsert([minuteBar('A', 9, 1)]); // comes last
  const corrections: number[] = [];
  for (let last = false; !last; ) {
    const [arrival] = await following.take(1);
    if (arrival?.kind === 'deleted') {
      for (const minute of [...held.keys()])
        if (minute >= minuteOf(arrival.from) && minute < minuteOf(arrival.to)) held.delete(minute);
    } else if (arrival?.kind === 'bar') {
      const minute = minuteOf(arrival.bar.timestamp);
      held.set(minute, arrival.bar.close.toNumber());
      if (arrival.corrected) corrections.push(minute);
      last = minute === 9;
    }
  }
  expect([...held].sort(([a], [b]) => a - b)).toEqual(await closes(store));
  expect(corrections).toEqual([3]);
});

test('a file of an import that goes on is undone by itself: the others are written', async () => {
  const { store } = await openTestStore();
  const paths = await files([[0, 20]], [[1, 20]], [[2, 20]]);
  let undoing: Promise<unknown> | undefined;
  const { runId, files: imported } = await store.files.import({
    ...{ paths, ...key, parallel: 1 },
    onFile: ({ id }) => {
      undoing ??= store.files.undo(id);
    },
  });
  await undoing;
  expect(imported.map(({ status, error }) => [status, error])).toEqual(paths.map(() => ['imported', null]));
  expect(await closes(store)).toEqual([
    [1, 20],
    [2, 20],
  ]);
  expect(await store.files.runs()).toMatchObject([{ id: runId, status: 'finished', imported: 2, undone: 1 }]);
  await store.files.undo(imported[1]!.id);
  await store.files.undo(imported[2]!.id);
  expect(await store.files.runs()).toMatchObject([{ id: runId, status: 'undone', imported: 0, undone: 3 }]);
});

test('of two undoings of one import at once, and a writer, each bar is taken back once', async () => {
  const { store } = await openTestStore();
  const other = await store.bars.upsert([minuteBar('A', 5, 7)]);
  expect(other.inserted).toBe(1);
  const [path] = await files([
    [0, 20],
    [5, 20],
  ]);
  const { runId } = await store.files.import({ paths: [path!], ...key });
  const outcomes = await Promise.allSettled([
    store.files.undo(runId),
    store.files.undo(runId),
    store.bars.upsert([minuteBar('A', 7, 1)]),
  ]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  expect(await closes(store)).toEqual([
    [5, 7],
    [7, 1],
  ]);
});
