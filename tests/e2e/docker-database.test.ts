/** What the image does with infrastructure/docker/postgres, done here with the machine's own PostgreSQL and TimescaleDB. */
import { execFile, execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES } from '../../src/database/role-grants.js';
import { DOCKER, service, setting, settings } from '../setup/docker-files.js';
import { openRawClient } from '../setup/raw-client.js';
import { TemporaryCluster } from '../setup/temporary-cluster.js';
import { timescaleBinaries } from '../setup/timescale-binaries.js';
import { writeWyckoffProgram } from '../setup/wyckoff-program.js';

const binaries = timescaleBinaries()!;
/** Docker gives them with the file's newline. */
const PASSWORDS = { postgres: "sup'er $word/@:%", wyckoff: "it's a pass\\word" };

let cluster: TemporaryCluster;
let secrets: string;
let programs: string;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Outcome> {
  const env = { PATH: `${programs}:${binaries}:${process.env.PATH}`, HOME: cluster.directory, ...environment };
  return new Promise((resolve) => {
    execFile(program, args, { env, cwd: cluster.directory }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

/** As the image runs a file of its folder: docker_process_sql in its entrypoint. */
function initialize(passwordFile: string): Promise<Outcome> {
  const flags = ['-v', 'ON_ERROR_STOP=1', '--username', 'postgres', '--no-password', '--no-psqlrc'];
  return run('psql', [...flags, '--dbname', 'wyckoff', '-f', join(DOCKER, 'postgres/init.sql')], {
    ...{ PGHOST: cluster.directory, PGPORT: `${cluster.port}`, DB_PASSWORD_FILE: passwordFile },
  });
}

async function healthy(): Promise<boolean> {
  const [shell, command = ''] = service('db').healthcheck!.test;
  expect(shell).toBe('CMD-SHELL');
  const { code } = await run('sh', ['-c', command], { PGHOST: cluster.directory, PGPORT: `${cluster.port}` });
  return code === 0;
}

/** A service of compose.yaml, with its own entrypoint and environment; another command may be given. */
function runService(name: string, { command, ...changes }: NodeJS.ProcessEnv & { command?: string } = {}) {
  const { entrypoint = ['/app/entrypoint.sh', 'wyckoff'], environment, ...rest } = service(name);
  const inside = Object.entries({ ...environment, ...changes }).map(([variable, value]) => {
    const path = value?.replace('/run/secrets', secrets);
    return [variable, variable === 'WYCKOFF_CHUNK_INTERVAL' ? (changes[variable] ?? '') : path];
  });
  const [program = '', ...args] = entrypoint.map((word) => word.replace('/app', DOCKER));
  return run(program, [...args, ...(command?.split(' ') ?? rest.command)], {
    ...Object.fromEntries(inside),
    ...{ DB_HOST: '127.0.0.1', DB_PORT: `${cluster.port}` },
  });
}

beforeAll(async () => {
  cluster = await TemporaryCluster.create({
    ...{ binaries, superuser: 'postgres' },
    arguments: service('db').environment.POSTGRES_INITDB_ARGS!.split(' '),
  });
  secrets = join(cluster.directory, 'secrets');
  programs = join(cluster.directory, 'bin');
  await chmod(cluster.directory, 0o755);
  for (const folder of [secrets, programs]) await mkdir(folder);
  await writeWyckoffProgram(programs);
  for (const [user, password] of Object.entries(PASSWORDS))
    await writeFile(join(secrets, `${user}_password`), `${password}\n`);
  const [, config = ''] = /config_file=(.+)/.exec(service('db').command.join(' ')) ?? [];
  expect(service('db').volumes).toContain(`./postgres/postgresql.conf:${config}:ro`);
  await copyFile(join(DOCKER, 'postgres/postgresql.conf'), join(cluster.directory, 'postgresql.conf'));
});

afterAll(() => cluster.remove());

const asSuperuser = () =>
  openRawClient(cluster.url('wyckoff').replace('@', `:${encodeURIComponent(PASSWORDS.postgres)}@`));

async function serve(addresses: string): Promise<void> {
  await cluster.stop();
  await cluster.start([`config_file=${join(cluster.directory, 'postgresql.conf')}`, addresses]);
}

describe('while the image sets it up', () => {
  it('the server answers pg_isready, and is not healthy', async () => {
    await serve('listen_addresses=');
    const socket = new pg.Client({ host: cluster.directory, port: cluster.port, user: 'postgres' });
    await socket.connect();
    await socket.query(`ALTER ROLE postgres PASSWORD ${socket.escapeLiteral(PASSWORDS.postgres)}`);
    await socket.query('CREATE DATABASE wyckoff');
    await socket.query('CREATE EXTENSION timescaledb'); // the image's own script does, and in template1
    await socket.end();
    execFileSync(join(binaries, 'pg_isready'), ['-q', '-h', cluster.directory, '-p', `${cluster.port}`]);
    expect(await healthy()).toBe(false);
  });

  it('refuses to go on without a password, and leaves nothing that is healthy', async () => {
    const empty = join(secrets, 'empty');
    await writeFile(empty, '\n');
    for (const file of [join(secrets, 'missing'), empty, '']) {
      const { code, stderr } = await initialize(file);
      expect({ code, stderr }).toEqual({
        code: 3,
        stderr: expect.stringContaining(
          'DB_PASSWORD_FILE names no file with a password that the user postgres may read',
        ),
      });
    }
    await serve('listen_addresses=127.0.0.1');
    expect(await healthy()).toBe(false);
    await serve('listen_addresses=');
  });

  it('makes the extension and the user, and is healthy when it serves', async () => {
    const { code, stderr } = await initialize(join(secrets, 'wyckoff_password'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(await healthy()).toBe(false);
    await serve('listen_addresses=127.0.0.1');
    expect(await healthy()).toBe(true);
    const raw = await asSuperuser();
    const { rows } = await raw.query(
      "SELECT rolname AS name, rolcanlogin AS login, rolsuper AS super FROM pg_roles WHERE rolname LIKE 'wyckoff%' ORDER BY 1",
    );
    expect(rows).toEqual([
      { name: 'wyckoff', login: true, super: false },
      { name: 'wyckoff_app', login: false, super: false },
    ]);
  });
});

describe('the settings', () => {
  /** Debian builds TimescaleDB without telemetry. */
  const absent = ['timescaledb.telemetry_level'];

  it('exist, are read from the file, and are in force', async () => {
    const raw = await asSuperuser();
    await raw.query('SELECT count(*) FROM timescaledb_information.jobs'); // loads the extension, which has settings of its own
    const refused = await raw.query(
      "SELECT name, error FROM pg_file_settings WHERE (error IS NOT NULL OR NOT applied) AND name <> 'listen_addresses'",
    );
    expect(refused.rows).toEqual([]);
    const { rows } = await raw.query<{ name: string; source: string; restart: boolean; same: boolean | null }>(
      `SELECT name, source, pending_restart AS restart,
              CASE WHEN unit IN ('kB', '8kB', 'MB') THEN pg_size_bytes(given) = pg_size_bytes(current_setting(name))
                   WHEN unit IS NOT NULL THEN given::interval = current_setting(name)::interval
                   ELSE given = current_setting(name) END AS same
       FROM pg_settings JOIN unnest($1::text[], $2::text[]) AS wanted (wanted, given) ON lower(wanted) = lower(name)`,
      [settings.map(({ name }) => name), settings.map(({ value }) => value)],
    );
    const found = rows.map(({ name }) => name.toLowerCase());
    expect(settings.map(({ name }) => name).filter((name) => !found.includes(name) && !absent.includes(name))).toEqual(
      [],
    );
    const wrong = rows.filter(({ name, source, restart, same }) => {
      if (name === 'listen_addresses') return false; // given to the server above, in the container's stead
      // The connections of these tests ask for UTC themselves.
      return !same || restart || (source !== 'configuration file' && name !== 'TimeZone');
    });
    expect(wrong).toEqual([]);
    for (const name of absent)
      expect((await raw.query('SELECT current_setting($1) AS value', [name])).rows).toEqual([{ value: setting(name) }]);
  });

  it('give way to ALTER SYSTEM, which the store advises', async () => {
    const raw = await asSuperuser();
    await raw.query("ALTER SYSTEM SET work_mem = '20MB'");
    await raw.query('SELECT pg_reload_conf()');
    await expect.poll(async () => (await raw.query('SHOW work_mem')).rows).toEqual([{ work_mem: '20MB' }]);
    await raw.query('ALTER SYSTEM RESET work_mem');
    await raw.query('SELECT pg_reload_conf()');
  });

  it('have checksums and code point order beside them', async () => {
    const raw = await asSuperuser();
    expect((await raw.query('SHOW data_checksums')).rows).toEqual([{ data_checksums: 'on' }]);
    const { rows } = await raw.query(
      "SELECT 'Z' < 'a' AS points, pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname = 'wyckoff'",
    );
    expect(rows).toEqual([{ points: true, encoding: 'UTF8' }]);
  });
});

describe('migrate', () => {
  beforeAll(async () => {
    // Inside of the container the loopback is trusted, and the health check comes from there. From now on these come as from another one.
    await writeFile(
      join(cluster.dataDirectory, 'pg_hba.conf'),
      'local all all trust\nhost all all all scram-sha-256\n',
    );
    await cluster.runAsServer('pg_ctl', 'reload', '-D', cluster.dataDirectory);
  });

  it('says what is wrong with its password', async () => {
    expect(await runService('migrate', { DB_PASSWORD_FILE: '/run/secrets/missing' })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/DB_PASSWORD_FILE: \S+missing is empty, or user \d+ may not read it/),
    });
    expect(await runService('migrate', { DB_PASSWORD_FILE: '/run/secrets/wyckoff_password' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('password authentication failed'),
    });
  });

  it('brings the database up to this version, with its layout and its roles; again it changes nothing', async () => {
    const first = await runService('migrate', { WYCKOFF_CHUNK_INTERVAL: '7 days' });
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain('ohlcv_bars is a hypertable');
    const raw = await asSuperuser();
    const chunks = await raw.query(
      "SELECT DISTINCT time_interval::text AS interval FROM timescaledb_information.dimensions WHERE hypertable_schema = 'public'",
    );
    expect(chunks.rows).toEqual([{ interval: '7 days' }]);
    const owners = await raw.query("SELECT DISTINCT tableowner AS owner FROM pg_tables WHERE schemaname = 'public'");
    expect(owners.rows).toEqual([{ owner: 'wyckoff_owner' }]);
    const { rows } = await raw.query("SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'wyckoff\\_%'");
    expect(rows.map(({ name }) => name).sort()).toEqual([...ROLES].sort());

    const { code, stdout } = await runService('migrate');
    expect(code).toBe(0);
    expect(stdout).toContain('no migration was missing');
    expect(stdout).toContain('The database has its layout already: nothing was changed.');
    expect(stdout).toContain('All of it was so already: nothing was changed.');
    expect(
      (
        await raw.query(
          "SELECT DISTINCT time_interval::text AS interval FROM timescaledb_information.dimensions WHERE hypertable_schema = 'public'",
        )
      ).rows,
    ).toEqual(chunks.rows);
  });

  it('leaves jobs that the server runs by itself', async () => {
    const raw = await asSuperuser();
    await raw.query(
      'SELECT alter_job(job_id, next_start => now()) FROM timescaledb_information.jobs WHERE job_id >= 1000',
    );
    for (let attempt = 0; ; attempt += 1) {
      const { rows } = await raw.query(
        `SELECT proc_name AS name, coalesce(last_run_status, 'never') AS status, total_failures::int AS failures
         FROM timescaledb_information.jobs LEFT JOIN timescaledb_information.job_stats USING (job_id) WHERE job_id >= 1000`,
      );
      expect(rows.length).toBeGreaterThanOrEqual(6);
      expect(rows.filter(({ failures }) => failures > 0)).toEqual([]);
      if (rows.every(({ status }) => status === 'Success')) return;
      if (attempt === 100) expect(rows).toEqual([]); // shows which did not run
      await sleep(200);
    }
  });
});

describe('a program', () => {
  it('reads and writes as wyckoff, and no more', async () => {
    expect(await runService('wyckoff', { command: 'seed' })).toMatchObject({ code: 0, stderr: '' });
    expect((await runService('wyckoff', { command: 'bars list' })).stdout).toMatch(/^AAPL +1d /m);
    expect(await runService('wyckoff', { command: 'audit verify' })).toMatchObject({ code: 0 });
    expect(await runService('wyckoff', { command: 'storage status' })).toMatchObject({ code: 0 });
    expect(await runService('wyckoff', { command: 'roles apply' })).toMatchObject({ code: 1 });
    const raw = await openRawClient(
      `postgresql://wyckoff:${encodeURIComponent(PASSWORDS.wyckoff)}@127.0.0.1:${cluster.port}/wyckoff`,
    );
    for (const statement of ['UPDATE audit_trail SET actor = actor', 'CREATE TABLE mine ()', 'TRUNCATE ohlcv_bars'])
      await expect(raw.query(statement), statement).rejects.toThrow(/permission denied/);
    await expect(openRawClient(`postgresql://wyckoff:wrong@127.0.0.1:${cluster.port}/wyckoff`)).rejects.toThrow(
      /password/,
    );
  });
});
