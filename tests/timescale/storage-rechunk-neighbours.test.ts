import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { readStorageStatus } from '../../src/database/layouts/read-status.js';
import { openRawClient } from '../setup/raw-client.js';
import { bars, chunks, content, days, open, rechunkBars, refusal, withoutCompressionPolicy } from './rechunk-bars.js';

/** Has who fills new chunks wait there, with everybody kept out of the bars, and answers how to end such a session. */
async function ambushSwap(raw: pg.Client): Promise<() => Promise<void>> {
  await raw.query(`
    CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(200); RETURN NULL; END $$;
    CREATE TRIGGER linger BEFORE INSERT ON ohlcv_bars FOR EACH STATEMENT EXECUTE FUNCTION linger()`);
  const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE wait_event = 'PgSleep' AND datname = current_database() AND query LIKE 'INSERT INTO public.ohlcv_bars%'`;
  return async () => {
    while ((await raw.query(kill)).rowCount === 0);
    await raw.query('DROP TRIGGER linger ON ohlcv_bars');
  };
}

test('killed in the middle of a window, that one is as before, those before it are done, and the next run goes on', async () => {
  const { store, database, raw, url } = await open();
  await store.bars.upsert(bars(0, 21));
  const before = await content(raw);
  const killer = await openRawClient(url);
  const controller = new AbortController();
  const first = rechunkBars(database, '7 days', {
    signal: controller.signal,
    onProgress: ({ done }) => done === 1 && controller.abort(new Error('told to stop')),
  });
  await expect(first).rejects.toThrow('told to stop');
  const kill = await ambushSwap(killer);
  const [ended] = await Promise.all([refusal(rechunkBars(database, '7 days')), kill()]);
  expect(ended).toMatchObject({ code: 'SERVER_SHUTTING_DOWN' });
  expect(await chunks(raw)).toEqual(['0-7c', ...days(7, 21)]);
  expect(await content(raw)).toEqual(before);
  const { hypertables, advice } = await database.pool.withClient(readStorageStatus);
  expect(hypertables[0]).toMatchObject({ chunkInterval: '7 days', otherChunks: 14 });
  expect(advice).toContainEqual({
    what: "14 of ohlcv_bars's 15 chunks are not of 7 days, as new ones are",
    command: "wyckoff storage rechunk --interval '7 days' --table ohlcv_bars",
  });
  expect(await rechunkBars(database, '7 days')).toMatchObject({ windows: 2, rows: 14 * 24 });
  expect(await chunks(raw)).toEqual(['0-7c', '7-14c', '14-21c']);
  expect(await content(raw)).toEqual(before);
});

test('told to stop, it stops between windows', async () => {
  const { store, database, raw } = await open();
  await store.bars.upsert(bars(0, 21));
  const controller = new AbortController();
  const stopped = rechunkBars(database, '7 days', {
    signal: controller.signal,
    onProgress: ({ done }) => done === 2 && controller.abort(new Error('told to stop')),
  });
  await expect(stopped).rejects.toThrow('told to stop');
  expect(await chunks(raw)).toEqual(['0-7c', '7-14c', ...days(14, 21)]);
});

test('a writer loses nothing, and a reader misses nothing, while chunks change to and fro', async () => {
  const { store, database, raw, url } = await open();
  await withoutCompressionPolicy(raw);
  await store.bars.upsert(bars(0, 28));
  const program = fileURLToPath(new URL('./rechunk-neighbour.ts', import.meta.url));
  const neighbours = ['write', 'read', 'read'].map((part) => {
    const child = spawn(process.execPath, ['--import', 'tsx', program, url, part], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
  });
  for (const { lines } of neighbours) expect(await lines.next()).toMatchObject({ value: 'begun' });
  for (const interval of ['7 days', '1 day', '7 days', '1 day']) await rechunkBars(database, interval);
  for (const { child } of neighbours) child.stdin.end();
  const said = await Promise.all(neighbours.map(({ lines }) => lines.next()));
  const [written, ...read] = said.map(({ value }) => JSON.parse(value));
  expect(read.map(({ counts }) => counts)).toEqual([[28 * 24], [28 * 24]]);
  expect(await store.bars.count({ symbol: 'NEW', timeframe: '1m' })).toBe(written.inserted);
  expect(await store.bars.series({ symbol: 'NEW' })).toMatchObject([{ count: written.inserted }]);
  expect(await store.bars.recomputeRatios({ symbol: 'NEW', timeframe: '1m' })).toBe(0);
});

test('a snapshot from before misses nothing, whenever it looks', async () => {
  const { store, database, raw } = await open();
  await store.bars.upsert(bars(0, 14));
  await raw.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await raw.query('SELECT count(*) FROM patterns');
  await rechunkBars(database, '7 days');
  expect((await raw.query('SELECT count(*)::int AS count FROM ohlcv_bars')).rows).toEqual([{ count: 14 * 24 }]);
  await raw.query('COMMIT');
});

test('who holds on to the bars is named, and what was done stays', async () => {
  const { store, database, raw, url } = await open();
  await store.bars.upsert(bars(0, 14));
  const holder = await openRawClient(url);
  await holder.query('BEGIN; SELECT count(*) FROM ohlcv_bars');
  expect(await refusal(rechunkBars(database, '7 days', { patience: 1 }))).toEqual({
    code: 'STORAGE_BUSY',
    message: 'other sessions use ohlcv_bars and did not let go: what is done stays',
    hint: 'stop what runs long on it (SELECT pid, query FROM pg_stat_activity shows it) and run this again: it goes on',
  });
  expect(await chunks(raw)).toEqual(days(0, 14));
  const waiting = rechunkBars(database, '7 days');
  // One that has read and then writes goes first, though it waits for what rechunk holds and holds what rechunk waits for.
  await new Promise((resolve) => setTimeout(resolve, 200));
  await holder.query("SELECT FROM bar_series WHERE symbol = 'AAPL' FOR UPDATE");
  await holder.query('COMMIT');
  expect(await waiting).toMatchObject({ windows: 2, rows: 14 * 24 });
});
