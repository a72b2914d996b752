import { describe, expect, inject, test } from 'vitest';
import { loadSeeds, sampleSeries } from '../../seeds/load.js';
import { latenciesOf } from '../../src/check/latencies.js';
import { checkLookups as check, type KnownSeries, type LookupCheck } from '../../src/check/lookups.js';
import { lookupFailures } from '../../src/check/measure.js';
import type { Session } from '../../src/database/session.js';
import { BarRepository } from '../../src/repositories/bars/bar-repository.js';
import { openTestDatabase } from '../setup/test-database.js';

/** One round without warming up; `wyckoff check lookups` itself is run by the tests of the command line. */
const checkLookups = (session: Session, known?: readonly KnownSeries[]) =>
  check(session, known, { warmUp: 0, mostRounds: 1 });

/** How fast it is on the machine at hand is no test's business: what came back is. */
function wrongAnswers(check: LookupCheck): string[] {
  return check.failures.filter((failure) => !failure.includes('p95'));
}

async function seededDatabase() {
  const database = await openTestDatabase();
  // Once it is analyzed, by chance of the minute, so small a table is read as a whole, and rightly so.
  if (inject('layout') === 'plain')
    await database.pool.withClient((client) => client.query('ALTER TABLE ohlcv_bars SET (autovacuum_enabled = false)'));
  await loadSeeds(database);
  return database;
}

describe('on the sample data', () => {
  test('finds what there is, by the index, and leaves nothing behind', async () => {
    const { pool } = await seededDatabase();
    const traces = () =>
      pool.withClient(async (client) => {
        const { rows } = await client.query(
          `SELECT (SELECT count(*)::int FROM ohlcv_bars) AS bars, (SELECT count(*)::int FROM ohlcv_bar_revisions) AS revisions,
                  (SELECT count(*)::int FROM audit_trail) AS events, (SELECT array_agg(symbol ORDER BY symbol) FROM bar_series) AS series`,
        );
        return rows[0] as unknown;
      });
    const before = await traces();
    const check = await checkLookups(pool, await sampleSeries());
    expect(wrongAnswers(check)).toEqual([]);
    expect(check.series).toEqual(['AAPL 1d', 'SPY 1d', 'TSLA 1d']);
    const all = (rows: number) => check.series.map((series) => ({ series, rows, expected: rows }));
    expect(check.lookups.map(({ name, limit, answers }) => ({ name, limit, answers }))).toEqual([
      { name: 'one year', limit: 50, answers: all(252) },
      { name: 'latest 50', limit: 10, answers: all(50) },
      { name: 'last 30 days', limit: 10, answers: all(21) },
      { name: 'count across symbols', limit: 50, answers: [{ series: '3 symbols, 1d', rows: 756, expected: 756 }] },
      { name: 'write one bar', limit: 5, answers: [{ series: 'WYCKOFF.CHECK', rows: 1, expected: 1 }] },
    ]);
    const plans = check.lookups.map(({ plan }) => plan.join('; '));
    for (const plan of plans) expect(plan).toMatch(/(Scan using idx_ohlcv_symbol_timeframe|Scan on ohlcv_bars)/);
    if (inject('layout') === 'plain') expect(plans[0]).toBe('Index Scan using idx_ohlcv_symbol_timeframe');
    expect(plans[4]).toContain('Insert on ohlcv_bars');
    for (const { p50, p95, p99 } of check.lookups) expect(0 < p50 && p50 <= p95 && p95 <= p99).toBe(true);
    expect(await traces()).toEqual(before);
  });

  test('a missing bar is a failure, whoever took it', async () => {
    const { pool } = await seededDatabase();
    await new BarRepository(pool, { actor: 'test' }).delete({
      symbol: 'SPY',
      timeframe: '1d',
      from: '2024-05-01',
      to: '2024-05-02',
    });
    expect(wrongAnswers(await checkLookups(pool, await sampleSeries()))).toEqual([
      'one year, SPY 1d: 251 rows came back, 252 must',
    ]);
    await pool.withClient((client) =>
      client.query("DELETE FROM ohlcv_bars WHERE symbol = 'TSLA' AND timestamp = '2024-02-01'"),
    );
    expect(wrongAnswers(await checkLookups(pool))).toEqual(['TSLA 1d: the catalog says 252 bars, the table has 251']);
  });
});

test('nothing to look up is a failure', async () => {
  const { pool } = await openTestDatabase();
  expect(await checkLookups(pool, await sampleSeries())).toMatchObject({
    passed: false,
    lookups: [],
    failures: ['there is no daily series with a year of bars'],
  });
});

describe('the scratch series', () => {
  const scratch = { symbol: 'WYCKOFF.CHECK', timeframe: '1m', timestamp: '2024-12-31T00:00:00Z' } as const;
  const values = { open: 1, high: 1, low: 1, close: 1, volume: 1 };

  test('what a killed check left is removed', async () => {
    const { pool } = await seededDatabase();
    const repository = new BarRepository(pool, { actor: 'test' });
    await repository.upsert([{ ...scratch, ...values, source: 'wyckoff check lookups' }]);
    expect(wrongAnswers(await checkLookups(pool))).toEqual([]);
    expect(await repository.series({ symbol: scratch.symbol })).toEqual([]);
  });

  test('bars that somebody keeps there are not', async () => {
    const { pool } = await seededDatabase();
    const repository = new BarRepository(pool, { actor: 'test' });
    await repository.upsert([{ ...scratch, ...values }]);
    await expect(checkLookups(pool)).rejects.toMatchObject({ code: 'SCRATCH_SERIES_TAKEN' });
    expect(await repository.count({ symbol: scratch.symbol, timeframe: '1m' })).toBe(1);
  });
});

test('percentiles are runs that there were, by nearest rank', () => {
  const runs = Array.from({ length: 50 }, (_, index) => ((index * 7) % 50) + 1);
  expect(latenciesOf(runs)).toEqual({ p50: 25, p95: 48, p99: 50 });
});

test('a slow or empty lookup fails, one at its limit does not', () => {
  const lookup = { name: 'one year', limit: 50, p50: 1, p95: 50, p99: 90, slowRounds: [], plan: [] };
  const answer = { series: 'AAPL 1d', rows: 252, expected: 252 };
  expect(lookupFailures({ ...lookup, answers: [answer] })).toEqual([]);
  expect(lookupFailures({ ...lookup, p95: 50.1, answers: [answer] })).toEqual([
    'one year: p95 is 50.1 ms, over the limit of 50 ms',
  ]);
  expect(lookupFailures({ ...lookup, answers: [{ ...answer, rows: 0, expected: 0 }] })).toHaveLength(1);
});
