import { access, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../database/make-directory.js';
import { InvalidInputError } from '../../errors.js';
import { passingName, sweep } from '../leftovers.js';
import { type ExportManifest, MANIFEST, readManifest } from './manifest.js';
import { toExportError, type WriteOptions, type Written, writeNewFile } from './output.js';

/** The name of a file of an export, and a point. */
const PART_OF = String.raw`[a-z-]+(?:\.[a-z]+){1,2}\.`;

/** The directory of an export. Files have other names until all of them are whole, and the manifest comes last. */
export class ExportDirectory {
  readonly #path: string;
  /** All that the export may write: it replaces these kinds, in whatever format they are. */
  readonly #wanted: readonly string[];
  readonly #overwrite: boolean;
  /** Another export may write here at the same time. */
  readonly #id: string;
  readonly #names: string[] = [];

  private constructor(path: string, wanted: readonly string[], overwrite: boolean, id: string) {
    this.#path = path;
    this.#wanted = wanted;
    this.#overwrite = overwrite;
    this.#id = id;
  }

  /** @throws InvalidInputError EXPORT_EXISTS for files that would be overwritten; WyckoffError EXPORT_UNWRITABLE */
  static async open(path: string, names: readonly string[], overwrite: boolean): Promise<ExportDirectory> {
    await attempt(() => makeDirectory(path));
    if (overwrite) await replacedFiles(path, names);
    else await requireAbsent(path, [...names, MANIFEST]);
    await sweep(path, PART_OF, '\\.part');
    return new ExportDirectory(path, names, overwrite, await passingName());
  }

  async write(name: string, source: AsyncIterable<Uint8Array>, options: WriteOptions): Promise<Written> {
    this.#names.push(name);
    return writeNewFile(this.#part(name), source, options);
  }

  /** Gives the files their names. @throws InvalidInputError EXPORT_EXISTS where another export was quicker */
  async publish(manifest: ExportManifest): Promise<void> {
    const text = Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`);
    await this.write(MANIFEST, only(text), { gzip: false });
    if (!this.#overwrite) await requireAbsent(this.#path, this.#names);
    const replaced = this.#overwrite ? await replacedFiles(this.#path, this.#wanted) : [];
    await attempt(async () => {
      for (const name of replaced.filter((other) => !this.#names.includes(other)))
        await rm(join(this.#path, name), { force: true });
      // One that stayed would tell of files that are not those any more.
      await rm(join(this.#path, MANIFEST), { force: true });
      for (const name of this.#names) await rename(this.#part(name), join(this.#path, name));
      const directory = await open(this.#path, 'r');
      await directory.sync().finally(() => directory.close());
    });
  }

  async discard(): Promise<void> {
    for (const name of this.#names) await rm(this.#part(name), { force: true });
  }

  #part(name: string): string {
    return join(this.#path, `${name}.${this.#id}.part`);
  }
}

/**
 * The files of an earlier export of what is exported now, as its manifest has them: beside the new ones an import would take both.
 * @throws InvalidInputError EXPORT_EXISTS where it has other kinds, too: no manifest would speak of them any more, and they may be a backup
 */
async function replacedFiles(path: string, names: readonly string[]): Promise<string[]> {
  const { files } = await readManifest(path).catch(() => ({ files: [] })); // none, or another program's
  const replaced: string[] = [];
  for (const { kind, path: name } of files) {
    if (!name.startsWith(`${kind}.`)) continue;
    if (names.some((other) => other.startsWith(`${kind}.`))) replaced.push(name);
    else await requireAbsent(path, [name], 'is of an earlier export, and of a kind that this one does not replace');
  }
  return replaced;
}

async function requireAbsent(path: string, names: readonly string[], rule?: string): Promise<void> {
  for (const name of names) {
    const there = await access(join(path, name)).then(
      () => true,
      () => false,
    );
    if (!there) continue;
    const problem = { code: 'EXPORT_EXISTS', path: 'directory', value: join(path, name) };
    const hint = `name another directory, or ${rule ? 'export its kind, too' : 'pass overwrite (--overwrite)'}`;
    throw new InvalidInputError([{ ...problem, rule: rule ?? 'is there already', hint }], 'export');
  }
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toExportError(error);
  }
}
