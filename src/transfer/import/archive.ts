import { constants, existsSync } from 'node:fs';
import { copyFile, link, lstat, open, realpath, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import { makeDirectory } from '../../database/make-directory.js';
import type { Session } from '../../database/session.js';
import { ConflictError, WyckoffError } from '../../errors.js';
import { compareBars } from '../../repositories/bars/import-run.js';
import { passingName, sweep } from '../leftovers.js';
import { listSources } from '../read/archive/source.js';
import type { BarFile } from '../read/bar-file.js';
import { openFile } from '../read/open-file.js';
import { booksOf } from '../read/ticks/lobster.js';
import type { TickFile } from '../read/ticks/tick-file.js';
import { verifyTickFile } from '../verify/ticks.js';
import type { FoundFile } from './discover.js';
import { type HashedFile, hashContent, isUnchanged, requireUnchanged } from './file-identity.js';
import { type FileImportContext, storedVolumeScale } from './import-file.js';
import type { FileImport } from './result.js';

type Archived = Pick<FileImport, 'archived' | 'archiveError'>;

/**
 * Moves files below a folder, as they lay below the folder that was given, once the database was seen to have all of them. Nothing is ever
 * overwritten: a file whose name is taken gets a number. An archive of several files is moved once, when all of them are in.
 */
export class Archive {
  readonly #context: FileImportContext;
  readonly #folder: string;
  /** By path: the entries that were not seen in the database. */
  readonly #missing = new Map<string, Set<string>>();
  readonly #moved = new Map<string, string>();
  readonly #swept = new Set<string>();

  constructor(context: FileImportContext, folder: string) {
    this.#context = context;
    this.#folder = folder;
  }

  async take(file: FoundFile, result: FileImport, hashed: HashedFile | undefined): Promise<Archived> {
    if (result.error || !hashed) return { archived: null, archiveError: null };
    const { signal } = this.#context;
    try {
      if (result.rejected > 0)
        throw kept(`${result.rejected} of its rows were rejected: it has more than the database`);
      await verifyFile(this.#context, file, hashed);
      signal?.throwIfAborted();
      return { archived: await this.#move(file, hashed), archiveError: null };
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof WyckoffError || (error instanceof Error && 'syscall' in error))) throw error;
      return { archived: null, archiveError: await reasonOf(error, hashed) };
    }
  }

  /** What became of an entry's archive, after the last of those that were imported. */
  ofArchive({ archive, path }: FoundFile, { error, archiveError }: FileImport): Partial<Archived> {
    const archived = archive && this.#moved.get(archive.path);
    if (archived !== undefined) return { archived };
    const missing = archive && this.#missing.get(archive.path);
    if (error || archiveError || missing === undefined || missing.has(path)) return {};
    return { archiveError: kept(`${missing.size} other files of its archive were not seen in the database`) };
  }

  async #move({ path, below, archive }: FoundFile, hashed: HashedFile): Promise<string | null> {
    if (!archive) return this.#moveTo(join(this.#folder, below), hashed);
    const all = this.#missing.has(archive.path) ? [] : await listSources(archive.path);
    const missing = this.#missing.get(archive.path) ?? new Set(all);
    this.#missing.set(archive.path, missing);
    missing.delete(path);
    if (missing.size > 0) return null;
    const moved = await this.#moveTo(join(this.#folder, archive.below), hashed);
    this.#moved.set(archive.path, moved);
    return moved;
  }

  /** Removes first, once a folder, what killed processes left there. */
  async #moveTo(wanted: string, hashed: HashedFile): Promise<string> {
    const folder = dirname(wanted);
    if (!this.#swept.has(folder)) await sweep(folder, '\\.', '\\.tmp');
    this.#swept.add(folder);
    return moveFile(hashed, wanted);
  }
}

/**
 * Reads the file once more, and compares each row with the database's. This is the one place that decides whether a source may be moved.
 * @throws ConflictError FILE_NOT_ARCHIVED
 */
async function verifyFile(
  { session, reading, signal }: FileImportContext,
  { path, named }: FoundFile,
  hashed: HashedFile,
): Promise<void> {
  const file = await openFile(path, {
    ...named,
    ...reading,
    signal,
    volumeScale: async (series) => (await storedVolumeScale(session, series)) ?? reading.volumeScale,
  });
  try {
    if (file.kind === 'bars') await requireBars(session, file);
    else await requireTicks(session, file, signal);
  } finally {
    await file.close();
  }
  await requireUnchanged(hashed);
}

