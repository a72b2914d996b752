import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);

/** A server with TimescaleDB of its own, in a temporary folder. */
export interface TimescaleCluster {
  /** Of the maintenance database. */
  readonly url: string;
  stop(): Promise<void>;
}

const SETTINGS = [
  'shared_preload_libraries=timescaledb',
  'timescaledb.telemetry_level=off',
  'timescaledb.max_background_workers=0', // no job runs by itself: tests run the policies that they test
  'unix_socket_directories=',
  'listen_addresses=127.0.0.1',
];

/** @param binaries of a PostgreSQL that has TimescaleDB @param settings of the server, e.g. `max_locks_per_transaction=512` */
export async function startTimescaleCluster(
  binaries: string,
  settings: readonly string[] = [],
): Promise<TimescaleCluster> {
  const user = serverUser();
  const directory = await mkdtemp(join(tmpdir(), 'wyckoff-timescale-'));
  if (user.uid !== undefined) await chown(directory, user.uid, user.gid!);
  const cluster = join(directory, 'cluster');
  const port = await freePort();
  await run(
    join(binaries, 'initdb'),
    ['-D', cluster, '-U', 'wyckoff', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'],
    { ...user, cwd: directory },
  );
  const options = [...SETTINGS, ...settings, `port=${port}`].flatMap((setting) => ['-c', setting]);
  const server = spawn(join(binaries, 'postgres'), ['-D', cluster, ...options], {
    ...user,
    cwd: directory,
    stdio: 'ignore',
  });
  const url = `postgresql://wyckoff@127.0.0.1:${port}/postgres`;
  await untilServing(url, server);
  return {
    url,
    stop: async () => {
      const stopped = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGINT'); // fast shutdown
      await stopped;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root: there it runs as the user that Debian's package made. */
function serverUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function untilServing(url: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (server.exitCode !== null) throw new Error(`the TimescaleDB server ended with ${server.exitCode}`);
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error('the TimescaleDB server did not start in ten seconds');
}
