/** The cluster: what initdb makes, once in a home. The callers hold the lock. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedServerError } from '../../errors.js';
import { type Binaries, serverEnvironment } from './binaries.js';
import { assertReachable, ensurePassword, type Home, readIfThere } from './home.js';

export const SUPERUSER = 'wyckoff';

const UNFINISHED = 'cluster.new-';

/**
 * Written into postgresql.conf when the cluster is made, so that a developer can tune them. Durable: fsync, full_page_writes and
 * synchronous_commit keep their defaults (on). jit off: it costs the short queries of this store more than it gives.
 */
const SETTINGS = {
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  max_connections: '100',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  log_line_prefix: '%m [%p] %q%a ',
};

/** The PostgreSQL major that made the cluster, or undefined when there is none yet. */
export async function clusterMajor(home: Home): Promise<number | undefined> {
  return Number.parseInt(await readIfThere(join(home.cluster, 'PG_VERSION')), 10) || undefined;
}

/** Makes the cluster where there is none; true when it did. A crash half way leaves nothing that counts. */
export async function ensureCluster(home: Home, binaries: Binaries): Promise<boolean> {
  if (await clusterMajor(home)) return false;
  if (home.runAs) await assertReachable(binaries.initdb, home.runAs);
  await ensurePassword(home);
  await removeUnfinished(home);
  // A name of its own: the initdb of a killed process may still be at work in the one before.
  const fresh = join(home.path, `${UNFINISHED}${randomUUID()}`);
  const child = spawn(
    binaries.initdb,
    [
      `--pgdata=${fresh}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${home.passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Code point order, the same on every system; the builtin provider knows upper and lower case beyond ASCII too.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
      ...Object.entries(SETTINGS).map(([name, value]) => `--set=${name}=${value}`),
    ],
    { ...home.runAs, cwd: home.path, env: serverEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const [code] = await once(child, 'close').catch((error: unknown) => [String(error)]);
  if (code !== 0) {
    throw new EmbeddedServerError('EMBEDDED_INIT_FAILED', `initdb failed (${code}): ${complaints.trim()}`, {
      hint: `mend what it says (is the disk full?) and run the same again; nothing was kept in ${home.path}`,
    });
  }
  await rename(fresh, home.cluster);
  await syncDirectory(home.path);
  return true;
}

/** What is not removed now, because an orphaned initdb still writes, the next first start removes. */
async function removeUnfinished(home: Home): Promise<void> {
  const unfinished = (await readdir(home.path)).filter((name) => name.startsWith(UNFINISHED));
  for (const name of unfinished) await rm(join(home.path, name), { recursive: true, force: true }).catch(() => {});
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  await directory.sync().finally(() => directory.close());
}
