import { access, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError } from '../../errors.js';
import { passingName, sweep } from '../leftovers.js';
import { type ExportManifest, MANIFEST } from './manifest.js';
import { toExportError, type WriteOptions, type Written, writeNewFile } from './output.js';

/** The name of a file of an export, and a point. */
const PART_OF = String.raw`[a-z-]+(?:\.[a-z]+){1,2}\.`;

/** The directory of an export. Files have other names until all of them are whole, and the manifest comes last. */
export class ExportDirectory {
  readonly #path: string;
  readonly #overwrite: boolean;
  /** Another export may write here at the same time. */
  readonly #id: string;
  readonly #names: string[] = [];

  private constructor(path: string, overwrite: boolean, id: string) {
    this.#path = path;
    this.#overwrite = overwrite;
    this.#id = id;
  }

  /** @throws InvalidInputError EXPORT_EXISTS for files that would be overwritten; WyckoffError EXPORT_UNWRITABLE */
  static async open(path: string, names: readonly string[], overwrite: boolean): Promise<ExportDirectory> {
    await attempt(() => mkdir(path, { recursive: true }));
    if (!overwrite) await requireAbsent(path, [...names, MANIFEST]);
    await sweep(path, PART_OF, '\\.part');
    return new ExportDirectory(path, overwrite, await passingName());
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
    await attempt(async () => {
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

async function requireAbsent(path: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const there = await access(join(path, name)).then(
      () => true,
      () => false,
    );
    if (!there) continue;
    const problem = { code: 'EXPORT_EXISTS', path: 'directory', value: join(path, name), rule: 'is there already' };
    throw new InvalidInputError(
      [{ ...problem, hint: 'name another directory, or pass overwrite (--overwrite)' }],
      'export',
    );
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
