import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { packagedMigrations } from '../../src/database/migrate.js';
import { migrationNames } from '../../src/database/schema-engine/migration-list.js';
import { openStore } from '../../src/index.js';
import { clusterFolder } from '../setup/cluster-folder.js';
import { deploy, open, wyckoff } from '../setup/commands.js';
import { openRawClient } from '../setup/raw-client.js';
import type { TemporaryCluster } from '../setup/temporary-cluster.js';
import { createTimescaleCluster, SETTINGS } from '../setup/timescale-server.js';

/** A server whose settings change under its databases. */
let cluster: TemporaryCluster;

beforeAll(async () => {
  cluster = await createTimescaleCluster(clusterFolder());
  await cluster.start(SETTINGS);
});

afterAll(() => cluster.remove());

async function restart(...settings: string[]): Promise<void> {
  await cluster.stop();
  await cluster.start([...SETTINGS, ...settings]);
}

async function administer(...statements: string[]): Promise<void> {
  const raw = await openRawClient(cluster.url());
  for (const statement of statements) await raw.query(statement);
}

async function createDatabase(): Promise<string> {
  const name = `unusable_${randomUUID().replaceAll('-', '')}`;
  await administer(`CREATE DATABASE ${name}`);
  return cluster.url(name);
}

const MIGRATIONS = (await migrationNames(packagedMigrations())).length;
const COMMANDS = ['migrate', 'storage apply', 'storage status'];
const BAR = `INSERT INTO ohlcv_bars (symbol, timeframe, timestamp, open, high, low, close, volume, spread, spread_ratio, volume_ratio)
  VALUES ('AAPL', '1d', '2024-01-02Z', 1, 2, 1, 2, 3, 1, 1, 1)`;

/** What each of the five ways in says of a database: the layout of a store that opens, the text of a refusal, nothing where it is done. */
async function refusals(url: string): Promise<Record<string, string>> {
  const deployed = await deploy(url);
  const said: Record<string, string> = {
    deploy: deployed.code === 0 ? 'done' : deployed.output,
    open: await open(url),
  };
  const outcomes = await wyckoff(url, ...COMMANDS);
  for (const [index, { code, output }] of outcomes.entries()) said[COMMANDS[index]!] = code === 0 ? 'done' : output;
  return said;
}

/** The same of all five: `prisma migrate deploy` has no code to tell. */
function all(message: string, code: string, hint: string) {
  const line = `error: ${message} [${code}]\nhint: ${hint}\n`;
  return {
    deploy: `${message}\n\n${hint}\n`,
    open: line,
    migrate: line,
    'storage apply': line,
    'storage status': line,
  };
}

test('not preloaded: a new database is plain, one with hypertables is refused until it is preloaded again', async () => {
  const filled = await createDatabase();
  expect(await deploy(filled)).toEqual({ code: 0, output: `applied ${MIGRATIONS}\n` });
  const before = await openRawClient(filled);
  await before.query(BAR);
  await restart('shared_preload_libraries=');
  const message = 'TimescaleDB is installed on this server but not preloaded';
  const hint = 'an administrator runs ALTER SYSTEM SET shared_preload_libraries = timescaledb; and restarts the server';
  expect(await refusals(filled)).toEqual(all(message, 'TIMESCALE_NOT_PRELOADED', hint));

  const fresh = await createDatabase();
  expect(await deploy(fresh)).toEqual({
    code: 0,
    output: expect.stringContaining(
      'NOTICE: TimescaleDB is installed but not preloaded: ohlcv_bars stays a plain table\n' +
        'HINT: Add timescaledb to shared_preload_libraries, restart the server, and move the bars with `wyckoff storage apply`.\n',
    ),
  });
  expect(await open(fresh)).toBe('plain');
  const [migrated, applied, status] = await wyckoff(fresh, ...COMMANDS);
  expect(migrated).toMatchObject({ code: 0 });
  expect(applied).toEqual({ code: 1, output: `error: ${message} [TIMESCALE_NOT_PRELOADED]\nhint: ${hint}\n` });
  expect(status).toEqual({ code: 0, output: expect.stringContaining(`- ${message}:\n    ${hint}\n`) });

  await restart();
  expect(await wyckoff(fresh, 'storage apply', 'storage status')).toMatchObject([{ code: 0 }, { code: 0 }]);
  expect([await open(fresh), await open(filled)]).toEqual(['timescale', 'timescale']);
  const after = await openRawClient(filled);
  expect((await after.query('SELECT count(*)::int AS bars FROM ohlcv_bars')).rows).toEqual([{ bars: 1 }]);
});

