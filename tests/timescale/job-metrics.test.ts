import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { scrapeOf } from '../setup/metrics-text.js';
import { openTestStore } from '../setup/test-database.js';

test('jobs of the storage are shown with the failures of their runs', async () => {
  const { store, url } = await openTestStore({ metrics: true });
  const client = new pg.Client(url);
  await client.connect();
  onTestFinished(() => client.end());
  const { rows } = await client.query<{ id: number }>(
    "SELECT job_id AS id FROM timescaledb_information.jobs WHERE proc_name = 'policy_compression' AND hypertable_name = 'ohlcv_bars'",
  );
  // As the scheduler of TimescaleDB keeps it.
  await client.query(
    `INSERT INTO _timescaledb_internal.bgw_job_stat (job_id, last_start, last_finish, next_start, last_successful_finish,
       last_run_success, total_runs, total_duration, total_duration_failures, total_successes, total_failures, total_crashes,
       consecutive_failures, consecutive_crashes, flags)
     VALUES ($1, now(), now(), now(), '-infinity', false, 3, '1s', '1s', 1, 2, 0, 2, 0, 0)
     ON CONFLICT (job_id) DO UPDATE SET last_run_success = false, total_failures = 2`,
    [rows[0]!.id],
  );
  const read = await scrapeOf(store.metrics!);
  const labels = '{procedure="policy_compression",table="ohlcv_bars"}';
  expect(read(`wyckoff_job_failures_total${labels}`)).toBe(2);
  expect(read(`wyckoff_job_last_run_failed${labels}`)).toBe(1);
  expect(read('wyckoff_job_last_run_failed{procedure="policy_compression",table="trades"}')).toBe(0);
  expect(read('wyckoff_job_last_run_failed{procedure="bar_aggregates_job",table=""}')).toBe(0);
  expect(read.sum('wyckoff_job_failures_total')).toBe(2);
});
