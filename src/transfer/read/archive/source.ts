import { open, stat } from 'node:fs/promises';
import { sizeOfFile } from '../csv-text.js';
import { fileError } from '../file-problem.js';
import { unpackGzip } from './gzip.js';
import { UNPACK_LIMITS, type Unpacked, type UnpackLimits } from './unpack.js';
import { readZipDirectory, unpackZipEntry, type ZipEntry } from './zip.js';

export interface SourceOptions {
  readonly signal?: AbortSignal | undefined;
  readonly limits?: UnpackLimits | undefined;
}

/** A file as a reader wants it: plain bytes on the disk, and the names by which people know it. Close it after use. */
export interface Source {
  /** The path as given, or `archive.zip!entry.csv`. */
  readonly name: string;
  /** Where the bytes are: the file itself, or a private temporary one. */
  readonly path: string;
  /** Paths that may tell what the file has, the most telling first: an entry's own, then its archive's. */
  readonly tellingNames: readonly string[];
  readonly packed: boolean;
  close(): Promise<void>;
}

type Packing = 'gzip' | 'zip' | undefined;

/**
 * The files behind a path. A zip archive of several is several, each called `archive.zip!entry.csv`, which {@link openSource} takes like a
 * path; any other file is itself. Entries that cannot hold rows (folders, hidden files, what macOS adds, pictures, read-me files) are not
 * named; packed and Parquet ones are, and are refused when they are opened, so that nothing is passed over in silence.
 * @throws InvalidInputError
 */
export async function listSources(path: string, { signal }: SourceOptions = {}): Promise<string[]> {
  const entries = await listEntries(path, { signal });
  return entries.length === 0 ? [path] : entries.map(({ name }) => `${path}!${name}`);
}

/** An entry that may hold rows, of an archive that has several. */
export interface ArchiveEntry {
  /** Its path in the archive. */
  readonly name: string;
  readonly packedBytes: number;
}

/** The entries behind a path, as {@link listSources} names them; none where it is one file. @throws InvalidInputError */
export async function listEntries(path: string, { signal }: SourceOptions = {}): Promise<ArchiveEntry[]> {
  if ((await packingOf(path)) !== 'zip') return [];
  const files = rowsOf(await directoryOf(path, signal));
  if (files.length < 2) return [];
  return files.map(({ name, entry }) => ({ name, packedBytes: entry.compressedSize }));
}