test.each(['2.27.1', '2.17.2'])('the extension is %s, of another version than the library', async (version) => {
  const url = await createDatabase();
  await deploy(url);
  const raw = await openRawClient(url);
  await raw.query(`UPDATE pg_extension SET extversion = '${version}' WHERE extname = 'timescaledb'`);
  const statement = 'ALTER EXTENSION timescaledb UPDATE';
  expect(await refusals(url)).toEqual(
    all(
      `could not access file "$libdir/timescaledb-${version}": No such file or directory`,
      'SERVER_LIBRARY_MISSING',
      'where it is of timescaledb, the extension in this database is of another version than the library: an administrator runs ' +
        `${statement}; in this database, as the first statement of a new session (psql -X)`,
    ),
  );
  // The statement gets as far as it can: it runs the update, which finds that the objects are of the new version already.
  const administrator = await openRawClient(url).catch(() => undefined);
  await expect(administrator!.query(statement)).rejects.toThrow('catalog version mismatch');
});

test('an extension that is updated under an open store ends its sessions, not the store', async () => {
  const url = await createDatabase();
  await deploy(url);
  const store = await openStore({ databaseUrl: url, maxConnections: 1 });
  onTestFinished(() => store.close());
  const raw = await openRawClient(url);
  const { rows } = await raw.query("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'");
  const update = "UPDATE pg_extension SET extversion = $1 WHERE extname = 'timescaledb'";
  await raw.query(update, ['2.27.1']);
  await expect(store.bars.series()).rejects.toMatchObject({ code: 'SESSION_ENDED' });
  await expect(store.bars.series()).rejects.toMatchObject({ code: 'SERVER_LIBRARY_MISSING' });
  const database = new URL(url).pathname.slice(1);
  await administer(`ALTER DATABASE ${database} SET timescaledb.disable_load = on`);
  await (await openRawClient(url)).query(update, [rows[0].extversion]);
  await administer(`ALTER DATABASE ${database} RESET timescaledb.disable_load`);
  expect(await store.bars.series()).toEqual([]);
});

test('a role that may not create the extension: plain, until an administrator has run the statement', async () => {
  const url = new URL(await createDatabase());
  const role = `role_${randomUUID().replaceAll('-', '')}`;
  const raw = await openRawClient(url.href);
  await raw.query(`CREATE ROLE ${role} LOGIN; GRANT CREATE ON SCHEMA public TO ${role}`);
  url.username = role;
  expect(await deploy(url.href)).toEqual({
    code: 0,
    output: expect.stringContaining(
      'WARNING: this role may not create the extension timescaledb: ohlcv_bars stays a plain table\n' +
        'HINT: Let an administrator run CREATE EXTENSION timescaledb in this database, then move the bars with `wyckoff storage apply`.\n',
    ),
  });
  expect(await open(url.href)).toBe('plain');
  const hint =
    'an administrator runs CREATE EXTENSION timescaledb; in this database, and "wyckoff storage apply" does the rest';
  const [migrated, applied, status] = await wyckoff(url.href, ...COMMANDS);
  expect(migrated).toEqual({ code: 0, output: expect.stringContaining('Storage: plain PostgreSQL tables') });
  expect(applied).toEqual({
    code: 1,
    output: `error: this role may not create the extension timescaledb [TIMESCALE_NOT_ALLOWED]\nhint: ${hint}\n`,
  });
  expect(status).toEqual({ code: 0, output: expect.stringContaining('is on the server and not in this database') });
  await raw.query(/CREATE EXTENSION timescaledb;/.exec(hint)![0]);
  expect(await wyckoff(url.href, 'storage apply')).toMatchObject([{ code: 0 }]);
  expect(await open(url.href)).toBe('timescale');
});

