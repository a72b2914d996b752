import { readFile } from 'node:fs/promises';
import { expect, inject, test } from 'vitest';
import { manifestFile, readManifest, writeManifest } from '../../src/database/doctor/manifest.js';
import { readSchema } from '../../src/database/doctor/read-schema.js';
import { openStore } from '../../src/store.js';
import { cloneDatabase, examined, named } from '../setup/examined.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestDatabase } from '../setup/test-database.js';

const onTimescale = inject('layout') === 'timescale';

test('the manifest is what the migrations make; "npm run manifest" writes it anew', async () => {
  const database = await openTestDatabase();
  const schema = await database.pool.transaction(readSchema);
  expect(schema).toEqual(await readManifest());
  expect(await readFile(manifestFile(), 'utf8')).toBe(writeManifest(await readManifest()));
});

test('nothing differs in a database that was only migrated, and nothing is left out', async () => {
  const report = await examined(await cloneDatabase());
  expect(named(report)).toEqual([]);
  expect(report).toMatchObject({
    ...{
      passed: true,
      embedded: false,
      layout: inject('layout'),
      database: expect.stringMatching(/^test_/),
      user: 'wyckoff',
    },
    extensionVersion: onTimescale ? expect.stringMatching(/^2\./) : null,
  });
  expect(report.groups.map(({ name, status }) => [name, status])).toEqual(
    [
      ...['server', 'migrations', 'tables', 'constraints', 'indexes', 'functions', 'triggers'],
      ...['hypertables', 'aggregates', 'jobs', 'grants', 'catalog', 'settings', 'clock', 'disk'],
    ].map((name) => [name, 'passed']),
  );
  // The test server runs no job by itself.
  expect(report.groups.flatMap(({ warnings }) => warnings.map(({ object }) => object))).toEqual(
    onTimescale ? ['timescaledb.max_background_workers'] : [],
  );
  expect(report.groups.flatMap(({ notChecked }) => notChecked)).toEqual([
    "free room on the server's disk: not visible from here",
  ]);
});

test('a database whose definitions were printed and run again, as a restore does, is the same', async () => {
  const url = await cloneDatabase();
  const raw = await openRawClient(url);
  const { rows } = await raw.query<{ statement: string }>(`
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I; ALTER TABLE %1$s ADD CONSTRAINT %2$I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS statement
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype = 'c' AND conrelid::regclass::text NOT LIKE '\\_%'
    UNION ALL
    SELECT format('DROP TRIGGER %I ON %s; %s', tgname, tgrelid::regclass, pg_get_triggerdef(oid))
    FROM pg_trigger WHERE NOT tgisinternal AND tgfoid::regproc::text NOT LIKE '\\_%'
      AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    UNION ALL
    SELECT format('DROP INDEX %s; %s', indexrelid::regclass, pg_get_indexdef(indexrelid))
    FROM pg_index WHERE indpred IS NOT NULL AND indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    UNION ALL
    SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')`);
  expect(rows.length).toBeGreaterThan(100);
  for (const { statement } of rows) await raw.query(statement);
  const { rows: printed } = await raw.query<{ twice: string }>(
    "SELECT pg_get_constraintdef(oid) AS twice FROM pg_constraint WHERE conname = 'chk_ohlcv_bars_timeframe' AND conrelid = 'ohlcv_bars'::regclass",
  );
  expect(printed[0]!.twice).toContain("ARRAY[('1m'::character varying)::text"); // another text than before
  expect(named(await examined(url))).toEqual([]);
});

test('an empty database lacks its migrations and nothing else', async () => {
  const url = await cloneDatabase();
  const raw = await openRawClient(url);
  await raw.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  const report = await examined(url);
  expect(named(report)).toHaveLength(1);
  const { mend, found } = report.groups.find(({ name }) => name === 'migrations')!.differences[0]!;
  expect({ mend, found }).toEqual({ mend: 'wyckoff migrate', found: 'not applied' });
  for (const name of ['tables', 'constraints', 'functions', 'catalog', 'grants'] as const) {
    expect(report.groups.find((group) => group.name === name)).toMatchObject({
      status: 'not-checked',
      notChecked: ['the migrations come first'],
    });
  }
});

