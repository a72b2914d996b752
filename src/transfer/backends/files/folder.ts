import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withLock } from '../../../database/embedded/directory-lock.js';
import { makeDirectory } from '../../../database/make-directory.js';
import { EmbeddedServerError, FilesError } from '../../../errors.js';
import { syncDirectory } from '../../../ingest/spool/files.js';
import { replaceText, textOf } from './durable.js';

/** A file that is written and waits to take its place. Both paths are inside the folder. */
interface Staged {
  readonly from: string;
  readonly to: string;
}

/** What the cutover has said about a folder. `dual`: both sides are written. `stopped`: the files are no longer kept up. */
export interface FolderMark {
  readonly cutover: string;
  readonly state: 'dual' | 'stopped';
}

/** The store's own directory in the folder. Its name begins with a point, so that no reader of CSV files takes it for one. */
const OWN = '.wyckoff';

/**
 * A folder of series' files, and what the store keeps beside them: a lock, files that are being written, and the decimals of volumes. The lock is one
 * of processes of this machine; on a file system that several machines write to at the same time it does not hold.
 */
export class Folder {
  readonly path: string;
  /** Who waits in this process takes turns here: the lock itself is asked again and again. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** A path inside of the folder. */
  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  #own(...names: string[]): string {
    return this.at(OWN, ...names);
  }

  /** Runs `work` while nobody else, of this process or another, writes to the folder. @throws FilesError FILES_LOCKED, FILES_UNUSABLE */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => this.#locked(work));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const lock = this.#own('lock');
    await usable(this.path, () => makeDirectory(lock));
    let begun = false;
    try {
      return await withLock(lock, async () => {
        begun = true;
        await usable(this.path, () => this.#tidy());
        return work();
      });
    } catch (error) {
      if (begun || !(error instanceof EmbeddedServerError)) throw begun ? error : unusable(this.path, error);
      const message = `the files in ${this.path} are being written by another process for minutes`;
      throw new FilesError('FILES_LOCKED', message, { hint: error.hint, cause: error });
    }
  }

  /** A commit that a process could not finish is finished before anything is read. */
  async settle(): Promise<void> {
    if (existsSync(this.#own('commit.json'))) await this.exclusively(async () => {});
  }

  /**
   * Puts files in place, all of them or none, whatever happens to the process: each is written to the side by `write` first; then one rename, of the
   * list of what goes where, decides, and whoever comes next carries the list out. To be called within {@link exclusively}.
   */
  async replace(
    files: readonly { readonly to: string; readonly write: (path: string) => Promise<void> }[],
  ): Promise<void> {
    await usable(this.path, async () => {
      const staged: Staged[] = [];
      await mkdir(this.#own('new'), { recursive: true });
      for (const { to, write } of files) {
        const from = join(OWN, 'new', randomUUID());
        await write(this.at(from));
        staged.push({ from, to });
      }
      if (staged.length > 1) {
        await syncDirectory(this.#own('new'));
        await replaceText(this.#own('commit.json'), JSON.stringify(staged));
      }
      await this.#carryOut(staged);
    });
  }

  /** Keeps a second name of a file that the store has not written, before it is replaced for the first time. */
  async keepOriginal(path: string): Promise<void> {
    const kept = this.#own('originals', path);
    await mkdir(dirname(kept), { recursive: true });
    await link(this.at(path), kept).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }

  /** How many decimals the volumes of each series have, by the series' name. */
  async volumeScales(): Promise<Map<string, number>> {
    const text = await textOf(this.#own('series.json'));
    return new Map(Object.entries(text === undefined ? {} : (JSON.parse(text) as Record<string, number>)));
  }

  /** What {@link replace} takes to write {@link volumeScales} together with the files. */
  scalesFile(scales: ReadonlyMap<string, number>): { to: string; write: (path: string) => Promise<void> } {
    const text = `${JSON.stringify(Object.fromEntries([...scales].sort()), undefined, 2)}\n`;
    return { to: join(OWN, 'series.json'), write: (path) => replaceText(path, text) };
  }

  async mark(): Promise<FolderMark | undefined> {
    const text = await textOf(this.#own('cutover.json'));
    return text === undefined ? undefined : (JSON.parse(text) as FolderMark);
  }

  async setMark(mark: FolderMark | undefined): Promise<void> {
    await mkdir(this.#own(), { recursive: true });
    if (mark) await replaceText(this.#own('cutover.json'), `${JSON.stringify(mark)}\n`);
    else await rm(this.#own('cutover.json'), { force: true });
    await syncDirectory(this.#own());
  }

  /** Finishes what a process that died had decided, and removes what it had not. */
  async #tidy(): Promise<void> {
    const commit = await textOf(this.#own('commit.json'));
    if (commit !== undefined) await this.#carryOut(JSON.parse(commit) as Staged[]);
    const left = await readdir(this.#own('new')).catch(() => []);
    for (const name of left) await rm(this.#own('new', name), { force: true });
  }

  async #carryOut(staged: readonly Staged[]): Promise<void> {
    for (const { from, to } of staged) {
      if (!existsSync(this.at(from))) continue; // done before the process died
      await mkdir(dirname(this.at(to)), { recursive: true });
      await rename(this.at(from), this.at(to));
    }
    const folders = new Set(staged.flatMap(({ to }) => parents(to)));
    for (const folder of folders) await syncDirectory(this.at(folder));
    await rm(this.#own('commit.json'), { force: true });
  }
}

/** The directory of a path inside the folder, and those above it. */
function parents(path: string): string[] {
  const parent = dirname(path);
  return parent === '.' ? ['.'] : [parent, ...parents(parent)];
}

async function usable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unusable(path, error);
  }
}

/** What the file system refuses, as an error of ours; anything else as it is. */
export function unusable(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || !/^E[A-Z]+$/.test(code)) return error;
  return new FilesError('FILES_UNUSABLE', `the files in ${path} cannot be used: ${message}`, {
    hint: 'the process must be allowed to read and write there, and the disk must not be full; WYCKOFF_BARS_DIR names the folder',
    cause: error,
  });
}
