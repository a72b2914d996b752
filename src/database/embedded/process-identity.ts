/**
 * Which process is it? A pid alone does not say, since pids are used again: after a reboot, and soon after a start inside a container.
 * The start time beside it does. Linux answers from /proc (slim images have no `ps`), other systems through `ps`.
 */
import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

let ownIdentity: Promise<string> | undefined;

/** This process, as `<pid>-<start>`. */
export function identifyThisProcess(): Promise<string> {
  ownIdentity ??= startOf(process.pid).then((start) => `${process.pid}-${start}`);
  return ownIdentity;
}

/** The pid in an identity. */
export function pidOf(identity: string): number {
  return Number(identity.split('-', 1)[0]);
}

/** True while the very process that gave this identity runs. A zombie, which nobody may ever reap in a container, does not. */
export async function isRunning(identity: string): Promise<boolean> {
  const pid = pidOf(identity);
  return Number.isSafeInteger(pid) && pid > 0 && `${pid}-${await startOf(pid)}` === identity;
}

/** True while `pid` is a PostgreSQL process at work in this cluster directory, given by its real path. */
export async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  if (process.platform === 'linux') {
    // A server's working directory is its cluster. A process we may not look into belongs to another user: it is none of ours.
    return readlink(`/proc/${pid}/cwd`).then(
      (directory) => directory === cluster,
      () => false,
    );
  }
  return (await ps(pid, ['-ww', '-o', 'command=']))?.includes(`-D ${cluster} `) ?? false;
}

async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    const [state, ...start] = (await ps(pid, ['-o', 'stat=', '-o', 'lstart=']))?.trim().split(/\s+/) ?? [];
    return state === undefined || state.startsWith('Z') ? undefined : start.join('_');
  }
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field, the program's name in parentheses, may hold anything; the rest starts with the state, field 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[22 - 3];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/** What `ps` prints, or undefined when there is no such process (it then exits with 1). */
async function ps(pid: number, format: readonly string[]): Promise<string | undefined> {
  try {
    return (await run('ps', [...format, '-p', String(pid)], { env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } }))
      .stdout;
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return undefined;
    throw error;
  }
}
