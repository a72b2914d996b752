/** Roles belong to the whole server: every test of them is in this file, whose tests run one after the other. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import { loadSeeds } from '../../seeds/load.js';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import { applyMigrations } from '../../src/database/migrate.js';
import { ROLES, TABLE_GRANTS } from '../../src/database/role-grants.js';
import { applyRoles } from '../../src/database/roles.js';
import { verifyAuditTrail } from '../../src/repositories/audit/verify.js';
import { openStore } from '../../src/store.js';
import { differencesOf, examined, named } from '../setup/examined.js';
import { insertRow, SOUND_ROWS } from '../setup/ledger-rows.js';
import { runMend } from '../setup/mend.js';
import { openRawClient } from '../setup/raw-client.js';
import { createTestDatabase, openTestDatabase } from '../setup/test-database.js';
import { WYCKOFF } from '../setup/wyckoff-program.js';

const PASSWORD = 'roles-test';

function urlOf(database: Database): string {
  return database.pool.pg.options.connectionString!;
}

function asUser(url: string, user: string): string {
  const changed = new URL(url);
  changed.username = user;
  changed.password = PASSWORD;
  return changed.href;
}

/** On the server, as its superuser. */
async function administer(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: inject('serverUrl') });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A user that is there until the test ends. What it owns must be gone by then. */
async function makeUser(attributes = ''): Promise<string> {
  const user = `user_${randomUUID().slice(0, 8)}`;
  await administer(`CREATE ROLE ${user} LOGIN PASSWORD '${PASSWORD}' ${attributes}`);
  onTestFinished(() => administer(`DROP ROLE IF EXISTS ${user}`));
  return user;
}

async function dropRoles(): Promise<void> {
  await administer(...ROLES.map((role) => `DROP ROLE IF EXISTS ${role}`));
}

/** A database with the roles' rights in it, and its members. */
/** Functions and procedures of the migrations. */
const ROUTINES = 21;
/** By name, as they are given away. */
const HYPERTABLES = ['indicators', 'ohlcv_bars', 'order_book_snapshots', 'quotes', 'trades'];

const AGGREGATES = inject('layout') === 'timescale' ? ['ohlcv_15m', 'ohlcv_1d', 'ohlcv_1h', 'ohlcv_5m'] : [];

async function openWithRoles() {
  const database = await openTestDatabase();
  await applyRoles(database.pool);
  const url = urlOf(database);
  const member = async (role: string) => asUser(url, await makeUser(`IN ROLE ${role}`));
  return { database, url, member };
}

// Each test makes the roles, in a database that is dropped when it ends.
beforeEach(dropRoles);

test('every table of the migrations has its line', async () => {
  const database = await openTestDatabase();
  const raw = await openRawClient(urlOf(database));
  const { rows } = await raw.query("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1");
  expect(Object.keys(TABLE_GRANTS).sort()).toEqual(rows.map(({ name }) => name));
});

