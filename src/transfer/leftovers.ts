import { randomUUID } from 'node:crypto';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning } from '../database/embedded/process-identity.js';
import { placeOf, thisOwner } from '../ingest/spool/owner.js';

let owner: Promise<string> | undefined;

/**
 * A name, or a part of one, for what this process makes and removes again. It says whose it is, so that {@link sweep} knows what a process that was
 * killed has left.
 */
export async function passingName(): Promise<string> {
  owner ??= thisOwner().catch(() => ''); // where no process can be told from another nothing is swept
  return `${encodeURIComponent(await owner)}.${randomUUID()}`;
}

const NAME = String.raw`(\d+-.*%40.*)\.[0-9a-f-]{36}`;

/**
 * Removes what dead processes of this user have left in a directory under names of {@link passingName}, between what `before` and `after` stand for.
 * Of another machine or container nobody can say here whether it is dead: its files stay. What cannot be removed stays, too.
 */
export async function sweep(directory: string, before: string, after: string): Promise<void> {
  const pattern = new RegExp(`^${before}${NAME}${after}$`);
  for (const name of await readdir(directory).catch(() => [])) {
    const [, written] = pattern.exec(name) ?? [];
    if (written === undefined) continue;
    try {
      if (await isLeftover(join(directory, name), decodeURIComponent(written)))
        await rm(join(directory, name), { recursive: true, force: true });
    } catch {
      // another process was quicker, or the name is none of ours
    }
  }
}

async function isLeftover(path: string, of: string): Promise<boolean> {
  if (placeOf(of) !== placeOf(await thisOwner())) return false;
  if ((await lstat(path)).uid !== process.getuid?.()) return false;
  return !(await isRunning(of.slice(0, of.indexOf('@'))));
}
