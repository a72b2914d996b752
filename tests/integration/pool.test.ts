import { execFile } from 'node:child_process';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { promisify } from 'node:util';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Pool } from '../../src/database/pool.js';
import {
  AuthenticationError,
  ConnectionError,
  openStore,
  PoolExhaustedError,
  StatementTimeoutError,
} from '../../src/index.js';
import { createLogger } from '../../src/observability/logger.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const SECRET = 'pass-word-that-nobody-may-see';

/** A pool on the test server's own database. */
function openPool(options: Parameters<typeof readConfig>[0] = {}): Pool {
  const { databaseUrl, pool: config } = readConfig({
    databaseUrl: inject('serverUrl'),
    logLevel: 'silent',
    ...options,
  });
  const pool = new Pool(databaseUrl!, config, createLogger('silent'));
  onTestFinished(() => pool.close());
  return pool;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** What opening a store there throws, with everything that a log or a user would see of it. */
async function failureAt(databaseUrl: string): Promise<Error & { code: string; seen: string }> {
  const error = await openStore({ databaseUrl, connectionTimeout: 1_500, logLevel: 'silent' }).then(
    () => new Error('it opened'),
    (thrown) => thrown,
  );
  const chain = [error, error.cause, error.cause?.cause].filter((each) => each !== undefined);
  const seen = chain.map((each) => `${each.stack} ${JSON.stringify(each)} ${each.hint}`).join('\n');
  return Object.assign(error, { seen });
}

test('a caller that gets no connection is told so in bounded time, and the next one gets it', async () => {
  const pool = openPool({ maxConnections: 1, connectionTimeout: 200 });
  // A busy machine may take longer for a first connection; this one is there then.
  await vi.waitFor(() => pool.withClient(async () => {}), { timeout: 30_000 });
  let free: () => void = () => {};
  const held = pool.withClient(() => new Promise<void>((resolve) => (free = resolve)));
  const waiting = await Promise.allSettled([1, 2].map(() => pool.withClient(async () => 'connected')));
  for (const each of waiting)
    expect(each).toMatchObject({ status: 'rejected', reason: { name: 'PoolExhaustedError', code: 'POOL_EXHAUSTED' } });
  expect((waiting[0] as PromiseRejectedResult).reason).toBeInstanceOf(PoolExhaustedError);
  expect((waiting[0] as PromiseRejectedResult).reason.message).toContain('0.2 s: 1 of 1 in use');
  expect(pool.state).toEqual({ total: 1, idle: 0, waiting: 0, max: 1 });
  free();
  await held;
  expect(await pool.withClient(async () => 'connected')).toBe('connected');
  expect(pool.state).toEqual({ total: 1, idle: 1, waiting: 0, max: 1 });
});

test('when the server cuts every connection the next call makes another', async () => {
  const { store, url } = await openTestStore({ logLevel: 'silent' });
  const raw = await openRawClient(url);
  const cut = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'wyckoff-store'`;
  await Promise.all([1, 2, 3].map(() => store.bars.series())); // some lie idle
  expect((await raw.query(cut)).rowCount).toBeGreaterThan(0);
  // The pool hears of it when the sockets' ends are read.
  await vi.waitFor(async () => expect((await store.health()).pool.total).toBe(1), { timeout: 30_000 });
  expect(await store.bars.series()).toEqual([]);
  const pool = openPool({ maxConnections: 1 });
  const lost = pool.withClient((client) => client.query('SELECT pg_terminate_backend(pg_backend_pid())'));
  await expect(lost).rejects.toBeInstanceOf(ConnectionError);
  const { rows } = await pool.withClient((client) => client.query('SELECT 1 AS one'));
  expect(rows).toEqual([{ one: 1 }]);
});

test('a connection that the server ends between two statements fails with what the server said', async () => {
  const pool = openPool({ maxConnections: 1 });
  const raw = await openRawClient(inject('serverUrl'));
  const lost = pool.withClient(async (client) => {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const ended = new Promise((resolve) => client.once('error', resolve));
    await raw.query('SELECT pg_terminate_backend($1, 5000)', [rows[0]!.pid]);
    await ended;
    return client.query('SELECT 1');
  });
  await expect(lost).rejects.toMatchObject({ name: 'ConnectionError', code: 'SERVER_SHUTTING_DOWN' });
  const { rows } = await pool.withClient((client) => client.query('SELECT 1 AS one'));
  expect(rows).toEqual([{ one: 1 }]);
});

test('a transaction commits what it answers and rolls back when it throws, on a connection that stays good', async () => {
  const { url } = await openTestStore();
  const pool = openPool({ databaseUrl: url, maxConnections: 1 });
  const insert = "INSERT INTO bar_series (symbol, timeframe) VALUES ('A', '1d')";
  const failure = new Error('changed my mind');
  const failing = pool.transaction(async (client) => {
    await client.query(insert);
    throw failure;
  });
  await expect(failing).rejects.toBe(failure);
  await expect(pool.transaction((client) => client.query(insert.replace('1d', '2d')))).rejects.toMatchObject({
    name: 'ConstraintError',
    constraint: 'chk_bar_series_timeframe',
    table: 'bar_series',
  });
  const swallowing = pool.transaction(async (client) => {
    await client.query(insert);
    await client.query('SELECT 1 / 0').catch(() => 'never mind');
  });
  await expect(swallowing).rejects.toMatchObject({ name: 'DatabaseError', code: 'TRANSACTION_ABORTED' });
  expect(await pool.transaction(async (client) => (await client.query(insert)).rowCount)).toBe(1);
  const { rows } = await pool.withClient((client) => client.query('SELECT count(*)::int AS count FROM bar_series'));
  expect(rows).toEqual([{ count: 1 }]);
});

test('a statement that runs too long is ended by the server, and its connection stays good', async () => {
  const pool = openPool({ maxConnections: 1, statementTimeout: 100 });
  const slow = pool.withClient((client) => client.query('SELECT pg_sleep(30)'));
  await expect(slow).rejects.toBeInstanceOf(StatementTimeoutError);
  await expect(pool.withClient((client) => client.query('SELECT 1'))).resolves.toMatchObject({ rowCount: 1 });
});

test('every session speaks UTC and ISO and sees what others commit, whatever its role is set to', async () => {
  const { url } = await openTestStore();
  const raw = await openRawClient(url);
  const database = new URL(url).pathname.slice(1);
  await raw.query(
    `ALTER DATABASE ${database} SET timezone = 'Asia/Kolkata'; ALTER DATABASE ${database} SET datestyle = 'SQL, DMY';
     ALTER DATABASE ${database} SET default_transaction_isolation = 'serializable'`,
  );
  const { rows } = await openPool({ databaseUrl: url }).withClient((client) =>
    client.query(
      "SELECT '2024-01-02T03:04:05Z'::timestamptz::text AS text, current_setting('transaction_isolation') AS isolation",
    ),
  );
  expect(rows).toEqual([{ text: '2024-01-02 03:04:05+00', isolation: 'read committed' }]);
});

test('a server that refuses the user, the password or the database', async () => {
  const url = new URL(inject('serverUrl'));
  url.username = 'nobody_of_this_name';
  url.password = SECRET;
  const user = await failureAt(url.href);
  expect(user).toBeInstanceOf(AuthenticationError);
  expect(user).toMatchObject({ code: 'AUTHENTICATION_FAILED', hint: 'check the user and the password' });
  const missing = new URL(inject('serverUrl'));
  missing.pathname = 'no_such_database';
  expect(await failureAt(missing.href)).toMatchObject({ name: 'AuthenticationError', code: 'DATABASE_MISSING' });
  if (inject('layout') === 'timescale') return; // that server trusts everybody
  const wrong = new URL(inject('serverUrl'));
  wrong.password = SECRET;
  const password = await failureAt(wrong.href);
  expect(password).toMatchObject({ name: 'AuthenticationError', code: 'AUTHENTICATION_FAILED' });
  for (const error of [user, password]) expect(error.seen).not.toContain(SECRET);
  wrong.password = '';
  expect(await failureAt(wrong.href)).toMatchObject({
    name: 'AuthenticationError',
    code: 'AUTHENTICATION_FAILED',
    hint: expect.stringContaining('DB_PASSWORD'),
  });
});

test('what is no PostgreSQL, or nothing at all: a typed error, no hang, no password', async () => {
  const web = await listen(createHttpServer((_, response) => response.end('hello')));
  const other = await listen(createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n')));
  const mute = await listen(createServer((socket) => onTestFinished(() => void socket.destroy())));
  const gone = createServer();
  const closed = await listen(gone);
  await new Promise((resolve) => gone.close(resolve));
  for (const [port, query, code] of [
    [web, '', 'DATABASE_UNREACHABLE'],
    [other, '', 'DATABASE_UNREACHABLE'],
    [mute, '', 'DATABASE_UNREACHABLE'],
    [closed, '', 'DATABASE_UNREACHABLE'],
    [web, '?sslmode=require', 'TLS_FAILED'],
  ] as const) {
    const error = await failureAt(`postgresql://user:${SECRET}@127.0.0.1:${port}/bars${query}`);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.code).toBe(code);
    expect(error.seen).not.toContain(SECRET);
  }
  // The test server has no TLS.
  expect(await failureAt(`${inject('serverUrl')}?sslmode=verify-full`)).toMatchObject({ code: 'TLS_FAILED' });
});

test('the logs never show the password, at any level', async () => {
  const url = new URL(inject('serverUrl'));
  url.password ||= SECRET; // the server of the other project trusts everybody
  const wrong = new URL(url);
  wrong.username = 'nobody_of_this_name';
  const script = `
    import { openStore } from './src/index.ts';
    const options = { logLevel: 'trace', migrations: 'ignore' };
    const store = await openStore({ ...options, databaseUrl: ${JSON.stringify(url.href)} });
    console.log(await store.health());
    await store.close();
    await openStore({ ...options, databaseUrl: ${JSON.stringify(wrong.href)} }).catch((error) => console.log(error));`;
  const run = promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  const { stdout, stderr } = await run;
  expect(stderr).toContain('database opened');
  expect(stdout).toContain('AUTHENTICATION_FAILED');
  expect(stdout + stderr).not.toContain(decodeURIComponent(url.password));
});