describe('applying', () => {
  test('makes the roles, gives everything to the owner, and changes nothing the second time', async () => {
    const database = await openTestDatabase();
    const first = await applyRoles(database.pool);
    expect(first).toMatchObject({ created: ROLES, formerOwners: [], databaseOwner: null });
    expect(first.transferred).toHaveLength(Object.keys(TABLE_GRANTS).length + AGGREGATES.length + ROUTINES);
    expect(first.transferred).toContain('ROUTINE public.audit_trail_place()');
    expect(first.mended).toContainEqual({
      ...{ kind: 'TABLE', object: 'public.audit_trail', role: 'wyckoff_app' },
      ...{ wanted: ['SELECT', 'INSERT'], missing: ['SELECT', 'INSERT'], extra: [] },
    });
    expect(await applyRoles(database.pool)).toEqual({
      ...{ created: [], transferred: [], kept: [], formerOwners: [], mended: [], databaseOwner: null },
    });
    const raw = await openRawClient(urlOf(database));
    const { rows } = await raw.query(
      `SELECT DISTINCT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE oid IN (
         SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S', 'i')
         UNION SELECT inhrelid FROM pg_inherits)`,
    );
    expect(rows).toEqual([{ owner: 'wyckoff_owner' }]);
    const roles = await raw.query(
      "SELECT rolname AS name, rolcanlogin AND rolconnlimit <> 0 AS login, rolsuper FROM pg_roles WHERE rolname LIKE 'wyckoff\\_%' ORDER BY 1",
    );
    expect(roles.rows).toEqual([...ROLES].sort().map((name) => ({ name, login: false, rolsuper: false })));
  });

  test('takes away what is too much, and gives back what is missing', async () => {
    const { database, url } = await openWithRoles();
    const raw = await openRawClient(url);
    await raw.query(`
      GRANT UPDATE, TRUNCATE ON audit_trail TO wyckoff_app; GRANT ALL ON signals TO PUBLIC;
      GRANT UPDATE (length) ON audit_chains TO wyckoff_app; GRANT SELECT ON patterns TO wyckoff_readonly WITH GRANT OPTION;
      REVOKE INSERT ON ohlcv_bars FROM wyckoff_app; GRANT wyckoff_owner TO wyckoff_app; GRANT CREATE ON SCHEMA public TO PUBLIC;
      GRANT TEMPORARY ON DATABASE ${new URL(url).pathname.slice(1)} TO PUBLIC; GRANT EXECUTE ON FUNCTION audit_trail_place() TO wyckoff_app;
      ALTER ROLE wyckoff_app SUPERUSER LOGIN CREATEROLE; ALTER TABLE campaigns OWNER TO CURRENT_USER`);
    const { mended, transferred } = await applyRoles(database.pool);
    const all = mended.map(({ object, role, missing, extra }) => [object, role, missing.join(), extra.join()]);
    expect(all).toEqual(
      expect.arrayContaining([
        ['public.audit_trail', 'wyckoff_app', '', 'TRUNCATE,UPDATE'],
        ['public.audit_chains', 'wyckoff_app', '', 'UPDATE'],
        ['public.patterns', 'wyckoff_readonly', 'SELECT', 'SELECT*'],
        ['public.ohlcv_bars', 'wyckoff_app', 'INSERT', ''],
        ['wyckoff_owner', 'wyckoff_app', '', 'MEMBER'],
        ['public', 'PUBLIC', '', 'CREATE'],
        [new URL(url).pathname.slice(1), 'PUBLIC', '', 'TEMPORARY'],
        ['public.audit_trail_place()', 'wyckoff_app', '', 'EXECUTE'],
      ]),
    );
    expect(mended.find(({ object }) => object === 'public.signals')).toMatchObject({ role: 'PUBLIC', wanted: [] });
    expect(transferred).toEqual(['TABLE public.campaigns']);
    expect(await applyRoles(database.pool)).toMatchObject({ mended: [], transferred: [] });
    const { rows } = await raw.query(
      "SELECT rolsuper, rolcanlogin, rolcreaterole FROM pg_roles WHERE rolname = 'wyckoff_app'",
    );
    expect(rows).toEqual([{ rolsuper: false, rolcanlogin: false, rolcreaterole: false }]);
  });

  test('refuses tables that it does not know, and lists them', async () => {
    const database = await openTestDatabase();
    const raw = await openRawClient(urlOf(database));
    await raw.query('CREATE TABLE stranger (id int); CREATE VIEW aliens AS SELECT 1 AS one');
    await expect(applyRoles(database.pool)).rejects.toMatchObject({
      code: 'ROLES_UNKNOWN_TABLES',
      message: "the schema public has tables that are not the store's: aliens, stranger",
      hint: expect.stringContaining('SET SCHEMA'),
    });
    await raw.query(
      'CREATE SCHEMA elsewhere; ALTER TABLE stranger SET SCHEMA elsewhere; ALTER VIEW aliens SET SCHEMA elsewhere',
    );
    expect(await applyRoles(database.pool)).toMatchObject({ created: ROLES });
    await raw.query('DROP TABLE signals');
    await expect(applyRoles(database.pool)).rejects.toMatchObject({
      ...{ code: 'ROLES_TABLES_MISSING', message: 'the database lacks signals' },
    });
  });

  test('works twice at once, in one database and in two of one server', async () => {
    const [one, other] = [await openTestDatabase(), await openTestDatabase()];
    const reports = await Promise.all([one, one, other, other].map(({ pool }) => applyRoles(pool)));
    expect(reports.flatMap(({ created }) => created).sort()).toEqual([...ROLES].sort());
    for (const { pool } of [one, other])
      expect(await applyRoles(pool)).toMatchObject({ created: [], transferred: [], mended: [] });
  });

  test('refuses a user that may not do it, and then changes nothing', async () => {
    const database = await openTestDatabase();
    const user = await makeUser();
    await administer(`GRANT pg_read_all_data TO ${user}`);
    const open = async () => {
      const opened = await Database.open(readConfig({ databaseUrl: asUser(urlOf(database), user) }));
      onTestFinished(() => opened.close());
      return opened.pool;
    };
    const pool = await open();
    await expect(applyRoles(pool)).rejects.toMatchObject({
      code: 'ROLES_NOT_ALLOWED',
      message: `the roles cannot be set up: the role wyckoff_owner is missing, and ${user} may not create roles`,
      hint: expect.stringContaining('as a superuser'),
    });
    await administer(`ALTER ROLE ${user} CREATEROLE`);
    // It may make the roles, but the tables are not its own.
    await expect(applyRoles(pool)).rejects.toMatchObject({
      code: expect.stringMatching(/^ROLES_(NOT_ALLOWED|INCOMPLETE)$/),
    });
    const raw = await openRawClient(urlOf(database));
    const { rowCount } = await raw.query("SELECT FROM pg_roles WHERE rolname LIKE 'wyckoff\\_%'");
    expect(rowCount).toBe(0);
  });

  /** A user without superuser's rights that has migrated a database of its own. */
  async function openOwned() {
    const owner = await makeUser('CREATEROLE CREATEDB');
    const name = `test_${randomUUID().replaceAll('-', '')}`;
    const url = new URL(asUser(inject('serverUrl'), owner));
    url.pathname = name;
    await applyMigrations({ connectionString: url.href });
    const database = await Database.open(readConfig({ databaseUrl: url.href }));
    onTestFinished(async () => {
      await database.close();
      await administer(`DROP DATABASE ${name} WITH (FORCE)`);
      await dropRoles();
    });
    return { owner, database, url: url.href };
  }

  test('works for a user that is no superuser, with CREATEROLE and a database of its own', async () => {
    const { owner, database, url } = await openOwned();
    const app = `user_${randomUUID().slice(0, 8)}`;
    onTestFinished(() => administer(`DROP ROLE IF EXISTS ${app}`));
    const report = await applyRoles(database.pool);
    const kept = [
      ...(inject('layout') === 'timescale' ? HYPERTABLES.map((name) => `TABLE public.${name}`) : []),
      ...AGGREGATES.map((name) => `MATERIALIZED VIEW public.${name}`),
    ];
    expect(report).toMatchObject({ created: ROLES, kept, formerOwners: [], databaseOwner: owner });
    expect(report.transferred).toHaveLength(
      Object.keys(TABLE_GRANTS).length + AGGREGATES.length + ROUTINES - kept.length,
    );
    expect(await applyRoles(database.pool)).toMatchObject({ created: [], transferred: [], kept, mended: [] });
    // It still does what it did as the owner, and gives out memberships.
    await database.pool.withClient((client) => client.query('ALTER TABLE signals ADD COLUMN note text'));
    await database.pool.withClient((client) =>
      client.query(`CREATE ROLE ${app} LOGIN PASSWORD '${PASSWORD}' IN ROLE wyckoff_app`),
    );
    const store = await openStore({ databaseUrl: asUser(url, app) });
    onTestFinished(() => store.close());
    expect(await store.bars.upsert([bar(2)])).toMatchObject({ inserted: 1 });
    expect(await verifyAuditTrail(database.pool)).toMatchObject({ problems: [] });
  });

  test('in a second database, works for such a user once it may give out the roles that another one made', async () => {
    const { owner, database } = await openOwned();
    await openWithRoles();
    const raw = await openRawClient(inject('serverUrl'));
    const { rows } = await raw.query("SELECT current_setting('server_version_num')::int >= 160000 AS divided");
    // Before 16, CREATEROLE gives out any role.
    if (rows[0].divided)
      await expect(applyRoles(database.pool)).rejects.toMatchObject({
        code: 'ROLES_NOT_ALLOWED',
        hint: expect.stringContaining('GRANT wyckoff_owner TO that_user WITH ADMIN OPTION'),
      });
    await administer(`GRANT wyckoff_owner TO ${owner} WITH ADMIN OPTION`);
    expect(await applyRoles(database.pool)).toMatchObject({ created: [], databaseOwner: owner });
    expect(await applyRoles(database.pool)).toMatchObject({ transferred: [], mended: [] });
  });

  test('leaves a former owner what it could do', async () => {
    const database = await openTestDatabase();
    const user = await makeUser();
    const raw = await openRawClient(urlOf(database));
    await raw.query(
      `ALTER TABLE signals OWNER TO ${user}; ALTER FUNCTION audit_trail_hash(audit_trail) OWNER TO ${user}`,
    );
    expect(await applyRoles(database.pool)).toMatchObject({ formerOwners: [user] });
    const former = await openRawClient(asUser(urlOf(database), user));
    await former.query('ALTER TABLE signals ADD COLUMN note text');
    expect(await applyRoles(database.pool)).toMatchObject({ formerOwners: [] });
  });
});

