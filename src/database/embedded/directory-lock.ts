/**
 * A lock between processes that survives the death of its holder. Node has no flock(2), and the usual lock file has a hole: of two
 * waiters that both see a dead holder, the slower one removes the lock that the faster one has just taken. Here nobody removes the
 * current lock: each holder makes the next generation, a symbolic link named by its number whose target names the holder (symlink(2)
 * makes name and content in one step), and the newest generation is the lock. It is free when its target is `free` or a dead process.
 */
import { readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedServerError } from '../../errors.js';
import { identifyThisProcess, isRunning, pidOf } from './process-identity.js';

const FREE = 'free';
const POLL_MS = 15;
/** Longer than a holder may wait for a server to recover from a crash and for one to stop. */
const PATIENCE_MS = 240_000;

/** Runs `work` while no other caller, of this process or another, holds the lock kept in `directory`. */
export async function withLock<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const generation = await acquire(directory);
  try {
    return await work();
  } finally {
    await release(directory, generation);
  }
}

async function acquire(directory: string): Promise<number> {
  const me = await identifyThisProcess();
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const newest = await newestGeneration(directory);
    const holder = await holderOf(directory, newest);
    if (holder !== undefined) {
      if (Date.now() > deadline) throw busy(directory, holder);
      await sleep(POLL_MS + Math.random() * POLL_MS);
      continue;
    }
    const mine = newest + 1;
    if (!(await claim(directory, mine, me))) continue;
    // A process that slept since it looked may have made a generation that came and went meanwhile; a newer one tells.
    if ((await newestGeneration(directory)) === mine) {
      await removeOlder(directory, mine);
      return mine;
    }
    await rm(join(directory, String(mine)), { force: true });
  }
}

async function release(directory: string, generation: number): Promise<void> {
  try {
    await symlink(FREE, join(directory, String(generation + 1)));
    await removeOlder(directory, generation + 1);
  } catch (error) {
    // The whole directory was deleted under us: the lock went with it.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function newestGeneration(directory: string): Promise<number> {
  return Math.max(0, ...(await generations(directory)));
}

async function generations(directory: string): Promise<number[]> {
  return (await readdir(directory)).map(Number).filter(Number.isSafeInteger);
}

/** The living process that holds this generation, if any. */
async function holderOf(directory: string, generation: number): Promise<string | undefined> {
  if (generation === 0) return undefined;
  const holder = await readlink(join(directory, String(generation))).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return FREE; // a newer generation is there by now; claiming this one's successor fails
    throw error;
  });
  return holder !== FREE && (await isRunning(holder)) ? holder : undefined;
}

async function claim(directory: string, generation: number, me: string): Promise<boolean> {
  try {
    await symlink(me, join(directory, String(generation)));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeOlder(directory: string, newest: number): Promise<void> {
  for (const generation of await generations(directory)) {
    if (generation < newest) await rm(join(directory, String(generation)), { force: true });
  }
}

function busy(directory: string, holder: string): EmbeddedServerError {
  return new EmbeddedServerError(
    'EMBEDDED_LOCKED',
    `process ${pidOf(holder)} has been starting or stopping the embedded server for over ${PATIENCE_MS / 60_000} minutes (lock in ${directory})`,
    { hint: `see what process ${pidOf(holder)} does; once it has ended, run the same again` },
  );
}
