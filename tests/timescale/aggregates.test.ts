import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import { AGGREGATES } from '../../src/database/layouts/aggregates.js';
import { applyStorage } from '../../src/database/layouts/apply.js';
import { refreshAggregates } from '../../src/database/layouts/refresh-aggregates.js';
import { openStore } from '../../src/index.js';
import { minuteBars } from '../setup/minute-bars.js';
import { openRawClient } from '../setup/raw-client.js';
import { startOfToday } from '../setup/start-of-today.js';
import { openTestStore } from '../setup/test-database.js';
import { WYCKOFF } from '../setup/wyckoff-program.js';
import { createPlainDatabase, openDatabase } from './storage-database.js';

const INPUT = { symbol: 'AAPL', from: '1m', to: '1d' } as const;
const BARS = minuteBars('AAPL', 3000); // 1 to 3 January 2024
const today = new Date(await startOfToday()).toISOString().slice(0, 10);

async function open() {
  const { store, url } = await openTestStore();
  const database = await Database.open(readConfig({ databaseUrl: url }));
  onTestFinished(() => database.close());
  return { store, url, database, raw: await openRawClient(url) };
}

async function changedDays(raw: pg.Client): Promise<string[]> {
  const { rows } = await raw.query("SELECT symbol || ' ' || day AS day FROM bar_aggregate_changes ORDER BY 1");
  return rows.map(({ day }) => day);
}

async function failure(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => 'nothing',
    (error: { code: string }) => error.code,
  );
}

test('days that changed are read from the bars, all others from the aggregate', async () => {
  const { store, database, raw } = await open();
  await store.bars.upsert(BARS);
  expect(await changedDays(raw)).toEqual(['AAPL 2024-01-01', 'AAPL 2024-01-02', 'AAPL 2024-01-03']);
  const progress: number[] = [];
  const report = await refreshAggregates(database, { onProgress: ({ done, total }) => progress.push(done, total) });
  expect(report).toEqual({ refreshed: 3, changed: 0, open: 0 });
  expect(progress).toEqual([3, 3]);
  expect(await changedDays(raw)).toEqual([]);
  const before = await store.bars.resample(INPUT);
  // Behind the store's back, which nothing can know of: so one sees where an answer comes from.
  await raw.query('UPDATE ohlcv_bars SET volume = 0');
  expect(await store.bars.resample(INPUT)).toEqual(before);
  await store.bars.delete({ symbol: 'AAPL', timeframe: '1m', from: '2024-01-02T23:59', to: '2024-01-03' });
  expect(await changedDays(raw)).toEqual(['AAPL 2024-01-02']);
  const after = await store.bars.resample(INPUT);
  expect(after.map(({ volume, sourceBars }) => [volume.toNumber(), sourceBars])).toEqual([
    [before[0]!.volume.toNumber(), 1440],
    [0, 1439],
    [before[2]!.volume.toNumber(), 120],
  ]);
});

test('the job refreshes days that have ended, and leaves today', async () => {
  const { store, raw, database } = await open();
  await store.bars.upsert([...BARS, { ...BARS[0]!, timestamp: today }]);
  const job = "SELECT job_id AS id FROM timescaledb_information.jobs WHERE proc_name = 'bar_aggregates_job'";
  await raw.query(`CALL run_job(${(await raw.query(job)).rows[0].id})`);
  expect(await changedDays(raw)).toEqual([`AAPL ${today}`]);
  expect(await refreshAggregates(database)).toEqual({ refreshed: 0, changed: 0, open: 1 });
  const at = new Date(Date.parse(today) + 86_400_000);
  const days = await store.bars.resample({ ...INPUT, at });
  expect(days.map(({ sourceBars }) => sourceBars)).toEqual([1440, 1440, 120, 1]);
});

test('a refresh that fails leaves the days to the next one, and answers are right', async () => {
  const { store, url, raw } = await open();
  await store.bars.upsert(BARS);
  const expected = await store.bars.resample(INPUT);
  const impatient = new URL(url);
  impatient.searchParams.set('options', '-c lock_timeout=100');
  const other = await Database.open(readConfig({ databaseUrl: impatient.href }));
  onTestFinished(() => other.close());
  const holder = await openRawClient(url);
  await holder.query('BEGIN');
  await holder.query(`LOCK TABLE ${other.layout.aggregates.get('1h')} IN ACCESS EXCLUSIVE MODE`);
  expect(await failure(refreshAggregates(other))).toBe('LOCK_TIMEOUT');
  await holder.query('ROLLBACK');
  expect(await changedDays(raw)).toHaveLength(3);
  expect(await store.bars.resample(INPUT)).toEqual(expected);
  expect(await refreshAggregates(other)).toMatchObject({ refreshed: 3, changed: 0 });
  expect(await store.bars.resample(INPUT)).toEqual(expected);
});