/**
 * Makes a file ready to be read, unpacked where it is a `.gz` or an entry of a `.zip`, which is told by its first bytes.
 * @throws InvalidInputError, `ARCHIVE_HAS_NO_FILE` and `ARCHIVE_HAS_SEVERAL_FILES` among them
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<Source> {
  const { signal, limits = UNPACK_LIMITS } = options;
  const place = await findEntry(path);
  if (place) {
    const entries = await directoryOf(place.archive, signal);
    const entry = entries.find(({ name }) => name === place.entry);
    if (!entry) {
      const hint = `there is ${namesOf(rowsOf(entries))}`;
      const rule = 'the archive has no such entry';
      throw fileError({ code: 'ARCHIVE_ENTRY_MISSING', path: '', value: path, rule, hint });
    }
    const unpacked = await unpackZipEntry(place.archive, entry, limits, signal);
    return unpackedSource(path, unpacked, [entry.name]);
  }
  const size = await sizeOfFile(path);
  const packing = await packingOf(path);
  if (packing === 'gzip') {
    return unpackedSource(path, await unpackGzip(path, size, limits, signal), [path.replace(/\.gz(ip)?$/i, '')]);
  }
  if (packing === 'zip') {
    const entry = onlyFile(path, await directoryOf(path, signal));
    const unpacked = await unpackZipEntry(path, entry, limits, signal);
    return unpackedSource(path, unpacked, [entry.name, path.replace(/\.zip$/i, '.csv')]);
  }
  return { name: path, path, tellingNames: [path], packed: false, close: async () => {} };
}

async function unpackedSource(name: string, unpacked: Unpacked, tellingNames: readonly string[]): Promise<Source> {
  const { path, remove: close } = unpacked;
  const start = await firstBytes(path);
  const [rule, hint] =
    packingIn(start) !== undefined
      ? ['an archive inside another one is not unpacked', 'unpack the outer one']
      : start.subarray(0, 4).toString('latin1').startsWith('PAR')
        ? ['Parquet inside an archive is not read: it is compressed already', 'unpack it']
        : [];
  if (rule === undefined) return { name, path, tellingNames, packed: true, close };
  await close();
  throw fileError({ code: 'ARCHIVE_NESTED', path: '', value: name, rule, hint: hint! });
}

function onlyFile(path: string, entries: readonly ZipEntry[]): ZipEntry {
  const files = rowsOf(entries);
  const [file] = files;
  if (!file) {
    const rule = 'the archive has no file of rows, such as a .csv';
    const hint =
      /\.xls/i.test(path) || entries.some(({ name }) => name.startsWith('xl/'))
        ? 'export the spreadsheet as CSV'
        : entries.length > 0
          ? `it has ${namesOf(entries)}`
          : 'it is empty';
    throw fileError({ code: 'ARCHIVE_HAS_NO_FILE', path: '', value: path, rule, hint });
  }
  if (files.length === 1) return file;
  const rule = `the archive has ${files.length} files: ${namesOf(files)}`;
  const hint = `name one of them: '${path}!${file.name}'`;
  throw fileError({ code: 'ARCHIVE_HAS_SEVERAL_FILES', path: '', value: path, rule, hint });
}

const ROWS = /\.(csv|txt|tsv|ndjson|jsonl|prn|asc|dat|parquet|pq|gz|zip|zst|bz2|xz|7z)$/i;
const BESIDE_ROWS = /(^|\/)(__MACOSX\/|\.|readme|license)/i;

/** A lone entry may have any name. */
function rowsOf(entries: readonly ZipEntry[]): readonly ZipEntry[] {
  const files = entries.filter(({ name }) => !BESIDE_ROWS.test(name));
  return files.length === 1 ? files : files.filter(({ name }) => ROWS.test(name));
}

const SHOWN_NAMES = 5;

function namesOf(entries: readonly ZipEntry[]): string {
  const names = entries.slice(0, SHOWN_NAMES).map(({ name }) => name);
  const more = entries.length - names.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** `a.zip!b.csv`, unless a file itself has that name. */
export async function findEntry(path: string): Promise<{ archive: string; entry: string } | undefined> {
  const mark = path.search(/(?<=\.zip)!/i);
  if (mark < 0 || (await stat(path).catch(() => undefined))) return undefined;
  const archive = path.slice(0, mark);
  return (await packingOf(archive)) === 'zip' ? { archive, entry: path.slice(mark + 1) } : undefined;
}

async function packingOf(path: string): Promise<Packing> {
  await sizeOfFile(path);
  return packingIn(await firstBytes(path));
}

function packingIn(start: Buffer): Packing {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  return ['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'].includes(start.toString('latin1')) ? 'zip' : undefined;
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path).catch((cause: Error) => {
    throw fileError({ code: 'FILE_UNREADABLE', path: '', value: path, rule: cause.message });
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The archive that was read last: its entries are opened one by one, and there may be thousands. */
let last: { readonly key: string; readonly entries: readonly ZipEntry[] } | undefined;

async function directoryOf(path: string, signal: AbortSignal | undefined): Promise<readonly ZipEntry[]> {
  const { dev, ino, size, mtimeMs } = await stat(path);
  const key = [path, dev, ino, size, mtimeMs].join('\n');
  if (last?.key !== key) last = { key, entries: await readZipDirectory(path, signal) };
  return last.entries;
}
