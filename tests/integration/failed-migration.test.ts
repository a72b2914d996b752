import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { expect, inject, it, onTestFinished } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import { applyMigrations, packagedMigrations } from '../../src/database/migrate.js';
import { migrationNames } from '../../src/database/schema-engine/migration-list.js';
import type { WyckoffError } from '../../src/index.js';
import { open, prisma, wyckoff } from '../setup/commands.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTcpProxy } from '../setup/tcp-proxy.js';

const NAMES = await migrationNames(packagedMigrations());
const TIME_SERIES = NAMES.find((name) => name.endsWith('_time_series'))!;
/** It waits for whoever writes bars. */
const AGGREGATES = NAMES.find((name) => name.endsWith('_bar_aggregates'))!;
const BEHIND = NAMES.slice(NAMES.indexOf(AGGREGATES) + 1);

/** A database that lacks a migration and those after it. */
async function createDatabaseBefore(migration: string): Promise<{ url: string; raw: pg.Client }> {
  const url = new URL(inject('serverUrl'));
  const administrator = await openRawClient(url.href);
  url.pathname = `failed_${randomUUID().replaceAll('-', '')}`;
  await administrator.query(`CREATE DATABASE ${url.pathname.slice(1)}`);
  const migrationsDirectory = await mkdtemp(join(tmpdir(), 'wyckoff-migrations-'));
  onTestFinished(() => rm(migrationsDirectory, { recursive: true }));
  for (const name of ['migration_lock.toml', ...NAMES.filter((each) => each < migration)])
    await cp(join(packagedMigrations(), name), join(migrationsDirectory, name), { recursive: true });
  await applyMigrations({ connectionString: url.href, migrationsDirectory });
  return { url: url.href, raw: await openRawClient(url.href) };
}

async function openToMigrate(url: string): Promise<Database> {
  const database = await Database.open(readConfig({ databaseUrl: url }), 'ignore');
  onTestFinished(() => database.close());
  return database;
}

/** A migration needs a lock that this holds until it is told to let go. */
async function hold(raw: pg.Client, table: string): Promise<void> {
  await raw.query(`BEGIN; LOCK TABLE ${table}`);
}

/** The session that migrates, once it waits for a lock. */
async function waitingMigrator(raw: pg.Client): Promise<number> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const { rows } = await raw.query(
      `SELECT pid FROM pg_stat_activity
       WHERE application_name = 'wyckoff-store migrate' AND datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (rows[0]) return rows[0].pid;
    await sleep(50);
  }
  return expect.fail('no migration came to wait');
}

async function refusal(attempt: Promise<unknown>): Promise<WyckoffError> {
  return attempt.then(
    () => expect.fail('it was done'),
    (reason: WyckoffError) => reason,
  );
}

it('a migration that fails leaves nothing, says why each time, and prints the way out', async () => {
  const { url, raw } = await createDatabaseBefore(TIME_SERIES);
  await raw.query('CREATE TABLE quotes (id integer)');
  const [first, second, status] = await wyckoff(url, 'migrate', 'migrate', 'storage status');
  const resolve = `migrate resolve ${TIME_SERIES} --rolled-back`;
  const reason = 'ERROR: relation "quotes" already exists';
  const wayOut = `remove the cause, run \`wyckoff ${resolve}\`, and migrate again\n`;
  expect(first!.code).toBe(1);
  expect(first!.output).toMatch(new RegExp(`^error: migration ${TIME_SERIES} failed: ${reason}`));
  expect(first!.output).toMatch(/\[MIGRATION_FAILED\]\nhint: nothing of it remains in the database; /);
  expect(first!.output.endsWith(wayOut)).toBe(true);
  expect(second).toEqual({
    code: 1,
    output: expect.stringMatching(
      new RegExp(
        `^error: migration ${TIME_SERIES} failed earlier, and nothing is applied until that is settled: ${reason} \\[MIGRATION_FAILED_EARLIER\\]\n`,
      ),
    ),
  });
  expect(second!.output).not.toContain('sql_schema_connector');
  expect(second!.output.endsWith(wayOut)).toBe(true);
  const refused = `error: migration ${TIME_SERIES} has failed in this database [MIGRATION_FAILED]\nhint: \`wyckoff migrate\` tells why, and the way out\n`;
  expect(status).toEqual({ code: 1, output: refused });
  expect(await open(url)).toBe(refused);
  expect((await raw.query("SELECT to_regclass('trades') AS trades")).rows).toEqual([{ trades: null }]);

  await raw.query('DROP TABLE quotes');
  const outcomes = await wyckoff(
    url,
    'migrate resolve nothing --rolled-back',
    `migrate resolve ${TIME_SERIES}`,
    resolve,
    'migrate',
  );
  expect(outcomes).toEqual([
    { code: 1, output: expect.stringContaining('[MIGRATION_NOT_RESOLVED]') },
    { code: 2, output: expect.stringContaining("one of '--rolled-back' and '--applied'") },
    { code: 0, output: `Migration ${TIME_SERIES} counts as rolled back now.\nNext: "wyckoff migrate".\n` },
    { code: 0, output: expect.stringContaining(`Applied ${NAMES.length - NAMES.indexOf(TIME_SERIES)} migration`) },
  ]);
  expect(await open(url)).toBe(inject('layout'));
});

