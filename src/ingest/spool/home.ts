/**
 * The folder of all spools: each open ingest has one of its own, `<milliseconds>-<id>`, with its segments and `owner`, a symbolic link that names
 * the process. A spool whose owner has died, or has let go of it, is taken over by the next one that opens. The folder belongs to one machine: locks
 * and owners are named by their pids, which another one, or another container, cannot look after.
 */
import { mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '../../database/embedded/directory-lock.js';
import { makeDirectory } from '../../database/make-directory.js';
import { SpoolError } from '../../errors.js';
import type { Logger } from '../../observability/logger.js';
import { syncDirectory } from './files.js';
import { FREE, livesAt, MARK_INTERVAL, mark, placeOf, readOwner, setOwner, thisOwner } from './owner.js';
import { segmentNumber, segmentPath } from './segment-file.js';

const NAME = /^\d{15}-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

export interface SpoolDirectory {
  readonly id: string;
  readonly path: string;
}

export class SpoolHome {
  readonly #path: string;
  readonly #lock: string;
  readonly #log: Logger;
  /** Paths of the spools of this process, and what says of them that it lives. */
  readonly #own = new Set<string>();
  #marking: NodeJS.Timeout | undefined;

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
    this.#lock = join(path, 'lock');
  }

  /** Makes a spool that belongs to this process. */
  async create(id: string): Promise<SpoolDirectory> {
    const path = join(this.#path, `${String(Date.now()).padStart(15, '0')}-${id}`);
    await this.#locked(async () => {
      await mkdir(path, { mode: 0o700 });
      await symlink(await thisOwner(), join(path, 'owner'));
      this.#keep(path);
      await syncDirectory(path);
      await syncDirectory(this.#path);
    });
    return { id, path };
  }

  /**
   * Takes over the spools that belong to nobody, oldest first. Makes nothing where there is none.
   * @throws SpoolError SPOOL_ELSEWHERE where a process of another machine, or of another container, uses the folder; then none was taken over
   */
  async adopt(): Promise<SpoolDirectory[]> {
    if ((await this.#names()).length === 0) return [];
    return this.#locked(async () => {
      const adopted: SpoolDirectory[] = [];
      for (const name of await this.#names()) {
        const path = join(this.#path, name);
        const owner = await readOwner(path);
        const lives = owner === FREE ? undefined : await livesAt(path, owner);
        if (lives === 'elsewhere') throw elsewhere(this.#path, owner);
        if (!lives) adopted.push({ id: NAME.exec(name)![1]!, path });
      }
      for (const { path } of adopted) {
        await setOwner(path, await thisOwner());
        this.#keep(path);
      }
      return adopted;
    });
  }

  /** Leaves a spool to the next one that opens. Where a full disk does not even take that, it is taken over once this process has ended. */
  async release({ path }: SpoolDirectory): Promise<void> {
    this.#letGo(path);
    await this.#locked(() => setOwner(path, FREE)).catch((err) =>
      this.#log.warn({ err, spool: path }, 'a spool cannot be let go of before this process ends'),
    );
  }

  /** Removes the segments of a spool, of which all is done. */
  async empty(spool: SpoolDirectory): Promise<void> {
    for (const number of await segmentsOf(spool)) await rm(segmentPath(spool.path, number), { force: true });
    await syncDirectory(spool.path);
  }

  /** Removes a spool that has nothing to keep any more. */
  async remove({ path }: SpoolDirectory): Promise<void> {
    this.#letGo(path);
    await this.#locked(() => rm(path, { recursive: true, force: true }));
  }

  /** Sets a file in which something cannot be read aside, for whoever wants to look into it. */
  async keepDamaged({ id, path }: SpoolDirectory, segment: number): Promise<void> {
    const directory = join(this.#path, 'damaged');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await rename(segmentPath(path, segment), join(directory, `${id}-${segment}.segment`));
  }

  #keep(path: string): void {
    this.#own.add(path);
    this.#marking ??= setInterval(() => {
      for (const own of this.#own) mark(own).catch(() => {}); // a disk that fails tells those who write to it
    }, MARK_INTERVAL).unref();
  }

  #letGo(path: string): void {
    this.#own.delete(path);
    if (this.#own.size > 0) return;
    clearInterval(this.#marking);
    this.#marking = undefined;
  }

  /** Those that have an id and a time in their name, oldest first. */
  async #names(): Promise<string[]> {
    const names = await readdir(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw unusable(this.#path, error);
    });
    return names.filter((name) => NAME.test(name)).sort();
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    try {
      await makeDirectory(this.#lock, 0o700);
      return await withLock(this.#lock, work);
    } catch (error) {
      throw unusable(this.#path, error);
    }
  }
}

/** The segments of a spool, oldest first. */
export async function segmentsOf({ path }: SpoolDirectory): Promise<number[]> {
  const numbers = (await readdir(path)).map(segmentNumber).filter((number) => number !== undefined);
  return numbers.sort((a, b) => a - b);
}

function elsewhere(path: string, owner: string): SpoolError {
  return new SpoolError('SPOOL_ELSEWHERE', `the spool in ${path} is used by a process on ${placeOf(owner)}`, {
    hint: 'give each machine, and each container, a directory of its own: WYCKOFF_DATA_DIR or the option ingest.directory',
  });
}

function unusable(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof SpoolError || !/^E[A-Z]+$/.test(code)) return error;
  return new SpoolError('SPOOL_UNUSABLE', `the spool in ${path} cannot be used: ${message}`, {
    hint: 'the process must be allowed to write there, and the disk must not be full; WYCKOFF_DATA_DIR and the option ingest.directory name another place',
    cause: error,
  });
}
