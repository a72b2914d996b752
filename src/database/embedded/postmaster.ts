/** One PostgreSQL server in one home: started, watched and stopped. The callers hold the lock. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, open, readFile, rm, stat, truncate } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedServerError } from '../../errors.js';
import { type Binaries, serverEnvironment } from './binaries.js';
import { assertReachable, give, type Home, readIfThere, writeMark } from './home.js';
import { isServerOf } from './process-identity.js';

export const HOST = '127.0.0.1';

const POLL_MS = 10;
/** After a crash, up to max_wal_size of log is replayed before the server answers. */
const START_MS = 120_000;
/** A fast shutdown writes all of shared_buffers first. */
const STOP_MS = 60_000;
const LOG_BYTES = 16 * 1024 * 1024;
/** More than any system's highest pid. */
const NO_PID = 2 ** 31 - 1;

/** What postmaster.pid says of a server that is really there. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly state: 'starting' | 'running' | 'stopping';
}

/** The server at work in this cluster, or undefined when there is none, whatever a crash may have left. */
export async function findPostmaster(home: Home): Promise<Postmaster | undefined> {
  const lines = (await readIfThere(pidFile(home))).split('\n');
  const [pid, port, status] = [Number(lines[0]), Number(lines[3]), lines[7]?.trim()];
  if (!(pid > 0) || !(await isServerOf(pid, home.cluster))) return undefined;
  return { pid, port, state: status === 'ready' ? 'running' : status === 'stopping' ? 'stopping' : 'starting' };
}

/** A running server: the one that is there, else a new one. */
export async function ensurePostmaster(home: Home, binaries: Binaries): Promise<Postmaster & { started: boolean }> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const found = await findPostmaster(home);
    if (found?.state === 'running') return { ...found, started: false };
    if (Date.now() > deadline)
      throw startFailed(home, `it is still ${found?.state ?? 'down'} after ${START_MS / 1000} s`);
    // One that another process left half way: a start or a stop that will end.
    if (found) await sleep(POLL_MS);
    else {
      const started = await launch(home, binaries, deadline);
      if (started) return { ...started, started: true };
    }
  }
}

/** Fast shutdown: open transactions are rolled back, everything is written. False when it is still at it after a minute. */
export async function stopPostmaster(home: Home): Promise<boolean> {
  const found = await findPostmaster(home);
  if (!found) return true;
  try {
    process.kill(found.pid, 'SIGINT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has just ended by itself
  }
  const deadline = Date.now() + STOP_MS;
  while (await isServerOf(found.pid, home.cluster)) {
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** Undefined when this try failed for a reason that passes: then try again. */
async function launch(home: Home, binaries: Binaries, deadline: number): Promise<Postmaster | undefined> {
  if (home.runAs) await assertReachable(binaries.postgres, home.runAs);
  await disownStalePid(home);
  await boundLog(home);
  const port = await choosePort(home);
  const log = await open(home.logFile, 'a', 0o600);
  const logStart = (await log.stat()).size;
  await give(home, home.logFile);
  const child = spawn(
    binaries.postgres,
    // On the command line what the safety of it rests on: nothing that postgresql.conf says can open it to the network.
    ['-D', home.cluster, '-c', `listen_addresses=${HOST}`, '-c', `port=${port}`, '-c', 'unix_socket_directories='],
    // In a session of its own: Ctrl-C in the terminal of the process that started it does not reach it.
    { ...home.runAs, cwd: home.cluster, env: serverEnvironment(), detached: true, stdio: ['ignore', log.fd, log.fd] },
  );
  const end: { reason?: string } = {};
  child.once('error', (error) => {
    end.reason = error.message;
  });
  child.once('exit', (code, signal) => {
    end.reason = `it ended with ${signal ?? `code ${code}`}`;
  });
  child.unref();
  await log.close();

  while (end.reason === undefined) {
    const found = await findPostmaster(home);
    if (found?.pid === child.pid && found?.state === 'running') {
      await writeMark(home, home.portFile, String(port));
      return found;
    }
    if (Date.now() > deadline) throw startFailed(home, `no answer after ${START_MS / 1000} s`);
    await sleep(POLL_MS);
  }
  const said = (await readFile(home.logFile)).subarray(logStart).toString('utf8').trim();
  // Another program took the port meanwhile; backends of a killed server have not yet seen that they are orphans; or a process was
  // killed after it had launched the server and before that had written its pid.
  if (
    /Address already in use|pre-existing shared memory block|"postmaster.pid" already exists/.test(said) &&
    Date.now() < deadline
  ) {
    await sleep(POLL_MS * 10);
    return undefined;
  }
  throw startFailed(home, `${end.reason}: ${said.split('\n').slice(-5).join('\n')}`);
}

/**
 * PostgreSQL will not start while postmaster.pid names any living process of the same user, which after a reboot can be anything. The
 * file also names the shared memory that proves whether orphans of a killed server still write, so it is not deleted: only the pid goes.
 */
async function disownStalePid(home: Home): Promise<void> {
  const text = await readIfThere(pidFile(home));
  if (text.trim()) await writeMark(home, pidFile(home), text.replace(/^.*/, String(NO_PID)));
  else await rm(pidFile(home), { force: true }); // a crash before a word was written; PostgreSQL would not start over it
}

function pidFile(home: Home): string {
  return join(home.cluster, 'postmaster.pid');
}

/** The port of last time when it is free, so that pools find a server again that was killed and restarted. */
async function choosePort(home: Home): Promise<number> {
  const last = Number(await readIfThere(home.portFile));
  return (last > 0 ? await tryPort(last) : undefined) ?? (await tryPort(0)) ?? 0;
}

async function tryPort(port: number): Promise<number | undefined> {
  const probe = createServer().listen(port, HOST);
  try {
    await once(probe, 'listening');
    const address = probe.address();
    return typeof address === 'object' && address ? address.port : undefined;
  } catch {
    return undefined;
  } finally {
    if (probe.listening) await new Promise((resolve) => probe.close(resolve));
  }
}

/** Keeps the log, and one before it, under LOG_BYTES at each use. The server appends, so a log can be cut while it is written. */
export async function boundLog(home: Home): Promise<void> {
  const size = await stat(home.logFile).then(
    (log) => log.size,
    () => 0,
  );
  if (size <= LOG_BYTES) return;
  await copyFile(home.logFile, `${home.logFile}.1`);
  await give(home, `${home.logFile}.1`);
  await truncate(home.logFile);
}

function startFailed(home: Home, reason: string): EmbeddedServerError {
  return new EmbeddedServerError('EMBEDDED_START_FAILED', `the embedded server did not start: ${reason}`, {
    hint: `its log is ${home.logFile}`,
  });
}