async function requireBars(session: Session, { series }: BarFile): Promise<void> {
  const compared = await session.withClient((client) => compareBars(client, series));
  for (const { symbol, timeframe, inserted, changed } of compared)
    if (inserted + changed > 0)
      throw kept(
        `of ${symbol} ${timeframe} the database lacks ${inserted} of its bars and has ${changed} with other values`,
      );
}

async function requireTicks(session: Session, file: TickFile, signal: AbortSignal | undefined): Promise<void> {
  const verified = await verifyTickFile(session, file, { onError: 'stop', signal });
  // What the database has beside the file's rows takes nothing from them.
  const differing = verified.series.flatMap(({ differences }) => differences.filter(({ kind }) => kind !== 'extra'));
  const rows = [...verified.differences, ...differing].reduce((sum, { count }) => sum + count, 0);
  if (rows > 0) throw kept(`the database lacks ${rows} of its ${file.rows} rows, or has them with other values`);
}

const DIFFERENCES = '"wyckoff verify" tells the differences';
const UNMOVABLE =
  'the process must be allowed to write to the archive and to the folder of the file, and the disk must have room';

/** All of it is in the database: what fails here must not say that nothing was written. */
async function reasonOf(error: WyckoffError | Error, hashed: HashedFile): Promise<WyckoffError> {
  if (await isGone(hashed.path)) {
    const message = `${hashed.path} was imported, and is not there any more: somebody else has moved it`;
    return new ConflictError('FILE_NOT_ARCHIVED', message, { hint: 'does another import have the same folder?' });
  }
  if (!(error instanceof WyckoffError)) return kept(error.message, UNMOVABLE, error);
  if (error.code === 'FILE_CHANGED')
    return kept('it has changed since it was imported', 'import it again when it is complete', error);
  return error;
}

/** What cannot be looked at may be there. */
function isGone(path: string): Promise<boolean> {
  return lstat(path).then(
    () => false,
    ({ code }: NodeJS.ErrnoException) => code === 'ENOENT',
  );
}

function kept(reason: string, hint = DIFFERENCES, cause?: unknown): ConflictError {
  return new ConflictError('FILE_NOT_ARCHIVED', `the file stays where it is: ${reason}`, { hint, cause });
}

/** Answers with where it lies now. A name appears there only when all of the file does. */
async function moveFile(file: HashedFile, wanted: string): Promise<string> {
  const { path } = file;
  const books = booksOf(path);
  if (books && existsSync(books)) {
    const reason = `${basename(books)} has its times in it`;
    throw kept(reason, 'import both again when that one is in the archive: this one then follows');
  }
  if ((await lstat(path)).isSymbolicLink())
    throw kept('it is a link, which would leave the file itself behind', 'name the file itself');
  await makeDirectory(dirname(wanted));
  const { dir, name, ext } = parse(wanted);
  for (let number = 1; ; number += 1) {
    const target = number === 1 ? wanted : join(dir, `${name}.${number}${ext}`);
    try {
      await place(file, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if ((await realpath(path)) === (await realpath(target).catch(() => undefined))) return target;
      // A move that was killed between its two steps left one file with two names.
      if (!(await hasBothNames(path, target))) continue;
    }
    await unlink(path);
    return target;
  }
}

/** Gives the file a second name, or copies it where that is on another filesystem, or one without links. Fails with EEXIST. */
async function place(file: HashedFile, target: string): Promise<void> {
  const { path, contentHash } = file;
  if (await linked(path, target)) return;
  const draft = join(dirname(target), `.${await passingName()}.tmp`);
  try {
    await copyFile(path, draft, constants.COPYFILE_EXCL);
    const copy = await open(draft, 'r+');
    await copy.sync().finally(() => copy.close());
    if (!(await hashContent(draft)).equals(contentHash)) throw kept('its copy differs from it');
    if (!(await isUnchanged(file))) throw kept('it has changed since it was imported');
    if (await linked(draft, target)) return;
    await open(target, 'wx').then((taken) => taken.close());
    await rename(draft, target);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Whether there can be links. Fails with EEXIST. */
async function linked(path: string, target: string): Promise<boolean> {
  try {
    await link(path, target);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!['EXDEV', 'EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(code ?? '')) throw error;
    return false;
  }
}

async function hasBothNames(path: string, target: string): Promise<boolean> {
  const [one, other] = await Promise.all([lstat(path), lstat(target)]);
  return one.dev === other.dev && one.ino === other.ino && one.nlink > 1;
}
