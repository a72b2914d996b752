/** As tests/integration/doctor-damages, of what TimescaleDB makes of the tables. */
import { expect, test } from 'vitest';
import { openStore } from '../../src/store.js';
import { cloneDatabase, differencesOf, examined, named } from '../setup/examined.js';
import { runMend } from '../setup/mend.js';
import { openRawClient } from '../setup/raw-client.js';
import { createPlainDatabase } from './storage-database.js';

const JOB = "(SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = 'bar_retention_job')";
const POLICY =
  "(SELECT job_id FROM timescaledb_information.jobs WHERE hypertable_name = 'ohlcv_bars' AND proc_name = 'policy_compression')";

const DAMAGES: readonly (readonly [what: string, sql: string, named: readonly (string | RegExp)[]])[] = [
  ['the retention job removed', `SELECT delete_job(${JOB})`, ['jobs: bar_retention_job']],
  [
    'the retention job switched off',
    `SELECT alter_job(${JOB}, scheduled => false)`,
    [/^jobs: job \d+, bar_retention_job$/],
  ],
  [
    'another chunk interval',
    "SELECT set_chunk_time_interval('ohlcv_bars', INTERVAL '30 days')",
    ['hypertables: ohlcv_bars'],
  ],
  ['the compression policy removed', "SELECT remove_compression_policy('trades')", ['hypertables: trades']],
  [
    'another age of compression',
    `SELECT alter_job(${POLICY}, config => jsonb_set(config, '{compress_after}', '"90 days"')) FROM timescaledb_information.jobs WHERE job_id = ${POLICY}`,
    ['hypertables: ohlcv_bars'],
  ],
  [
    'the compression policy switched off',
    `SELECT alter_job(${POLICY}, scheduled => false)`,
    [/^jobs: job \d+, policy_compression of ohlcv_bars$/],
  ],
  [
    'other settings of compression',
    "ALTER TABLE ohlcv_bars SET (timescaledb.compress, timescaledb.compress_segmentby = 'symbol')",
    ['hypertables: ohlcv_bars'],
  ],
  [
    'no compression',
    "SELECT remove_compression_policy('quotes'); ALTER TABLE quotes SET (timescaledb.compress = false)",
    ['hypertables: quotes', 'hypertables: quotes'],
  ],
  [
    'a hypertable replaced by a plain table',
    `CREATE TABLE plain_trades (LIKE trades INCLUDING ALL); INSERT INTO plain_trades SELECT * FROM trades; DROP TABLE trades;
     ALTER TABLE plain_trades RENAME TO trades`,
    ['indexes: trades.idx_trades_symbol_timestamp', 'hypertables: trades'],
  ],
  ['a continuous aggregate dropped', 'DROP MATERIALIZED VIEW ohlcv_1d', ['aggregates: ohlcv_1d']],
  [
    'all continuous aggregates dropped',
    'DROP MATERIALIZED VIEW ohlcv_5m CASCADE',
    ['ohlcv_5m', 'ohlcv_15m', 'ohlcv_1h', 'ohlcv_1d'].map((view) => `aggregates: ${view}`),
  ],
  [
    'a continuous aggregate without what was not refreshed yet',
    'ALTER MATERIALIZED VIEW ohlcv_5m SET (timescaledb.materialized_only = true)',
    ['aggregates: ohlcv_5m'],
  ],
  [
    'other chunks of a continuous aggregate',
    "SELECT set_chunk_time_interval(format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass, INTERVAL '1 day') FROM timescaledb_information.continuous_aggregates WHERE view_name = 'ohlcv_1h'",
    ['aggregates: ohlcv_1h'],
  ],
  [
    'a refresh that is long overdue',
    "INSERT INTO bar_aggregate_changes (symbol, day, changed_at) VALUES ('AAPL', '2024-01-02', now() - INTERVAL '2 days')",
    ['aggregates: bar_aggregate_changes'],
  ],
  [
    'the job of the aggregates removed',
    "SELECT delete_job(job_id) FROM timescaledb_information.jobs WHERE proc_name = 'bar_aggregates_job'",
    ['jobs: bar_aggregates_job'],
  ],
  ['a restore that was not ended', 'SELECT timescaledb_pre_restore()', ['server: timescaledb.restoring']],
];

async function filledDatabase(): Promise<string> {
  const url = await cloneDatabase();
  const store = await openStore({ databaseUrl: url });
  try {
    await store.trades.upsert([{ symbol: 'AAPL', timestamp: '2024-01-02T15:00:00Z', price: 1, size: 1 }]);
  } finally {
    await store.close();
  }
  return url;
}