const bar = (day: number, close = '11') => ({
  ...{ symbol: 'AAPL', timeframe: '1d' as const, timestamp: `2024-01-${String(day).padStart(2, '0')}` },
  ...{ open: '10', high: '12', low: '9', close, volume: '100' },
});

describe('a member of wyckoff_app', () => {
  test('does everything that the store does', async () => {
    const { member, database } = await openWithRoles();
    const store = await openStore({ databaseUrl: await member('wyckoff_app') });
    onTestFinished(() => store.close());
    expect(store.layout).toBe(inject('layout'));
    expect(await store.bars.upsert([bar(2), bar(3), bar(4)])).toMatchObject({ inserted: 3 });
    async function* stream() {
      yield bar(4, '12');
      yield bar(5);
    }
    expect(await store.bars.upsert(stream())).toMatchObject({ inserted: 1, changed: 1 });
    const key = { symbol: 'AAPL', timeframe: '1d' } as const;
    expect(await store.bars.range({ ...key, from: '2024-01-01', to: '2024-02-01' })).toHaveLength(4);
    const directory = await mkdtemp(join(tmpdir(), 'wyckoff-roles-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const file = join(directory, 'aapl_1d.csv');
    await writeFile(
      file,
      'timestamp,open,high,low,close,volume\n2024-01-08,10,12,9,11,100\n2024-01-09,10,12,9,11,100\n',
    );
    const imported = await store.files.import({ paths: [file], ...key });
    expect(imported.totals).toMatchObject({ inserted: 2 });
    expect(await store.files.undo(imported.runId)).toMatchObject({ deleted: 2 });
    expect((await store.files.import({ paths: [file], ...key })).totals).toMatchObject({ inserted: 2 });
    expect(await store.bars.delete({ ...key, from: '2024-01-02', to: '2024-01-04' })).toBe(2);
    expect(await verifyAuditTrail(database.pool)).toMatchObject({ chains: 3, events: 4, problems: [] });
  });

  test('writes, replaces, streams and deletes time series', async () => {
    const { member } = await openWithRoles();
    const store = await openStore({ databaseUrl: await member('wyckoff_app') });
    onTestFinished(() => store.close());
    const at = { symbol: 'AAPL', timestamp: '2024-01-02T14:30:00.123456Z' };
    const indicator = { symbol: 'AAPL', timeframe: '1d', name: 'rsi', timestamp: '2024-01-02', value: '50' } as const;
    const book = { ...at, bids: [[99, 1] as const], asks: [[101, 1] as const] };
    const many = Array.from({ length: 20_001 }, (_, tradeId) => ({ ...at, tradeId, price: 10, size: 1 }));
    expect(await store.trades.upsert(many.values())).toMatchObject({ inserted: 20_001 });
    expect(await store.quotes.upsert([{ ...at, bidPrice: 10, bidSize: 1 }])).toMatchObject({ inserted: 1 });
    expect(await store.orderBooks.upsert([book])).toMatchObject({ inserted: 1 });
    expect(await store.orderBooks.upsert([{ ...book, asks: [[102, 1]] }])).toMatchObject({ changed: 1 });
    expect(await store.indicators.upsert([indicator])).toMatchObject({ inserted: 1 });
    expect(await store.indicators.delete(indicator)).toBe(1);
    expect(await store.trades.delete({ symbol: 'AAPL' })).toBe(20_001);
  });

  test('writes the ledger, and verifies the trail', async () => {
    const { member } = await openWithRoles();
    const own = await Database.open(readConfig({ databaseUrl: await member('wyckoff_app') }));
    onTestFinished(() => own.close());
    await loadSeeds(own);
    await own.pool.withClient((client) =>
      client.query("UPDATE signals SET status = 'EXPIRED' WHERE status = 'PENDING'"),
    );
    expect(await verifyAuditTrail(own.pool)).toMatchObject({ problems: [] });
  });

  test('is refused everything else', async () => {
    const { member, url } = await openWithRoles();
    const owner = await openRawClient(url);
    for (const table of Object.keys(SOUND_ROWS)) await insertRow(owner, table as keyof typeof SOUND_ROWS);
    const app = await openRawClient(await member('wyckoff_app'));
    const forbidden = [
      "UPDATE audit_trail SET actor = 'x'",
      'DELETE FROM audit_trail',
      'TRUNCATE audit_trail',
      `INSERT INTO audit_chains (correlation_id) VALUES ('${randomUUID()}')`,
      'UPDATE audit_chains SET length = 0',
      'DELETE FROM audit_chains',
      ...[
        'trading_ranges',
        'patterns',
        'signals',
        'campaigns',
        'backtest_results',
        'bar_series',
        'ohlcv_bar_revisions',
      ].flatMap((table) => [`DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`]),
      'UPDATE ohlcv_bar_revisions SET open = 1',
      'TRUNCATE ohlcv_bars',
      'CREATE TABLE own (id int)',
      'CREATE FUNCTION own() RETURNS int LANGUAGE sql AS $$SELECT 1$$',
      'CREATE SCHEMA own',
      'DROP TABLE signals',
      'ALTER TABLE audit_trail DISABLE TRIGGER audit_trail_refuse',
      'ALTER TABLE audit_trail DISABLE TRIGGER ALL',
      'CREATE TRIGGER own BEFORE INSERT ON audit_trail FOR EACH ROW EXECUTE FUNCTION audit_trail_place()',
      'CREATE OR REPLACE FUNCTION audit_trail_hash(event audit_trail) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$SELECT NULL::bytea$$',
      'SELECT audit_trail_hash(audit_trail) FROM audit_trail',
      'SET session_replication_role = replica',
      'SET ROLE wyckoff_owner',
      "UPDATE _prisma_migrations SET logs = ''",
      'BEGIN; LOCK TABLE audit_trail IN EXCLUSIVE MODE',
    ];
    for (const statement of forbidden) {
      await expect(app.query(statement), statement).rejects.toMatchObject({ code: '42501' });
      await app.query('ROLLBACK');
    }
    await app.query('GRANT UPDATE ON audit_trail TO wyckoff_app'); // a warning that nothing was granted
    await expect(app.query("UPDATE audit_trail SET actor = 'x'")).rejects.toMatchObject({ code: '42501' });
  });
});

describe('a member of wyckoff_readonly', () => {
  test('reads everything through the store, and verifies the trail', async () => {
    const { member, database, url } = await openWithRoles();
    await loadSeeds(database);
    const readonly = await member('wyckoff_readonly');
    const store = await openStore({ databaseUrl: readonly });
    onTestFinished(() => store.close());
    const bars = await store.bars.range({ symbol: 'AAPL', timeframe: '1d', from: '2024-01-01', to: '2025-01-01' });
    expect(bars).toHaveLength(252);
    const raw = await openRawClient(readonly);
    for (const table of Object.keys(TABLE_GRANTS)) await raw.query(`SELECT * FROM ${table} LIMIT 1`);
    const own = await Database.open(readConfig({ databaseUrl: readonly }));
    onTestFinished(() => own.close());
    const digests = await Promise.all([own, database].map(({ pool }) => verifyAuditTrail(pool)));
    expect(digests[0]).toEqual(digests[1]);
    expect(url).not.toBe(readonly);
  });

  test('writes nothing', async () => {
    const { member } = await openWithRoles();
    const url = await member('wyckoff_readonly');
    const readonly = await openRawClient(url);
    const forbidden = Object.keys(TABLE_GRANTS).flatMap((table) => [
      ...[`INSERT INTO ${table} DEFAULT VALUES`, `DELETE FROM ${table}`, `TRUNCATE ${table}`],
      `SELECT FROM ${table} FOR UPDATE`,
    ]);
    forbidden.push(
      "UPDATE signals SET status = 'FILLED'",
      'CREATE TABLE own (id int)',
      'CREATE TEMPORARY TABLE own (id int)',
    );
    for (const statement of forbidden)
      await expect(readonly.query(statement), statement).rejects.toMatchObject({ code: '42501' });
    const store = await openStore({ databaseUrl: url });
    onTestFinished(() => store.close());
    await expect(store.bars.upsert([bar(2)])).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });
});

test('nobody logs in as one of the roles, and a user without any sees nothing', async () => {
  const { url } = await openWithRoles();
  for (const role of ROLES) {
    await administer(`ALTER ROLE ${role} PASSWORD '${PASSWORD}'`);
    await expect(openRawClient(asUser(url, role))).rejects.toMatchObject({
      code: expect.stringMatching(/^28000|53300$/),
    });
  }
  const stranger = await openRawClient(asUser(url, await makeUser()));
  for (const table of Object.keys(TABLE_GRANTS))
    await expect(stranger.query(`SELECT FROM ${table}`)).rejects.toMatchObject({ code: '42501' });
  await expect(stranger.query('CREATE TEMPORARY TABLE own (id int)')).rejects.toMatchObject({ code: '42501' });
});

// A plain database has no jobs.
if (inject('layout') === 'timescale')
  test('the owner of a hypertable can run its jobs', async () => {
    const { url } = await openWithRoles();
    const raw = await openRawClient(url);
    const job = await raw.query(
      "SELECT job_id, owner::text FROM timescaledb_information.jobs WHERE hypertable_name = 'ohlcv_bars'",
    );
    expect(job.rows).toMatchObject([{ owner: 'wyckoff_owner' }]);
    // As whom a background worker starts: a role that may log in. Clients do not get in.
    const { rows } = await raw.query("SELECT rolcanlogin, rolconnlimit FROM pg_roles WHERE rolname = 'wyckoff_owner'");
    expect(rows).toEqual([{ rolcanlogin: true, rolconnlimit: 0 }]);
    await raw.query(
      "SELECT remove_compression_policy('ohlcv_bars'), add_compression_policy('ohlcv_bars', INTERVAL '7 days')",
    );
  });

test('wyckoff roles apply says what it did and what to do next', async () => {
  const created = await createTestDatabase();
  onTestFinished(() => created.drop());
  const first = await wyckoff(created.url, 'roles', 'apply');
  expect(first).toMatchObject({ code: 0, errors: '' });
  expect(first.output).toMatch(/^ohlcv_bars +SELECT INSERT UPDATE DELETE +SELECT$/m);
  expect(first.output).toMatch(/^audit_trail +SELECT INSERT +SELECT$/m);
  expect(first.output).toContain('Made the roles wyckoff_owner, wyckoff_app, wyckoff_readonly.\n');
  expect(first.output).toContain('Took away: TEMPORARY on database ');
  expect(first.output).toContain("CREATE ROLE trader LOGIN PASSWORD '...' IN ROLE wyckoff_app;");
  const second = await wyckoff(created.url, 'roles', 'apply');
  expect(second.output).toContain('All of it was so already: nothing was changed.');
  const json = await wyckoff(created.url, 'roles', 'apply', '--json');
  expect(JSON.parse(json.output)).toEqual({
    ...{ created: [], transferred: [], kept: [], formerOwners: [], mended: [], databaseOwner: null },
  });
});

async function wyckoff(url: string, ...args: string[]) {
  const child = spawn(process.execPath, [...WYCKOFF, ...args], {
    env: { PATH: process.env.PATH, WYCKOFF_DATABASE_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, output, errors };
}

describe('doctor', () => {
  test('names rights that are missing or too many, and roles that may do more', async () => {
    const { url } = await openWithRoles();
    expect(named(await examined(url))).toEqual([]);
    const raw = await openRawClient(url);
    await raw.query(`REVOKE INSERT ON ohlcv_bars FROM wyckoff_app; GRANT UPDATE, DELETE ON audit_trail TO wyckoff_app;
      GRANT SELECT ON signals TO PUBLIC; GRANT wyckoff_owner TO wyckoff_readonly; ALTER ROLE wyckoff_app BYPASSRLS`);
    const differences = differencesOf(await examined(url), 'grants');
    expect(differences.map(({ object, expected, found }) => [object, expected, found])).toEqual([
      ['wyckoff_app', 'a role that nobody logs in as, without rights of its own', 'BYPASSRLS'],
      ['wyckoff_readonly', 'a member of no role', 'a member of wyckoff_owner'],
      ['public.audit_trail for wyckoff_app', 'SELECT, INSERT', 'SELECT, INSERT, DELETE, UPDATE'],
      ['public.ohlcv_bars for wyckoff_app', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, UPDATE, DELETE'],
      ['public.signals for PUBLIC', 'no right', 'SELECT'],
    ]);
    await runMend(url, differences[0]!.mend);
    expect(named(await examined(url))).toEqual([]);
  });

  test('works for the roles that own nothing, and says what they may not see', async () => {
    const { database, url, member } = await openWithRoles();
    await loadSeeds(database);
    for (const role of ['wyckoff_app', 'wyckoff_readonly']) {
      const report = await examined(await member(role));
      expect(named(report)).toEqual([]);
      expect(report.groups.filter(({ status }) => status !== 'passed')).toEqual([]);
      expect(report.groups.find(({ name }) => name === 'catalog')!.checked).toMatch(/^all of \d+ series/);
    }
    const stranger = await examined(asUser(url, await makeUser()));
    const unseen = stranger.groups.filter(({ status }) => status === 'not-checked');
    expect(unseen.map(({ name, notChecked }) => [name, notChecked[0]])).toEqual(
      expect.arrayContaining([
        ['migrations', 'permission denied for table _prisma_migrations'],
        ['catalog', expect.stringMatching(/^permission denied for table /)],
      ]),
    );
    expect(stranger.groups.find(({ name }) => name === 'constraints')!.status).toBe('passed');
  });
});
