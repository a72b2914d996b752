import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { JsonObject } from '../../domain/json.js';
import { WyckoffError } from '../../errors.js';
import type { FileIdentity } from '../../repositories/imports/files.js';
import { sizeOfFile } from '../read/csv-text.js';
import { fileError } from '../read/file-problem.js';
import type { FoundFile } from './discover.js';

const CHUNK = 1 << 20;

/** A file as it stood when its content was hashed; of an entry of several, its archive. */
export interface HashedFile extends FileIdentity {
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
}

/** @throws InvalidInputError FILE_MISSING, FILE_NOT_REGULAR, FILE_UNREADABLE */
export async function hashFile(
  path: string,
  reading: JsonObject,
  signal: AbortSignal | undefined,
): Promise<HashedFile> {
  const bytes = await sizeOfFile(path);
  const { mtimeMs: modified } = await stat(path);
  return { path, bytes, modified, reading, contentHash: await hashContent(path, signal) };
}

/** As {@link hashFile}, an archive of several files once: they are imported one after the other. */
export function fileHasher(signal: AbortSignal | undefined) {
  const archives = new Map<string, Promise<HashedFile>>();
  return async ({ path, archive }: FoundFile, reading: JsonObject): Promise<HashedFile> => {
    if (!archive) return hashFile(path, reading, signal);
    const hashing = archives.get(archive.path) ?? hashFile(archive.path, {}, signal);
    archives.set(archive.path, hashing);
    const hashed = await hashing;
    await requireUnchanged(hashed);
    return { ...hashed, reading };
  };
}

export async function hashContent(path: string, signal?: AbortSignal): Promise<Buffer> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK, signal })) hash.update(chunk as Buffer);
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw fileError({ code: 'FILE_UNREADABLE', path: '', value: path, rule: error.message });
  }
  return hash.digest();
}

/** @throws WyckoffError FILE_CHANGED where the file is not the one that was hashed any more */
export async function requireUnchanged(file: HashedFile): Promise<void> {
  if (await isUnchanged(file)) return;
  throw new WyckoffError('FILE_CHANGED', `${file.path} changed while it was imported: nothing of it was written`, {
    hint: 'is something still writing to the file? Import it again when it is complete',
  });
}

export async function isUnchanged({ path, bytes, modified }: HashedFile): Promise<boolean> {
  const now = await stat(path).catch(() => undefined);
  return now?.size === bytes && now.mtimeMs === modified;
}