test.each(DAMAGES)('%s', async (_, sql, expected) => {
  const url = await filledDatabase();
  const raw = await openRawClient(url);
  await raw.query(sql);
  const report = await examined(url);
  expect(named(report)).toEqual(expected.map((name) => (name instanceof RegExp ? expect.stringMatching(name) : name)));
  expect(report.passed).toBe(false);
  for (const { mend } of report.groups.flatMap((group) => group.differences)) {
    expect(mend).not.toContain('\n');
    await runMend(url, mend);
  }
  const mended = await examined(url);
  expect(named(mended)).toEqual([]);
  expect(mended.groups.filter(({ status }) => status !== 'passed')).toEqual([]);
});

test('the chunk interval is the one that is configured, here or in the database', async () => {
  const url = await filledDatabase();
  const raw = await openRawClient(url);
  for (const table of ['ohlcv_bars', 'trades', 'quotes', 'order_book_snapshots', 'indicators'])
    await raw.query(`SELECT set_chunk_time_interval('${table}', INTERVAL '7 days')`);
  expect(named(await examined(url, { environment: { WYCKOFF_CHUNK_INTERVAL: '1 week' } }))).toEqual([]);
  const different = differencesOf(await examined(url), 'hypertables');
  expect(different).toHaveLength(5);
  expect(different[0]).toMatchObject({ expected: 'chunks of 1 day', found: 'new chunks are of 7 days' });
  await raw.query(different[0]!.meaning.slice(different[0]!.meaning.indexOf('ALTER DATABASE')));
  expect(named(await examined(url))).toEqual([]);
});

test('a continuous aggregate of other buckets: it goes, with those that are made of it, and all come back', async () => {
  const url = await cloneDatabase();
  const raw = await openRawClient(url);
  await raw.query('DROP MATERIALIZED VIEW ohlcv_1d');
  await raw.query(`CREATE MATERIALIZED VIEW ohlcv_1d WITH (timescaledb.continuous) AS
    SELECT symbol, time_bucket('2 days', bucket) AS bucket, max(high) AS high FROM ohlcv_1h GROUP BY 1, 2 WITH NO DATA`);
  const differences = differencesOf(await examined(url), 'aggregates');
  expect(differences).toMatchObject([
    { object: 'ohlcv_1d', found: 'buckets of 2 days made of ohlcv_1h: symbol, bucket, high' },
    { object: 'ohlcv_1d', found: 'materialized_only = true' },
    { object: 'ohlcv_1d', expected: 'chunks of 3600 days' },
  ]);
  await runMend(url, differences[0]!.mend);
  await runMend(url, 'wyckoff storage apply');
  expect(named(await examined(url))).toEqual([]);
});

test('a job whose last run failed, with its error', async () => {
  const url = await cloneDatabase();
  const raw = await openRawClient(url);
  const { rows } = await raw.query(`SELECT ${JOB} AS id`);
  await raw.query(`
    INSERT INTO _timescaledb_internal.bgw_job_stat (job_id, last_start, last_finish, next_start, last_successful_finish, last_run_success,
      total_runs, total_duration, total_duration_failures, total_successes, total_failures, total_crashes, consecutive_failures, consecutive_crashes)
    VALUES (${JOB}, now(), now(), now(), now(), false, 5, '0', '0', 3, 2, 0, 1, 0) ON CONFLICT (job_id) DO UPDATE
      SET last_start = now() - INTERVAL '1 second', last_finish = now(), last_run_success = false, total_failures = 2;
    INSERT INTO _timescaledb_internal.bgw_job_stat_history (job_id, pid, execution_start, execution_finish, succeeded, data)
    VALUES (${JOB}, 1, now(), now(), false, '{"job": {}, "error_data": {"message": "disk full", "sqlerrcode": "53100"}}')`);
  expect(differencesOf(await examined(url), 'jobs')).toMatchObject([
    {
      object: `job ${rows[0].id}, bar_retention_job`,
      found: 'it failed: disk full; so did 2 runs in all',
      mend: `CALL run_job(${rows[0].id}); SELECT alter_job(${rows[0].id}, next_start => now());`,
    },
  ]);
});

test('a database that was migrated without TimescaleDB: nothing differs until the extension is in it, and then the layout does', async () => {
  const plain = await createPlainDatabase();
  const before = await examined(plain.url);
  expect(before).toMatchObject({ passed: true, layout: 'plain', extensionVersion: null });
  expect(before.groups[0]!.warnings).toMatchObject([{ object: 'timescaledb', mend: 'wyckoff storage apply' }]);
  const raw = await openRawClient(plain.url);
  await raw.query('CREATE EXTENSION timescaledb');
  const half = await examined(plain.url);
  expect(named(half)).toEqual([
    ...['ohlcv_bars', 'trades', 'quotes', 'order_book_snapshots', 'indicators'].map((table) => `hypertables: ${table}`),
    ...['jobs: bar_retention_job', 'jobs: bar_aggregates_job', 'jobs: time_series_retention_job'],
  ]);
  await runMend(plain.url, 'wyckoff storage apply');
  expect(await examined(plain.url)).toMatchObject({ passed: true, layout: 'timescale' });
});