test('two refreshes at once queue, and months of days go in steps', async () => {
  const { store, url, database, raw } = await open();
  const bars = Array.from({ length: 100 }, (_, day) => ({
    ...BARS[0]!,
    timestamp: new Date(Date.UTC(2023, 0, 1) + day * 86_400_000),
  }));
  await store.bars.upsert(bars);
  const expected = await store.bars.resample(INPUT);
  const other = await openDatabase(url);
  const steps: number[] = [];
  const reports = await Promise.all([
    refreshAggregates(database, { onProgress: ({ done }) => steps.push(done) }),
    refreshAggregates(other, { onProgress: ({ done }) => steps.push(done) }),
  ]);
  expect(reports.map((report) => report?.refreshed).sort()).toEqual([0, 100]);
  expect(steps.sort((a, b) => a - b)).toEqual([0, 30, 60, 90, 100]);
  expect(await changedDays(raw)).toEqual([]);
  expect(await store.bars.resample(INPUT)).toEqual(expected);
});

test('storage apply makes an aggregate anew that is gone, and then every day counts as changed', async () => {
  const { store, url, database, raw } = await open();
  await store.bars.upsert(BARS);
  const expected = await store.bars.resample(INPUT);
  await refreshAggregates(database);
  await raw.query("GRANT SELECT ON ohlcv_bars TO pg_monitor; SET client_min_messages = 'error'");
  await raw.query('DROP MATERIALIZED VIEW ohlcv_1h CASCADE');
  const { changes } = await applyStorage(database.pool);
  expect(changes).toEqual(
    ['ohlcv_1h', 'ohlcv_1d'].map((view) => `mended: the continuous aggregate ${view} is missing`),
  );
  expect(await changedDays(raw)).toHaveLength(3);
  const { rows } = await raw.query("SELECT has_table_privilege('pg_monitor', 'ohlcv_1d', 'SELECT') AS granted");
  expect(rows).toEqual([{ granted: true }]);
  const reopened = await openStore({ databaseUrl: url });
  onTestFinished(() => reopened.close());
  expect(await reopened.bars.resample(INPUT)).toEqual(expected);
  expect(await refreshAggregates(await openDatabase(url))).toMatchObject({ refreshed: 3 });
  expect(await reopened.bars.resample(INPUT)).toEqual(expected);
  // The one that has been open all the time knows the former table, and takes the bars.
  expect(await store.bars.resample(INPUT)).toEqual(expected);
});

test('a database that was plain has aggregates after storage apply, with all its days to refresh', async () => {
  const plain = await createPlainDatabase();
  const store = await openStore({ databaseUrl: plain.ownerUrl });
  onTestFinished(() => store.close());
  await store.bars.upsert(BARS);
  const expected = await store.bars.resample(INPUT);
  expect(await refreshAggregates(await openDatabase(plain.ownerUrl))).toBeUndefined();
  await applyStorage((await openDatabase(plain.url)).pool);
  expect(await store.bars.resample(INPUT)).toEqual(expected); // by the store that was opened before
  const database = await openDatabase(plain.ownerUrl);
  expect([...database.layout.aggregates.keys()]).toEqual(AGGREGATES.map(({ timeframe }) => timeframe));
  expect(await store.bars.upsert([{ ...BARS[0]!, volume: 77 }])).toMatchObject({ changed: 1 });
  const again = await openStore({ databaseUrl: plain.ownerUrl });
  onTestFinished(() => again.close());
  const changed = await store.bars.resample(INPUT);
  expect(changed).not.toEqual(expected);
  expect(await again.bars.resample(INPUT)).toEqual(changed);
});

async function wyckoff(url: string, ...args: string[]) {
  const child = spawn(process.execPath, [...WYCKOFF, 'storage', 'refresh', ...args], {
    env: { PATH: process.env.PATH, WYCKOFF_DATABASE_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { output, errors };
}

test('wyckoff storage refresh says what it did', async () => {
  const { store, url } = await open();
  await store.bars.upsert(BARS);
  expect(await wyckoff(url)).toEqual({
    output: 'Refreshed 3 days (of one symbol each).\n',
    errors: 'refreshing the aggregates\n',
  });
  await store.bars.upsert([{ ...BARS[0]!, timestamp: today }]);
  expect(await wyckoff(url)).toEqual({
    output: 'No day to refresh; 1 day that has not ended stays as it is.\n',
    errors: '',
  });
  expect(await wyckoff(url, '--json')).toEqual({
    output: expect.stringMatching(
      /^\{\s*"aggregates": ?true,\s*"refreshed": ?0,\s*"changed": ?0,\s*"open": ?1\s*\}\n$/,
    ),
    errors: '',
  });
  const plain = await createPlainDatabase();
  expect(await wyckoff(plain.ownerUrl)).toEqual({
    output: 'There are no continuous aggregates: coarser bars are made of the 1m bars at every read.\n',
    errors: '',
  });
});
