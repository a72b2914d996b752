import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  embeddedServerStatus,
  pinEmbeddedServer,
  startEmbeddedServer,
  stopEmbeddedServer,
} from '../../src/database/embedded-server.js';
import { dataDirectory, isRoot, leave, parent, query, useDataDirectory, userProcess } from './embedded-processes.js';

useDataDirectory();

const SETTINGS = [
  'server_encoding',
  'TimeZone',
  'listen_addresses',
  'unix_socket_directories',
  'fsync',
  'synchronous_commit',
  'shared_buffers',
  'max_wal_size',
  'max_connections',
  'jit',
  'lc_messages',
  'password_encryption',
];

describe('the embedded server', () => {
  it('makes a database from nothing, private to its user, with the settings that it promises', async () => {
    const starts: unknown[] = [];
    const server = await startEmbeddedServer({ dataDirectory, onStart: (start) => starts.push(start) });
    expect(starts).toEqual([
      { created: true, port: server.port, version: server.version, dataDirectory: server.dataDirectory },
    ]);
    expect(server.version).toMatch(/^18\.\d+$/);
    expect(new URL(server.url)).toMatchObject({ hostname: '127.0.0.1', port: `${server.port}`, pathname: '/wyckoff' });
    const shown = await Promise.all(SETTINGS.map(async (name) => (await query(server.url, `SHOW ${name}`))[0]?.[0]));
    expect(Object.fromEntries(SETTINGS.map((name, i) => [name, shown[i]]))).toEqual({
      server_encoding: 'UTF8',
      TimeZone: 'UTC',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'on',
      synchronous_commit: 'on',
      shared_buffers: '256MB',
      max_wal_size: '2GB',
      max_connections: '100',
      jit: 'off',
      lc_messages: 'C',
      password_encryption: 'scram-sha-256',
    });
    expect(await query(server.url, "SELECT current_database(), 'B' < 'a', 'a' < 'é', upper('é')")).toEqual([
      ['wyckoff', true, true, 'É'],
    ]);
    const log = await readFile(join(dataDirectory, 'postgres', 'server.log'), 'utf8');
    expect(log).not.toMatch(/ERROR|FATAL|WARNING/);
    const wrong = server.url.replace(/:[^:@]+@/, ':wrong@');
    await expect(query(wrong, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });

    const home = join(dataDirectory, 'postgres');
    expect((await stat(home)).mode & 0o777).toBe(0o700);
    for (const file of ['password', 'server.log', 'port'])
      expect((await stat(join(home, file))).mode & 0o777).toBe(0o600);

    await Promise.all([server.release(), server.release()]);
    expect(await embeddedServerStatus({ dataDirectory })).toMatchObject({ state: 'stopped', users: [], version: '18' });
  });

  it('is shared: it outlives the process that started it and stops when the last one leaves', async () => {
    const first = await userProcess();
    const { pid } = await embeddedServerStatus({ dataDirectory });
    const second = await startEmbeddedServer({
      dataDirectory,
      onStart: () => expect.unreachable('it was running'),
    });
    expect(first.server).toMatchObject({ url: second.url, started: true });
    expect([...(await embeddedServerStatus({ dataDirectory })).users].sort()).toEqual(
      [first.child.pid, process.pid].sort(),
    );

    await leave(first);
    expect(await embeddedServerStatus({ dataDirectory })).toMatchObject({
      state: 'running',
      pid,
      users: [process.pid],
    });
    expect(await query(second.url, 'SELECT 42')).toEqual([[42]]);
    await second.release();
    expect((await embeddedServerStatus({ dataDirectory })).state).toBe('stopped');
  });

  it('counts each use within one process, and gives the data back after a restart on the same port', async () => {
    const one = await startEmbeddedServer({ dataDirectory });
    const two = await startEmbeddedServer({ dataDirectory });
    await query(one.url, "CREATE TABLE kept AS SELECT 123456789.12345678::numeric(18, 8) AS price, 'é' AS note");
    await one.release();
    await one.release();
    expect((await embeddedServerStatus({ dataDirectory })).state).toBe('running');
    await two.release();
    expect((await embeddedServerStatus({ dataDirectory })).state).toBe('stopped');

    const again = await startEmbeddedServer({ dataDirectory, onStart: ({ created }) => expect(created).toBe(false) });
    expect(again.url).toBe(one.url);
    expect(await query(again.url, 'SELECT price, note FROM kept')).toEqual([['123456789.12345678', 'é']]);
    await again.release();
  });

  it('starts once when four processes come at the same instant to an empty directory', async () => {
    const users = await Promise.all([userProcess(), userProcess(), userProcess(), userProcess()]);
    expect(new Set(users.map(({ server }) => server.url)).size).toBe(1);
    expect(users.filter(({ server }) => server.started)).toHaveLength(1);
    expect((await embeddedServerStatus({ dataDirectory })).users).toHaveLength(4);
    await Promise.all(users.map(leave));
    expect(await embeddedServerStatus({ dataDirectory })).toMatchObject({ state: 'stopped', users: [] });
  });

  it('takes another port when its own was taken meanwhile', async () => {
    const before = await startEmbeddedServer({ dataDirectory });
    await before.release();
    const otherDirectory = join(parent, 'other');
    await mkdir(join(otherDirectory, 'postgres'), { recursive: true });
    await writeFile(join(otherDirectory, 'postgres', 'port'), `${before.port}`);
    const other = await startEmbeddedServer({ dataDirectory: otherDirectory });
    try {
      expect(other.port).toBe(before.port);
      const after = await startEmbeddedServer({ dataDirectory });
      expect(after.port).not.toBe(before.port);
      expect(await query(after.url, 'SELECT 42')).toEqual([[42]]);
      await after.release();
    } finally {
      await other.release();
    }
  });

  it('refuses a cluster of another major and says how to dump it', async () => {
    const server = await startEmbeddedServer({ dataDirectory });
    await server.release();
    await writeFile(join(dataDirectory, 'postgres', 'cluster', 'PG_VERSION'), '15\n');
    await expect(startEmbeddedServer({ dataDirectory })).rejects.toMatchObject({
      name: 'EmbeddedServerError',
      code: 'EMBEDDED_VERSION_MISMATCH',
      message: expect.stringContaining('PostgreSQL 15'),
      hint: expect.stringMatching(/pg_ctl -D '.*cluster'.* start && .*pg_dump .*-U wyckoff .*wyckoff/),
    });
    expect(await embeddedServerStatus({ dataDirectory })).toMatchObject({ state: 'stopped', users: [], version: '15' });
  });

  it('says what is wrong when postgresql.conf is, and leaves no user behind', async () => {
    const server = await startEmbeddedServer({ dataDirectory });
    await server.release();
    const settings = join(dataDirectory, 'postgres', 'cluster', 'postgresql.conf');
    await writeFile(settings, `${await readFile(settings, 'utf8')}\nshared_buffers = 'many'\n`);
    await expect(startEmbeddedServer({ dataDirectory })).rejects.toMatchObject({
      code: 'EMBEDDED_START_FAILED',
      message: expect.stringContaining('invalid value for parameter "shared_buffers": "many"'),
      hint: expect.stringContaining('server.log'),
    });
    expect(await embeddedServerStatus({ dataDirectory })).toMatchObject({ state: 'stopped', users: [] });
  });

  it('says why a data directory cannot be used', async () => {
    await writeFile(dataDirectory, 'a file');
    await expect(startEmbeddedServer({ dataDirectory })).rejects.toMatchObject({
      name: 'EmbeddedServerError',
      code: 'EMBEDDED_DIRECTORY',
      hint: expect.stringContaining('WYCKOFF_DATA_DIR'),
    });
    await rm(dataDirectory);
  });

  it.runIf(isRoot)('says which folder keeps the server, which is not root, out', async () => {
    await chmod(parent, 0o700);
    await expect(startEmbeddedServer({ dataDirectory })).rejects.toMatchObject({
      code: 'EMBEDDED_UNREACHABLE',
      hint: expect.stringContaining(`chmod o+x ${parent}`),
    });
  });

  it('keeps a pinned server without users until it is stopped, and never stops one in use', async () => {
    expect(await stopEmbeddedServer({ dataDirectory })).toEqual({ outcome: 'not-running', users: [] });
    const pinned = await pinEmbeddedServer({ dataDirectory });
    expect(pinned.started).toBe(true);
    const user = await startEmbeddedServer({ dataDirectory });
    await user.release();
    expect(await embeddedServerStatus({ dataDirectory })).toMatchObject({ state: 'running', pinned: true, users: [] });
    expect(await pinEmbeddedServer({ dataDirectory })).toEqual({ ...pinned, started: false });

    const other = await startEmbeddedServer({ dataDirectory });
    expect(await stopEmbeddedServer({ dataDirectory })).toEqual({ outcome: 'in-use', users: [process.pid] });
    expect(await query(other.url, 'SELECT 42')).toEqual([[42]]);
    await other.release();
    expect(await embeddedServerStatus({ dataDirectory })).toMatchObject({ state: 'stopped', pinned: false });
    await pinEmbeddedServer({ dataDirectory });
    expect(await stopEmbeddedServer({ dataDirectory })).toEqual({ outcome: 'stopped', users: [] });
  });
});