it('the Prisma command line settles a failed migration as well', async () => {
  const { url, raw } = await createDatabaseBefore(TIME_SERIES);
  await raw.query('CREATE TABLE quotes (id integer)');
  const database = await openToMigrate(url);
  expect(await refusal(database.migrate())).toMatchObject({ code: 'MIGRATION_FAILED' });
  await raw.query('DROP TABLE quotes');
  expect(await prisma(url, 'migrate', 'resolve', '--rolled-back', TIME_SERIES)).toMatchObject({ code: 0 });
  expect(await database.migrate()).toEqual(NAMES.slice(NAMES.indexOf(TIME_SERIES)));
  expect(await open(url)).toBe(inject('layout'));
});

it('a session that is ended in the middle of a migration says so, and nothing of it is there', async () => {
  const { url, raw } = await createDatabaseBefore(AGGREGATES);
  const other = await openRawClient(url);
  await hold(raw, 'bar_series');
  const database = await openToMigrate(url);
  const migrating = refusal(database.migrate());
  await other.query(`SELECT pg_terminate_backend(${await waitingMigrator(other)})`);
  expect(await migrating).toMatchObject({
    code: 'MIGRATION_FAILED',
    message: expect.stringContaining('terminating connection due to administrator command'),
    hint: `nothing of it remains in the database; remove the cause, run \`wyckoff migrate resolve ${AGGREGATES} --rolled-back\`, and migrate again`,
  });
  await raw.query('ROLLBACK');
  await database.resolveMigration(AGGREGATES, 'rolled-back');
  expect(await database.migrate()).toEqual([AGGREGATES, ...BEHIND]);
  expect(await open(url)).toBe(inject('layout'));
});

it.each([
  ['and the server ends it', true, /^\w+ is not there, and so nothing of it is: run `(.*)`, and migrate again$/],
  [
    'and the server goes on to its end',
    false,
    /^\w+ is there, and so is the rest of it: run `(.*)`, and migrate again$/,
  ],
])(
  'the connection is lost in the middle of a migration, %s: the next one says what became of it',
  async (_, ended, told) => {
    const { url, raw } = await createDatabaseBefore(AGGREGATES);
    const other = await openRawClient(url);
    await hold(raw, 'bar_series');
    const proxy = await openTcpProxy(url);
    const migrating = refusal(openToMigrate(proxy.url).then((database) => database.migrate()));
    const session = await waitingMigrator(other);
    proxy.close();
    expect(await migrating).toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    if (ended) await other.query(`SELECT pg_terminate_backend(${session})`);
    await raw.query('ROLLBACK');

    const database = await openToMigrate(url);
    const { code, message, hint } = await refusal(database.migrate());
    expect([code, message]).toEqual([
      'MIGRATION_FAILED_EARLIER',
      `migration ${AGGREGATES} was interrupted earlier, and nothing is applied until that is settled`,
    ]);
    expect(hint).toMatch(told);
    const outcome = ended ? 'rolled-back' : 'applied';
    expect(told.exec(hint!)![1]).toBe(`wyckoff migrate resolve ${AGGREGATES} --${outcome}`);
    await database.resolveMigration(AGGREGATES, outcome);
    expect(await database.migrate()).toEqual(ended ? [AGGREGATES, ...BEHIND] : BEHIND);
    expect(await open(url)).toBe(inject('layout'));
  },
);