test('a server that refuses the extension for a reason of its own: plain, and the reason is told', async () => {
  const url = await createDatabase();
  const raw = await openRawClient(url);
  await raw.query(`
    CREATE SCHEMA provider;
    CREATE FUNCTION provider.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'extension "timescaledb" is not allow-listed' USING ERRCODE = 'feature_not_supported', HINT = 'see the list';
    END $$;
    CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE EXTENSION') EXECUTE FUNCTION provider.refuse()`);
  const reason = 'the extension timescaledb cannot be made here: extension "timescaledb" is not allow-listed';
  expect(await deploy(url)).toEqual({
    code: 0,
    output: expect.stringContaining(`WARNING: ${reason}: ohlcv_bars stays a plain table\nHINT: see the list\n`),
  });
  expect(await open(url)).toBe('plain');
  const [applied] = await wyckoff(url, 'storage apply');
  expect(applied).toEqual({
    code: 1,
    output: `error: ${reason} [TIMESCALE_NOT_ALLOWED]\nhint: see the list\n`,
  });
});

test('an extension in another schema: plain, and hidden from the migrations', async () => {
  const url = await createDatabase();
  const raw = await openRawClient(url);
  await raw.query('CREATE SCHEMA extensions');
  await raw.query('CREATE EXTENSION timescaledb SCHEMA extensions');
  const message =
    'the extension timescaledb is in the schema extensions of this database, and the store looks for it in public';
  expect(await deploy(url)).toEqual({
    code: 0,
    output: expect.stringContaining(
      `WARNING: ${message}: ohlcv_bars stays a plain table\nHINT: an administrator runs DROP EXTENSION`,
    ),
  });
  expect(await open(url)).toBe('plain');
  const [migrated, applied, status] = await wyckoff(url, ...COMMANDS);
  expect([migrated!.code, applied!.code, status!.code]).toEqual([0, 1, 0]);
  expect(applied!.output).toContain(`error: ${message} [TIMESCALE_OTHER_SCHEMA]\nhint: an administrator runs`);
  expect(status!.output).toContain(`- ${message}:`);
  const administrator = await openRawClient(url);
  for (const statement of ['DROP EXTENSION timescaledb', 'CREATE EXTENSION timescaledb SCHEMA public'])
    await administrator.query(statement);
  expect(await wyckoff(url, 'storage apply')).toMatchObject([{ code: 0 }]);
  expect(await open(url)).toBe('timescale');
});

test('the Apache license: a new database is plain, one with hypertables is refused until the license is back', async () => {
  const filled = await createDatabase();
  await deploy(filled);
  const raw = await openRawClient(filled);
  await raw.query(BAR);
  await raw.query("SELECT compress_chunk(show_chunks('ohlcv_bars'))");
  await restart('timescaledb.license=apache');
  const message =
    'TimescaleDB runs under its Apache license here, which has no compression, no compression policies and no continuous aggregates';
  const hint =
    "an administrator runs ALTER SYSTEM SET timescaledb.license = 'timescale'; and SELECT pg_reload_conf(); where the server has TimescaleDB's " +
    'own packages, and installs those first where it has others';
  expect(await refusals(filled)).toEqual(all(message, 'TIMESCALE_LICENSE', hint));

  for (const installed of [false, true]) {
    const fresh = await createDatabase();
    if (installed) await (await openRawClient(fresh)).query('CREATE EXTENSION timescaledb');
    expect(await deploy(fresh)).toEqual({
      code: 0,
      output: expect.stringMatching(
        new RegExp(
          `^WARNING: ${message}: ohlcv_bars stays a plain table\nHINT: an administrator [^]*\napplied ${MIGRATIONS}\n$`,
        ),
      ),
    });
    expect(await open(fresh)).toBe('plain');
    const [migrated, applied, status] = await wyckoff(fresh, ...COMMANDS);
    expect(migrated).toMatchObject({ code: 0 });
    expect(applied).toEqual({ code: 1, output: `error: ${message} [TIMESCALE_LICENSE]\nhint: ${hint}\n` });
    expect(status).toEqual({ code: 0, output: expect.stringContaining(`- ${message}:\n    ${hint}\n`) });
  }
  await restart();
  expect(await open(filled)).toBe('timescale');
});
