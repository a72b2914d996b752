/** Who uses the server: one small file for each use, holding the identity of the process, so that a crashed process does not count. */
import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Home, readIfThere, writeMark } from './home.js';
import { identifyThisProcess, isRunning, pidOf } from './process-identity.js';

/** Notes one more use by this process; the answer is the file to remove when it ends. Call it under the lock. */
export async function register(home: Home): Promise<string> {
  const file = join(home.users, randomUUID());
  await writeMark(home, file, await identifyThisProcess());
  return file;
}

/** The pids of the living users, one for each use. Needs no lock. */
export async function livingUsers(home: Home): Promise<number[]> {
  return (await uses(home)).filter(({ alive }) => alive).map(({ identity }) => pidOf(identity));
}

/** Removes what crashed processes left behind. Call it under the lock. */
export async function sweepUsers(home: Home): Promise<void> {
  for (const { file, alive } of await uses(home)) if (!alive) await rm(file, { force: true });
}

async function uses(home: Home): Promise<{ file: string; identity: string; alive: boolean }[]> {
  const files = (await readdir(home.users)).map((name) => join(home.users, name));
  return Promise.all(
    files.map(async (file) => {
      const identity = await readIfThere(file);
      return { file, identity, alive: await isRunning(identity) };
    }),
  );
}
