/**
 * Who a spool belongs to: a process, and where that name means something. A pid says nothing to another machine, or to another container on this one;
 * there only the mark says it that a living owner sets again and again.
 */
import { lstat, lutimes, readlink, rename, rm, symlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyThisProcess, isRunning } from '../../database/embedded/process-identity.js';

/** Milliseconds between two marks, and for which a mark that stays as it is is watched. */
export const MARK_INTERVAL = 4_000;
const LONGEST_WATCH = 3 * MARK_INTERVAL;
const POLL = 250;

export const FREE = 'free';

/** As `<pid>-<start>@<host>[:<its namespace of pids>]`. */
export async function thisOwner(): Promise<string> {
  return `${await identifyThisProcess()}@${await thisPlace()}`;
}

async function thisPlace(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => ''); // Linux alone has them
  return [hostname(), ...(/\d+/.exec(namespace) ?? [])].join(':');
}

/** Where the owner is. */
export function placeOf(owner: string): string {
  return owner.slice(owner.indexOf('@') + 1);
}

export async function readOwner(spool: string): Promise<string> {
  return readlink(join(spool, 'owner')).catch(() => FREE);
}

/** In one step: a spool without an owner would be taken over while it is in use. */
export async function setOwner(spool: string, owner: string): Promise<void> {
  const fresh = join(spool, 'owner.new');
  await rm(fresh, { force: true });
  await symlink(owner, fresh);
  await rename(fresh, join(spool, 'owner'));
}

/** Says that the owner lives. */
export async function mark(spool: string): Promise<void> {
  await lutimes(join(spool, 'owner'), new Date(), new Date());
}

/** Whether the owner of a spool lives, here or elsewhere. Of one elsewhere it takes some seconds to find out. */
export async function livesAt(spool: string, owner: string): Promise<'here' | 'elsewhere' | undefined> {
  const [identity] = owner.split('@') as [string];
  if (placeOf(owner) === (await thisPlace())) return (await isRunning(identity)) ? 'here' : undefined;
  // Two clocks are not compared: what counts is that the mark moves.
  const markOf = async () => (await lstat(join(spool, 'owner'))).mtimeMs;
  const first = await markOf();
  for (let waited = 0; waited < LONGEST_WATCH; waited += POLL) {
    await sleep(POLL);
    if ((await markOf()) !== first) return 'elsewhere';
  }
  return undefined;
}
