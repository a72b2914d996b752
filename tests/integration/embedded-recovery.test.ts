import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { embeddedServerStatus, startEmbeddedServer } from '../../src/database/embedded-server.js';
import {
  children,
  dataDirectory,
  kill,
  killServer,
  leave,
  parent,
  query,
  run,
  useDataDirectory,
  userProcess,
} from './embedded-processes.js';

useDataDirectory();

describe('the embedded server after a crash', () => {
  it('does not count a killed process', async () => {
    const killed = await userProcess();
    await kill(killed.child);
    expect(await embeddedServerStatus({ dataDirectory })).toMatchObject({ state: 'running', users: [] });

    const next = await startEmbeddedServer({ dataDirectory });
    expect(next.url).toBe(killed.server.url);
    expect(await query(next.url, 'SELECT 42')).toEqual([[42]]);
    await next.release();
    expect((await embeddedServerStatus({ dataDirectory })).state).toBe('stopped');
  });

  it('does not take a process for a user because it has the pid of one', async () => {
    const server = await startEmbeddedServer({ dataDirectory });
    await writeFile(join(dataDirectory, 'postgres', 'users', 'from-before-the-reboot'), `${process.pid}-1`);
    expect((await embeddedServerStatus({ dataDirectory })).users).toEqual([process.pid]);
    await server.release();
    expect((await embeddedServerStatus({ dataDirectory })).state).toBe('stopped');
  });

  it('recovers a killed server, with what was committed, for old and new users', async () => {
    const old = await startEmbeddedServer({ dataDirectory });
    await query(old.url, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n');
    const pid = await killServer();

    const next = await userProcess();
    expect(next.server).toMatchObject({ url: old.url, started: true });
    expect((await embeddedServerStatus({ dataDirectory })).pid).not.toBe(pid);
    expect(await query(old.url, 'SELECT count(*)::int, sum(n)::int FROM kept')).toEqual([[1000, 500500]]);
    await leave(next);
    expect(await query(old.url, 'SELECT 42')).toEqual([[42]]);
    await old.release();
    expect((await embeddedServerStatus({ dataDirectory })).state).toBe('stopped');
  });

  it('starts over a postmaster.pid whose pid another program has by now', async () => {
    const old = await startEmbeddedServer({ dataDirectory });
    const pid = await killServer();
    const { uid, gid } = await stat(join(dataDirectory, 'postgres'));
    const stranger = spawn('sleep', ['600'], { uid, gid });
    children.push(stranger);
    const pidFile = join(dataDirectory, 'postgres', 'cluster', 'postmaster.pid');
    await writeFile(pidFile, (await readFile(pidFile, 'utf8')).replace(`${pid}\n`, `${stranger.pid}\n`));
    expect((await embeddedServerStatus({ dataDirectory })).state).toBe('stopped');

    const next = await startEmbeddedServer({ dataDirectory });
    expect(await query(next.url, 'SELECT 42')).toEqual([[42]]);
    expect(stranger.exitCode).toBeNull();
    await Promise.all([old.release(), next.release()]);
    expect((await embeddedServerStatus({ dataDirectory })).state).toBe('stopped');
  });

  it('starts afresh after a first start that was killed half way', async () => {
    const killed = run('use', dataDirectory);
    const home = join(dataDirectory, 'postgres');
    const unfinished = async () =>
      (await readdir(home).catch(() => [])).filter((name) => name.startsWith('cluster.new'));
    while ((await unfinished()).length === 0) await sleep(5);
    await kill(killed);
    const server = await startEmbeddedServer({ dataDirectory, onStart: ({ created }) => expect(created).toBe(true) });
    expect(await query(server.url, 'SELECT 42')).toEqual([[42]]);
    await server.release();
    expect((await embeddedServerStatus({ dataDirectory })).state).toBe('stopped');
  });
});

describe('the lock of the embedded server', () => {
  let lock: string;

  beforeEach(async () => {
    lock = join(parent, 'lock');
    await mkdir(lock);
  });

  it('lets one in at a time, while holders are killed', async () => {
    await writeFile(join(parent, 'counter'), '0');
    const killed = await userProcess('hold', lock);
    const counters = [run('count', lock), run('count', lock), run('count', lock)];
    await kill(killed.child);
    for (const child of counters) if (child.exitCode === null) expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await readFile(join(parent, 'counter'), 'utf8')).toBe('60');
  });

  it('is free when its holder is dead, though another process has the pid by now', async () => {
    await symlink(`${process.pid}-1`, join(lock, '7'));
    const child = run('count', lock);
    await writeFile(join(parent, 'counter'), '0');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await readFile(join(parent, 'counter'), 'utf8')).toBe('20');
  });

  it('is given back by a start that was killed while it held it', async () => {
    const killed = await userProcess(); // makes the folder
    await leave(killed);
    const holder = await userProcess('hold', join(dataDirectory, 'postgres', 'lock'));
    const waiting = startEmbeddedServer({ dataDirectory });
    expect(await Promise.race([waiting.then(() => 'in'), sleep(300, 'out')])).toBe('out');
    await kill(holder.child);
    const server = await waiting;
    expect(await query(server.url, 'SELECT 42')).toEqual([[42]]);
    await server.release();
  });
});
