import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import yauzl from 'yauzl';
import { type InvalidInputError, WyckoffError } from '../../../errors.js';
import { fileError } from '../file-problem.js';
import { damaged, type Unpacked, type UnpackLimits, unpack } from './unpack.js';

export interface ZipEntry {
  /** A relative path with `/`. */
  readonly name: string;
  readonly entry: yauzl.Entry;
}

/** A file of each of the 12,000 American symbols is one archive of a vendor. */
const MOST_ENTRIES = 100_000;
const STORED = 0;
const DEFLATED = 8;
const LOCAL_HEADER = 30;
const FILE_TYPE = 0o170000;
const SYMBOLIC_LINK = 0o120000;
const CONTROL = /\p{Cc}/u;

/**
 * The files of a zip archive as its directory has them, in its order. Nothing is written under an entry's name, and an archive that plays
 * tricks with names or places is refused all the same: nobody can say what is in it.
 * @throws InvalidInputError `ARCHIVE_DAMAGED`, `ARCHIVE_NAME_INVALID`, `ARCHIVE_TOO_LARGE`
 */
export async function readZipDirectory(path: string, signal?: AbortSignal): Promise<ZipEntry[]> {
  const zip = await openZip(path);
  const entries: ZipEntry[] = [];
  const places: { start: number; end: number }[] = [];
  const names = new Set<string>();
  try {
    if (zip.entryCount > MOST_ENTRIES) {
      const rule = `it has ${zip.entryCount} entries, and at most ${MOST_ENTRIES} are read`;
      throw fileError({ code: 'ARCHIVE_TOO_LARGE', path: '', value: path, rule, hint: 'unpack it yourself' });
    }
    for await (const entry of zip.eachEntry()) {
      signal?.throwIfAborted();
      const name = readName(path, entry);
      if (names.has(name)) throw nameInvalid(path, name, 'two entries have this name');
      names.add(name);
      const start = entry.relativeOffsetOfLocalHeader;
      places.push({ start, end: start + LOCAL_HEADER + entry.fileNameLength + entry.compressedSize });
      if (!name.endsWith('/')) entries.push({ name, entry });
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof WyckoffError ? error : damaged(path, (error as Error).message);
  } finally {
    zip.close();
  }
  places.sort((a, b) => a.start - b.start);
  if (places.some(({ start }, index) => index > 0 && start < places[index - 1]!.end)) {
    throw damaged(path, 'entries of the archive lie over one another');
  }
  return entries;
}

/** @throws InvalidInputError `ARCHIVE_ENCRYPTED`, `ARCHIVE_METHOD_UNKNOWN`, `ARCHIVE_DAMAGED`, `ARCHIVE_TOO_LARGE` */
export async function unpackZipEntry(
  path: string,
  { name, entry }: ZipEntry,
  limits: UnpackLimits,
  signal?: AbortSignal,
): Promise<Unpacked> {
  const called = `${path}!${name}`;
  const { compressionMethod: method, compressedSize, uncompressedSize } = entry;
  if (entry.isEncrypted()) {
    const rule = 'the entry is encrypted';
    throw fileError({ code: 'ARCHIVE_ENCRYPTED', path: '', value: called, rule, hint: 'unpack it with its password' });
  }
  if (method !== STORED && method !== DEFLATED) {
    const rule = `the entry is packed by method ${method}; only deflated and stored ones are read`;
    throw fileError({ code: 'ARCHIVE_METHOD_UNKNOWN', path: '', value: called, rule, hint: 'unpack it yourself' });
  }
  const start = await findData(path, called, entry);
  let sum = 0;
  const unpacked = await unpack(
    {
      name: called,
      bytes:
        compressedSize > 0 ? createReadStream(path, { start, end: start + compressedSize - 1 }) : Readable.from([]),
      packedSize: compressedSize,
      size: uncompressedSize,
      unpacking: method === DEFLATED ? createInflateRaw() : undefined,
      onPiece: (piece) => {
        sum = crc32(piece, sum);
      },
    },
    limits,
    signal,
  );
  if (sum === entry.crc32) return unpacked;
  await unpacked.remove();
  throw damaged(called, 'the checksum of the unpacked bytes is not the one that the archive has');
}

/** Where an entry's bytes begin, by its own header, which must be of the same name. */
async function findData(path: string, called: string, entry: yauzl.Entry): Promise<number> {
  const zip = await openZip(path);
  try {
    const header = await zip.readLocalFileHeaderPromise(entry).catch((cause: Error) => {
      throw damaged(called, cause.message);
    });
    if (!header.fileName.equals(entry.fileNameRaw)) {
      throw damaged(called, 'the directory of the archive and the entry itself have different names');
    }
    return header.fileDataStart;
  } finally {
    zip.close();
  }
}

/** The names are asked for as bytes: they are checked here, with a code of their own. */
async function openZip(path: string): Promise<yauzl.ZipFile> {
  const zip = await yauzl
    .openPromise(path, { autoClose: false, lazyEntries: true, decodeStrings: false })
    .catch((cause: Error) => {
      throw damaged(path, cause.message);
    });
  zip.on('error', () => {}); // one that comes when nobody waits would end the process
  return zip;
}

function readName(path: string, entry: yauzl.Entry): string {
  const { generalPurposeBitFlag, fileNameRaw, extraFields } = entry;
  const name = yauzl.getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, true);
  const fault = yauzl.validateFileName(name);
  if (fault !== null || name === '' || CONTROL.test(name)) {
    throw nameInvalid(path, name, 'an entry has a relative path inside the archive, with slashes');
  }
  if (((entry.externalFileAttributes >>> 16) & FILE_TYPE) === SYMBOLIC_LINK)
    throw nameInvalid(path, name, 'the entry is a symbolic link');
  return name;
}

function nameInvalid(path: string, name: string, rule: string): InvalidInputError {
  const hint = `${path} may be made to do harm; unpack it with care`;
  return fileError({ code: 'ARCHIVE_NAME_INVALID', path: '', value: name, rule, hint });
}