test('a database of a newer version is not held against this one', async () => {
  const url = await cloneDatabase();
  const raw = await openRawClient(url);
  await raw.query(`ALTER TABLE patterns ADD COLUMN tomorrow int;
    INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at) VALUES (gen_random_uuid(), 'x', '20300101000000_future', now(), now())`);
  const report = await examined(url);
  expect(report.groups.flatMap(({ differences }) => differences)).toMatchObject([
    { object: '20300101000000_future', mend: 'npm install wyckoff-store@latest' },
  ]);
});

test('a sample says how many of how many, and everything finds what the sample may miss', async () => {
  const url = await cloneDatabase();
  const raw = await openRawClient(url);
  await raw.query("INSERT INTO bar_series (symbol, timeframe) SELECT 'S' || n, '1d' FROM generate_series(1, 50) AS n");
  await raw.query(
    "UPDATE bar_series SET bar_count = 1, first_timestamp = '2024-01-02', last_timestamp = '2024-01-02' WHERE symbol = 'S7'",
  );
  const catalogOf = async (full: boolean) =>
    (await examined(url, { full })).groups.find(({ name }) => name === 'catalog')!;
  expect((await catalogOf(false)).checked).toMatch(/^20 of 50 series, at random; --full looks at all/);
  const all = await catalogOf(true);
  expect(all.checked).toBe('all of 50 series, and rows of no series');
  expect(all.differences).toMatchObject([
    { object: 'S7 1d', expected: '0 bars', found: expect.stringMatching(/^in the catalog 1 bar, 2024-01-02/) },
  ]);
});

test('it works where nothing may be written, and what is written meanwhile is no difference', async () => {
  const url = await cloneDatabase();
  const store = await openStore({ databaseUrl: url });
  const bar = { symbol: 'AAPL', timeframe: '1d', open: 1, high: 2, low: 1, close: 2, volume: 3 } as const;
  const raw = await openRawClient(url);
  await raw.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET default_transaction_read_only = on`);
  let written = 0;
  const write = async () => {
    // Each makes a chunk.
    for (; written < 60; written += 1)
      await store.bars.upsert([{ ...bar, timestamp: new Date(Date.UTC(2020, 0, 1 + written)) }]);
  };
  const look = async () => {
    const found: string[] = [];
    while (written < 60) found.push(...named(await examined(url)));
    return found;
  };
  const [found] = await Promise.all([look(), write()]);
  expect(found).toEqual([]);
  await store.close();
});

test('a server that is not there is a typed error', async () => {
  await expect(examined('postgresql://wyckoff@127.0.0.1:1/wyckoff')).rejects.toMatchObject({
    code: 'DATABASE_UNREACHABLE',
  });
  const elsewhere = new URL(inject('serverUrl'));
  elsewhere.pathname = 'nowhere';
  await expect(examined(elsewhere.href)).rejects.toMatchObject({ code: 'DATABASE_MISSING' });
});

test('settings that lose data are warnings; a pool that the server cannot fill and triggers that are silenced are differences', async () => {
  const url = await cloneDatabase();
  const raw = await openRawClient(url);
  const name = new URL(url).pathname.slice(1);
  await raw.query(
    `ALTER DATABASE ${name} SET synchronous_commit = off; ALTER DATABASE ${name} SET session_replication_role = replica`,
  );
  const report = await examined(url, { environment: { DB_MAX_CONNECTIONS: '500' } });
  const settings = report.groups.find(({ name }) => name === 'settings')!;
  expect(settings.warnings).toMatchObject([
    { object: 'synchronous_commit', found: 'off', mend: `ALTER DATABASE ${name} RESET synchronous_commit;` },
  ]);
  expect(settings.differences).toMatchObject([
    {
      object: 'session_replication_role',
      found: 'replica',
      mend: `ALTER DATABASE ${name} RESET session_replication_role;`,
    },
    { object: 'DB_MAX_CONNECTIONS', found: '500', mend: expect.stringMatching(/^DB_MAX_CONNECTIONS=100 /) },
  ]);
  for (const { mend } of [...settings.warnings, settings.differences[0]!]) await raw.query(mend);
  const mended = (await examined(url, { environment: { DB_MAX_CONNECTIONS: '100' } })).groups.find(
    ({ name }) => name === 'settings',
  );
  expect(mended).toMatchObject({ status: 'passed', warnings: [] });
});
