import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, lstat, mkdir, open, realpath, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import { ConflictError, WyckoffError } from '../../errors.js';
import { compareBars } from '../../repositories/bars/import-run.js';
import { openBarFile } from '../read/open-file.js';
import type { FoundFile } from './discover.js';
import { type HashedFile, hashContent, isUnchanged, requireUnchanged } from './file-identity.js';
import { type FileImportContext, storedVolumeScale } from './import-file.js';
import type { FileImport } from './result.js';

interface Archiving {
  readonly file: FoundFile;
  readonly result: FileImport;
  readonly hashed: HashedFile | undefined;
  readonly archive: string;
}

/**
 * Moves a file below `archive`, as it lay below the folder that was given, once the database was seen to have all of it. Nothing is ever
 * overwritten: a file whose name is taken gets a number.
 */
export async function archiveFile(
  context: FileImportContext,
  { file, result, hashed, archive }: Archiving,
): Promise<Pick<FileImport, 'archived' | 'archiveError'>> {
  if (result.error || !hashed) return { archived: null, archiveError: null };
  try {
    if (result.rejected > 0) throw kept(`${result.rejected} of its rows were rejected: it has more than the database`);
    await verifyFile(context, file, hashed);
    context.signal?.throwIfAborted();
    return { archived: await moveFile(hashed, join(archive, file.below)), archiveError: null };
  } catch (error) {
    context.signal?.throwIfAborted();
    if (error instanceof WyckoffError) return { archived: null, archiveError: error };
    if (error instanceof Error && 'syscall' in error)
      return { archived: null, archiveError: kept(error.message, error) };
    throw error;
  }
}

/**
 * Reads the file once more, and compares each bar with the database's. This is the one place that decides whether a source may be moved.
 * @throws ConflictError FILE_NOT_ARCHIVED
 */
async function verifyFile(
  { session, reading, signal }: FileImportContext,
  { path, named }: FoundFile,
  hashed: HashedFile,
): Promise<void> {
  await session.withClient(async (client) => {
    const file = await openBarFile(path, {
      ...named,
      ...reading,
      signal,
      volumeScale: async (series) => (await storedVolumeScale(client, series)) ?? reading.volumeScale,
    });
    try {
      for (const { symbol, timeframe, inserted, changed } of await compareBars(client, file.series))
        if (inserted + changed > 0)
          throw kept(
            `of ${symbol} ${timeframe} the database lacks ${inserted} of its bars and has ${changed} with other values`,
          );
    } finally {
      await file.close();
    }
  });
  await requireUnchanged(hashed);
}

function kept(reason: string, cause?: unknown): ConflictError {
  const hint = '"wyckoff verify" tells the differences';
  return new ConflictError('FILE_NOT_ARCHIVED', `the file stays where it is: ${reason}`, { hint, cause });
}

/** Answers with where it lies now. A name appears there only when all of the file does. */
async function moveFile(file: HashedFile, wanted: string): Promise<string> {
  const { path } = file;
  if ((await lstat(path)).isSymbolicLink()) throw kept('it is a link, which would leave the file itself behind');
  await mkdir(dirname(wanted), { recursive: true });
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
  const draft = join(dirname(target), `.${randomUUID()}.tmp`);
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
