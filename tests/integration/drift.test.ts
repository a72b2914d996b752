import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { packagedMigrations } from '../../src/database/migrate.js';
import { migrationNames } from '../../src/database/schema-engine/migration-list.js';
import { openStore } from '../../src/store.js';
import { type Outcome, prisma as runPrisma } from '../setup/commands.js';
import { administer } from '../setup/template.js';

const onTimescale = inject('layout') === 'timescale';

let url: string;
let database: pg.Client;

beforeEach(async () => {
  const server = new URL(inject('serverUrl'));
  const name = `drift_${randomUUID().replaceAll('-', '')}`;
  const administrator = new pg.Client({ connectionString: server.href });
  await administrator.connect();
  await administrator.query(`CREATE DATABASE ${name}`);
  await administrator.end();
  onTestFinished(() => administer(inject('serverUrl'), `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  server.pathname = name;
  url = server.href;
  database = new pg.Client({ connectionString: url });
  await database.connect();
});

afterEach(async () => {
  await database.end();
});

/** `npm run prisma -- <args>` for this test's database. */
const prisma = (...args: string[]): Promise<Outcome> => runPrisma(url, ...args);

/** Exit code 2: the database is not what the Prisma schema says, and the output is the SQL that would make it so. */
function drift(): Promise<Outcome> {
  return prisma('migrate', 'diff', '--exit-code', '--script', '--from-config-datasource', '--to-schema', 'prisma');
}

/** What either way of migrating has to leave in `_prisma_migrations`. */
async function expectedRecord(): Promise<unknown[]> {
  const directory = packagedMigrations();
  return Promise.all(
    (await migrationNames(directory)).map(async (migration_name) => ({
      migration_name,
      checksum: createHash('sha256')
        .update(await readFile(join(directory, migration_name, 'migration.sql')))
        .digest('hex'),
      applied_steps_count: 1,
      logs: null,
      rolled_back_at: null,
      finished: true,
    })),
  );
}

async function record(): Promise<unknown[]> {
  const { rows } = await database.query(
    `SELECT migration_name, checksum, applied_steps_count, logs, rolled_back_at, finished_at >= started_at AS finished
     FROM _prisma_migrations ORDER BY started_at`,
  );
  return rows;
}

/** How ohlcv_bars lies on disk. */
async function storage(): Promise<unknown> {
  if (!onTimescale) {
    const { rows } = await database.query("SELECT relkind FROM pg_class WHERE oid = 'ohlcv_bars'::regclass");
    return rows;
  }
  const { rows } = await database.query(
    `SELECT dimension.time_interval::text AS chunk, compression.segmentby, compression.orderby,
            job.proc_name, job.config ->> 'compress_after' AS after
     FROM timescaledb_information.hypertables hypertable
     JOIN timescaledb_information.dimensions dimension USING (hypertable_name)
     JOIN timescaledb_information.hypertable_compression_settings compression ON compression.hypertable = 'ohlcv_bars'::regclass
     JOIN timescaledb_information.jobs job USING (hypertable_name)
     WHERE hypertable_name = 'ohlcv_bars'`,
  );
  return rows;
}

const EXPECTED_STORAGE = onTimescale
  ? [
      {
        chunk: '1 day',
        segmentby: 'symbol,timeframe',
        orderby: '"timestamp" DESC',
        proc_name: 'policy_compression',
        after: '7 days',
      },
    ]
  : [{ relkind: 'r' }];

async function migrateInProcess(): Promise<void> {
  const store = await openStore({ databaseUrl: url, migrations: 'ignore' });
  await store.migrate();
  await store.close();
}

async function expectMigrated(): Promise<void> {
  expect(await record()).toEqual(await expectedRecord());
  expect(await storage()).toEqual(EXPECTED_STORAGE);
  expect(await drift()).toMatchObject({ code: 0 });
  expect(await prisma('migrate', 'status')).toMatchObject({
    code: 0,
    output: expect.stringContaining('Database schema is up to date!'),
  });
}

// Each step is a Prisma command: three seconds of loading on a machine that has nothing else to do.
describe('the schema after migrating', () => {
  it('is the Prisma schema, by the Prisma command line', async () => {
    expect(await prisma('migrate', 'deploy')).toMatchObject({ code: 0 });
    await expectMigrated();
  });

  it('is the same, with the same record, by store.migrate()', async () => {
    await migrateInProcess();
    await expectMigrated();
    expect(await prisma('migrate', 'deploy')).toMatchObject({
      code: 0,
      output: expect.stringContaining('No pending migrations to apply.'),
    });
  });

  it('is the same after a reset, without the bars', async () => {
    const store = await openStore({ databaseUrl: url, migrations: 'apply' });
    const bar = { symbol: 'AAPL', timeframe: '1d', open: 1, high: 2, low: 1, close: 2, volume: 3 } as const;
    await store.bars.upsert([
      { ...bar, timestamp: '2024-01-02' },
      { ...bar, timestamp: '2024-01-03' },
    ]);
    expect(await store.bars.count({ timeframe: '1d' })).toBe(2);
    await store.close();

    expect(await prisma('migrate', 'reset', '--force')).toMatchObject({ code: 0 });
    await expectMigrated();
    const empty = await openStore({ databaseUrl: url });
    expect(await empty.bars.range({ symbol: 'AAPL', timeframe: '1d' })).toEqual([]);
    expect(await empty.bars.series()).toEqual([]);
    expect(empty.layout).toBe(inject('layout'));
    await empty.close();
  });

  it('differs visibly once somebody changes it by hand', async () => {
    await migrateInProcess();
    await database.query('ALTER TABLE bar_series ADD COLUMN note text');
    const { code, output } = await drift();
    expect(code).toBe(2);
    expect(output).toContain('ALTER TABLE "bar_series" DROP COLUMN "note"');
  });
});
