import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { describe, expect, inject, it } from 'vitest';
import { compressChunks } from '../../src/database/layouts/compress.js';
import { openStore } from '../../src/store.js';
import { deploy, prisma, reset } from '../setup/commands.js';
import { openRawClient } from '../setup/raw-client.js';
import { layoutOf } from '../timescale/layout-of.js';
import { openDatabase } from '../timescale/storage-database.js';

const onTimescale = inject('layout') === 'timescale';

/** A database that is not migrated yet, and whoever administers it. */
async function createDatabase(): Promise<{ url: string; name: string; administrator: pg.Client }> {
  const url = new URL(inject('serverUrl'));
  const name = `reset_${randomUUID().replaceAll('-', '')}`;
  const administrator = await openRawClient(url.href);
  await administrator.query(`CREATE DATABASE ${name}`);
  url.pathname = name;
  return { url: url.href, name, administrator };
}

/** Of either layout. */
async function storageOf(raw: pg.Client): Promise<unknown> {
  if (onTimescale) return layoutOf(raw);
  const { rows } = await raw.query(
    "SELECT relname, relkind, relreplident FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
  );
  return rows;
}

/** A store that is in use: bars of sixty days and what is made of them, compressed, a policy, a job, continuous aggregates upon each other. */
async function use(url: string): Promise<void> {
  const store = await openStore({ databaseUrl: url });
  expect(store.layout).toBe(inject('layout'));
  const bars = Array.from({ length: 60 * 24 }, (_, hour) => ({
    ...({ symbol: 'AAPL', timeframe: '1h', timestamp: new Date(Date.UTC(2024, 0, 1, hour)) } as const),
    ...{ open: 1, high: 2, low: 1, close: 2, volume: hour },
  }));
  expect(await store.bars.upsert(bars)).toEqual({ inserted: 1440, changed: 0, unchanged: 0 });
  await store.trades.upsert([{ symbol: 'AAPL', timestamp: 1_704_067_200_000_000n, tradeId: 'a', price: 1, size: 1 }]);
  const range = { symbol: 'AAPL', timeframe: '1h', from: '2024-01-10', to: '2024-01-20' } as const;
  expect(await store.bars.range(range)).toHaveLength(240);
  const database = await openDatabase(url);
  await compressChunks(database, 'compress', { olderThan: '2 days' });
  await store.bars.upsert([{ ...bars[300]!, close: 1 }]);
  expect((await store.bars.range(range)).filter(({ close }) => close.eq(1))).toHaveLength(1);
  await store.close();
  const raw = await openRawClient(url);
  await raw.query("INSERT INTO retention_policies (relation, keep, set_by) VALUES ('ohlcv_bars', '10 years', 'ops')");
  await raw.query(`CREATE VIEW closes AS SELECT symbol, timestamp, close FROM ohlcv_bars;
    CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE SEQUENCE places`);
  if (!onTimescale) return;
  await raw.query(`CREATE MATERIALIZED VIEW days WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
    SELECT symbol, time_bucket('1 day', timestamp) AS day, max(high) AS high FROM ohlcv_bars GROUP BY 1, 2 WITH NO DATA`);
  await raw.query(`CREATE MATERIALIZED VIEW weeks WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
    SELECT symbol, time_bucket('7 days', day) AS week, max(high) AS high FROM days GROUP BY 1, 2 WITH NO DATA`);
  for (const view of ['days', 'weeks']) {
    await raw.query(`CALL refresh_continuous_aggregate('${view}', NULL, NULL)`);
    await raw.query(`SELECT add_continuous_aggregate_policy('${view}', NULL, INTERVAL '7 days', INTERVAL '1 hour')`);
  }
  await raw.query(
    "ALTER MATERIALIZED VIEW days SET (timescaledb.compress); SELECT compress_chunk(show_chunks('days'))",
  );
  await raw.query("SELECT add_job('public.bar_retention_job', INTERVAL '2 days')");
  expect((await raw.query('SELECT count(*)::int AS days FROM days')).rows).toEqual([{ days: 60 }]);
}

