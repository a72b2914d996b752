import { existsSync } from 'node:fs';
import { copyFile, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { makeDirectory } from '../../database/make-directory.js';
import { CutoverError } from '../../errors.js';
import { syncDirectory } from '../../ingest/spool/files.js';
import { unusable } from '../backends/files/folder.js';
import { findSeries } from '../backends/files/series-path.js';
import { hashContent } from '../import/file-identity.js';

/** @throws CutoverError CUTOVER_ARCHIVE_REFUSED where a file would stay in the folder, or come among others: on the way back all are taken */
export async function requireRoom(folder: string, archive: string): Promise<void> {
  if (resolve(folder) === resolve(archive)) throw archiveRefused(`${archive} is the folder of the files`);
  const there = await readdir(archive).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw archiveRefused(error.message);
  });
  if (there.length > 0) throw archiveRefused(`${archive} is not empty`);
}

/** Moves every series' file from one folder to another; what was moved before stays. Each is in one of the two at any time. */
export async function moveFiles(from: string, to: string, signal: AbortSignal | undefined): Promise<number> {
  let moved = 0;
  try {
    for (const { path } of await findSeries(from)) {
      signal?.throwIfAborted();
      await moveFile(join(from, path), join(to, path));
      moved += 1;
    }
  } catch (error) {
    throw unusable(from, error);
  }
  return moved;
}

async function moveFile(from: string, to: string): Promise<void> {
  await makeDirectory(dirname(to));
  // One that was copied to another disk, by a process that died before it removed it here, is the same.
  if (existsSync(to) && !(await hashContent(from)).equals(await hashContent(to)))
    throw new CutoverError('CUTOVER_ARCHIVE_REFUSED', `the files cannot be moved: ${to} is there, and is not ${from}`, {
      hint: 'somebody put it there: move it away',
    });
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyFile(from, `${to}.part`);
    const copy = await open(`${to}.part`, 'r+');
    await copy.sync().finally(() => copy.close());
    await rename(`${to}.part`, to);
    await syncDirectory(dirname(to));
    await rm(from);
  }
  await syncDirectory(dirname(to));
  await syncDirectory(dirname(from));
}

function archiveRefused(reason: string): CutoverError {
  return new CutoverError('CUTOVER_ARCHIVE_REFUSED', `the files cannot be moved: ${reason}`, {
    hint: 'name an empty or new directory with --archive',
  });
}
