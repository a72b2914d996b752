import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const execute = promisify(execFile);

interface LockEntry {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** A package-lock.json's `packages`: by path, `''` for the project itself. */
type Lock = Readonly<Record<string, LockEntry>>;

/** What `npm pack` puts into the tarball; the paths inside it. */
export interface Tarball {
  readonly path: string;
  readonly files: readonly string[];
}

/** Packs what was built; building here would change files under the feet of tests that run beside this one. */
export async function packTarball(destination: string): Promise<Tarball> {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', destination];
  const { stdout } = await execute('npm', args, { cwd: ROOT });
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  if (!packed) throw new Error(`npm pack answered ${stdout}`);
  return { path: join(destination, basename(packed.filename)), files: packed.files.map((file) => file.path).sort() };
}

/**
 * A new project with the package in its node_modules, beside the packages that npm would install for it in production, and no others. They
 * are copied: from a link a package would still find everything that lies around the place it points to. No network is needed.
 */
export async function installTarball(tarball: Tarball, project: string): Promise<void> {
  const target = join(project, 'node_modules', 'wyckoff-store');
  await mkdir(target, { recursive: true });
  await writeFile(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  await execute('tar', ['-xzf', tarball.path, '-C', target, '--strip-components=1']);
  await linkProgram(project, target);
  await copyPackages(productionPackages(readLock()), project);
}

/** As npm does it: the link runs the file itself, by its first line. */
async function linkProgram(project: string, installed: string): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { bin: { wyckoff: string } };
  const program = join(installed, manifest.bin.wyckoff);
  await chmod(program, 0o755);
  await mkdir(join(project, 'node_modules', '.bin'));
  await symlink(program, join(project, 'node_modules', '.bin', 'wyckoff'));
}

/** Copies packages of this project, by their paths in the lock file. */
export async function copyPackages(paths: Iterable<string>, project: string): Promise<void> {
  for (const path of paths) {
    const source = join(ROOT, path);
    // Optional packages for other platforms are not there.
    if (!existsSync(source)) continue;
    const filter = (file: string) => file === source || basename(file) !== 'node_modules';
    await cp(source, join(project, path), { recursive: true, verbatimSymlinks: true, filter });
  }
}

function readLock(): Lock {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { readonly packages: Lock };
  return lock.packages;
}

/** Everything that the dependencies and optional dependencies of the project lead to, and no development dependency. */
export function productionPackages(lock: Lock): Set<string> {
  const found = new Set<string>();
  const visit = (path: string) => {
    const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = lock[path] ?? {};
    const peers = Object.keys(peerDependencies ?? {}).filter((name) => !peerDependenciesMeta?.[name]?.optional);
    for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) {
      const next = resolvePackage(lock, path, name);
      if (next === undefined || found.has(next)) continue;
      found.add(next);
      visit(next);
    }
  };
  visit('');
  return found;
}

/** As Node looks for a package: in the importer's own node_modules, then in each that lies above. */
function resolvePackage(lock: Lock, importer: string, name: string): string | undefined {
  for (
    let directory = importer;
    ;
    directory = directory.slice(0, Math.max(0, directory.lastIndexOf('/node_modules/')))
  ) {
    const candidate = directory === '' ? `node_modules/${name}` : `${directory}/node_modules/${name}`;
    if (lock[candidate]) return candidate;
    if (directory === '') return undefined;
  }
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in a project's folder, with nothing configured: the store comes to the embedded server. */
export function runIn(project: string, program: string, ...args: string[]): Promise<Outcome> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    execFile(program, args, { cwd: project, env: { PATH, HOME } }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
  });
}