/** Rows of TimescaleDB's catalog that belong to nothing any more. */
async function leftovers(raw: pg.Client): Promise<unknown> {
  if (!onTimescale) return [];
  const { rows } = await raw.query(`
    SELECT 'hypertable ' || table_name AS what FROM _timescaledb_catalog.hypertable
    WHERE to_regclass(format('%I.%I', schema_name, table_name)) IS NULL
    UNION ALL SELECT 'chunk ' || relname FROM pg_class
    WHERE relnamespace = '_timescaledb_internal'::regnamespace AND relkind = 'r' AND relname LIKE '%\\_chunk'
    UNION ALL SELECT 'aggregate ' || user_view_name FROM _timescaledb_catalog.continuous_agg
    WHERE to_regclass(format('%I.%I', user_view_schema, user_view_name)) IS NULL
    UNION ALL SELECT 'job ' || proc_name FROM timescaledb_information.jobs WHERE job_id >= 1000
      AND NOT EXISTS (SELECT FROM pg_proc WHERE proname = proc_name AND pronamespace = proc_schema::regnamespace)`);
  return rows;
}

const drift = (url: string) =>
  prisma(url, 'migrate', 'diff', '--exit-code', '--script', '--from-config-datasource', '--to-schema', 'prisma');

// Each Prisma command takes three seconds to load on a machine that has nothing else to do.
describe('prisma migrate', () => {
  it('resets a store that is in use, twice in a row: it is as a new one, and works', async () => {
    const { url } = await createDatabase();
    expect(await deploy(url)).toMatchObject({ code: 0 });
    const raw = await openRawClient(url);
    const fresh = await storageOf(raw);
    await raw.end();
    await use(url);
    for (const reset of ['first', 'second']) {
      expect(await prisma(url, 'migrate', 'reset', '--force'), reset).toMatchObject({
        code: 0,
        output: expect.stringContaining('Database reset successful'),
      });
      const after = await openRawClient(url);
      expect(await storageOf(after)).toEqual(fresh);
      expect(await leftovers(after)).toEqual([]);
      expect((await after.query('SELECT count(*)::int AS bars FROM ohlcv_bars')).rows).toEqual([{ bars: 0 }]);
      await after.end();
      await use(url);
    }
  });

  it('finds nothing to do on a store that is in use, by way of its shadow database', async () => {
    const { url, administrator } = await createDatabase();
    await deploy(url);
    await use(url);
    const raw = await openRawClient(url);
    await raw.query('DROP VIEW closes; DROP TYPE mood; DROP SEQUENCE places');
    const before = await storageOf(raw);
    expect(await drift(url)).toMatchObject({ code: 0 });
    expect(await prisma(url, 'migrate', 'dev')).toMatchObject({
      code: 0,
      output: expect.stringContaining('Already in sync, no schema change or pending migration was found.'),
    });
    expect(await storageOf(raw)).toEqual(before);
    const { rows } = await administrator.query(
      "SELECT datname FROM pg_database WHERE datname LIKE 'prisma_migrate_shadow%'",
    );
    expect(rows).toEqual([]);
  });
});

it('resets what is a role’s own where schema and extension are an administrator’s, twice in a row', async () => {
  const { url, name, administrator } = await createDatabase();
  await administrator.query(`CREATE ROLE ${name} LOGIN PASSWORD '${name}'`);
  const superuser = await openRawClient(url);
  if (onTimescale) await superuser.query('CREATE EXTENSION timescaledb');
  await superuser.query(`GRANT CREATE, USAGE ON SCHEMA public TO ${name}`);
  await superuser.query('CREATE FUNCTION of_the_administrator() RETURNS int RETURN 1');
  const own = new URL(url);
  own.username = name;
  own.password = name;
  expect(await deploy(own.href)).toMatchObject({ code: 0 });
  const raw = await openRawClient(own.href);
  const fresh = await storageOf(raw);
  for (const turn of ['first', 'second']) {
    await use(own.href);
    expect(await reset(own.href), turn).toMatchObject({ code: 0, output: expect.stringMatching(/applied \d+\n$/) });
    expect(await storageOf(raw)).toEqual(fresh);
    expect(await leftovers(superuser)).toEqual([]);
  }
  await use(own.href);
});
