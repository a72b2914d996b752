/**
 * The embedded server's folder: `<data directory>/postgres`, mode 0700, with the cluster, the password, the log and the marks that
 * processes leave for each other. All of it belongs to the user the server runs as.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedServerError } from '../../errors.js';
import { makeDirectory } from '../make-directory.js';

const run = promisify(execFile);

/** PostgreSQL refuses to run as root; when we are root, it runs as this user. */
const SERVER_USER = 'postgres';

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

export interface Home {
  readonly path: string;
  /** PGDATA. */
  readonly cluster: string;
  readonly passwordFile: string;
  readonly portFile: string;
  readonly pinFile: string;
  readonly logFile: string;
  /** One file for each use of the server, see users.ts. */
  readonly users: string;
  /** See directory-lock.ts. */
  readonly lock: string;
  /** Whom to run the server as; undefined: as ourselves. */
  readonly runAs: ServerUser | undefined;
}

/** The folder of a data directory that a server has been started in, or undefined. Creates nothing. */
export async function findHome(dataDirectory: string): Promise<Home | undefined> {
  try {
    const path = await realpath(join(dataDirectory, 'postgres'));
    const owner = await stat(path);
    await stat(join(path, 'lock')); // the last thing that openHome makes; needs the right to look inside
    return layOut(path, isRoot() ? { uid: owner.uid, gid: owner.gid } : undefined);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(dataDirectory, error);
  }
}

/** The folder of a data directory, made when it is not there. @throws EmbeddedServerError */
export async function openHome(dataDirectory: string): Promise<Home> {
  try {
    // As root, the server's user must be able to pass through the data directory to its own folder.
    await makeDirectory(dataDirectory, isRoot() ? 0o711 : 0o700);
    const path = join(await realpath(dataDirectory), 'postgres');
    const created = (await mkdir(path, { recursive: true, mode: 0o700 })) !== undefined;
    const home = layOut(path, isRoot() ? await chooseUser(path, created) : undefined);
    if (home.runAs) await assertReachable(dirname(path), home.runAs);
    for (const directory of [path, home.users, home.lock]) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await give(home, directory);
    }
    await chmod(path, 0o700);
    return home;
  } catch (error) {
    throw error instanceof EmbeddedServerError ? error : unusable(dataDirectory, error);
  }
}

/** Writes a small file whole or not at all, readable by the server's user only. */
export async function writeMark(home: Home, file: string, text: string): Promise<void> {
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(fresh, text, { mode: 0o600 });
  await give(home, fresh);
  await rename(fresh, file);
}

/** The server's password, made at the first call (under the lock). */
export async function ensurePassword(home: Home): Promise<string> {
  const known = await readPassword(home);
  if (known) return known;
  const password = randomBytes(24).toString('base64url');
  await writeMark(home, home.passwordFile, `${password}\n`);
  return password;
}

/** The server's password, empty when it has none yet. */
export async function readPassword(home: Home): Promise<string> {
  return (await readIfThere(home.passwordFile)).trim();
}

/** A file's text, empty when the file is not there. */
export async function readIfThere(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}

/** Makes a path the server's user's own. */
export async function give(home: Home, path: string): Promise<void> {
  if (home.runAs) await chown(path, home.runAs.uid, home.runAs.gid);
}

/** For a program that PostgreSQL's user must run: every folder above it must let that user in. Only root can fail this. */
export async function assertReachable(path: string, user: ServerUser): Promise<void> {
  const parent = dirname(path);
  if (parent !== path) await assertReachable(parent, user);
  const { uid, gid, mode } = await stat(path);
  const enter = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
  if ((mode & enter) !== 0) return;
  throw new EmbeddedServerError(
    'EMBEDDED_UNREACHABLE',
    `this process is root, so PostgreSQL runs as user ${user.uid}, who cannot enter ${path}`,
    { hint: `chmod o+x ${path}, or keep the data (WYCKOFF_DATA_DIR) and node_modules where every user may go` },
  );
}

function layOut(path: string, runAs: ServerUser | undefined): Home {
  return {
    path,
    cluster: join(path, 'cluster'),
    passwordFile: join(path, 'password'),
    portFile: join(path, 'port'),
    pinFile: join(path, 'pinned'),
    logFile: join(path, 'server.log'),
    users: join(path, 'users'),
    lock: join(path, 'lock'),
    runAs,
  };
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The owner of a folder that is in use already (a developer's, say, when this is sudo), else the user for the purpose. */
async function chooseUser(path: string, created: boolean): Promise<ServerUser> {
  const owner = await stat(path);
  if (!created && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return findUser().catch(async () => {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', SERVER_USER])
      .then(() => undefined)
      .catch(() => undefined); // another process may have just made it; what counts is whether it is there
    return findUser().catch((cause: unknown) => {
      throw new EmbeddedServerError(
        'EMBEDDED_NO_USER',
        `this process is root, PostgreSQL refuses to run as root, and the user ${SERVER_USER} could not be made`,
        { hint: `make it (useradd --system --user-group ${SERVER_USER}) or run as another user than root`, cause },
      );
    });
  });
}

async function findUser(): Promise<ServerUser> {
  const [uid, gid] = await Promise.all([run('id', ['-u', SERVER_USER]), run('id', ['-g', SERVER_USER])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

function unusable(dataDirectory: string, cause: unknown): EmbeddedServerError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EmbeddedServerError(
    'EMBEDDED_DIRECTORY',
    `the data directory ${dataDirectory} cannot be used: ${reason}`,
    {
      hint: 'run as the user that owns it, or set WYCKOFF_DATA_DIR to a directory of your own',
      cause,
    },
  );
}
