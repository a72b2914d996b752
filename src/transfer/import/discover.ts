import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { InvalidInputError } from '../../errors.js';
import { LEDGER_KINDS } from '../export/kinds.js';
import { MANIFEST, readManifest } from '../export/manifest.js';
import { findEntry, listEntries } from '../read/archive/source.js';
import { seriesOfFileName, type ToldSeries } from '../read/file-name.js';
import { filePattern, type NamedSeries } from './file-pattern.js';

/** A file that is to be imported. */
export interface FoundFile {
  /** As it was given, or below the folder that was given; `archive.zip!entry.csv` is one of several. */
  readonly path: string;
  /** Where it lies below the folder that was given; its name, where it was given itself. */
  readonly below: string;
  /** 0 where it cannot be looked at: reading it says why. */
  readonly bytes: number;
  /** By the pattern that was given. */
  readonly named: NamedSeries;
  /** By its name and folders. */
  readonly told: ToldSeries;
  /** What it is one of several of. */
  readonly archive?: { readonly path: string; readonly below: string } | undefined;
}

/** A file of a folder that is not imported, and why. */
export interface LeftOutFile {
  readonly path: string;
  readonly reason: string;
}

const DATA = /\.(csv|tsv|txt|parquet|pq|ndjson|jsonl)(\.gz)?$|\.(gz|zip)$/i;
const ZIP = /\.zip$/i;
const LEDGER = 'of the ledger of an export: `wyckoff restore` brings it back';
/** In names and folders: 2024, 2024-01, 20240131, with a time of day behind it or none. */
const DATE = /(?:^|[^0-9])((?:19|20)\d\d)[-_]?(0[1-9]|1[0-2])?[-_]?(0[1-9]|[12]\d|3[01])?(?:[0-2]\d[0-5]\d)?(?![0-9])/;
/** Folders behind that of the year: `2024/1/31`, `year=2024/month=1/day=31`. */
const MONTH_OR_DAY = /[/\\](?:month=|day=)?(\d\d?)(?=[/\\])/gi;

/**
 * The files of `paths`, folders with all that lies in them, each file once. Files whose name or folders have a date come in its order, across
 * symbols: those that write the same chunks of a hypertable stand together. The others come first, by path.
 * @throws InvalidInputError PATTERN_INVALID, NO_FILES
 */
export async function discover(
  paths: readonly string[],
  pattern: string | undefined,
  archive: string | undefined,
  signal?: AbortSignal,
): Promise<{ files: FoundFile[]; leftOut: LeftOutFile[] }> {
  const patterned = pattern === undefined ? () => ({}) : filePattern(pattern);
  const seen = new Set<string>(archive === undefined ? [] : [await real(archive)]);
  const files: FoundFile[] = [];
  const leftOut: LeftOutFile[] = [];
  const isNew = async (path: string, entry?: string) => {
    const whole = (await real(path)) + (entry === undefined ? '' : `!${entry}`);
    return !seen.has(whole) && seen.add(whole);
  };
  const take = async (path: string, below: string) => {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) return walk(path, below);
    if (!found) return takeEntry(path);
    return (await isNew(path)) ? takeFile(path, below || basename(path), found.size) : undefined;
  };
  const push = (file: Omit<FoundFile, 'named' | 'told'>) => {
    const whole = resolve(file.path);
    files.push({ ...file, named: patterned(whole), told: seriesOfFileName(whole) });
  };
  const takeFile = async (path: string, below: string, bytes: number) => {
    signal?.throwIfAborted();
    const entries = ZIP.test(path) ? await listEntries(path, { signal }).catch(() => []) : [];
    if (entries.length === 0) push({ path, below, bytes });
    for (const { name, packedBytes } of entries) {
      if (await isNew(path, name))
        push({ path: `${path}!${name}`, below: `${below}!${name}`, bytes: packedBytes, archive: { path, below } });
    }
  };
  const takeEntry = async (path: string) => {
    const place = await findEntry(path).catch(() => undefined);
    if (!(await isNew(place?.archive ?? path, place?.entry))) return;
    if (!place) return push({ path, below: basename(path), bytes: 0 });
    const below = basename(place.archive);
    const entries = await listEntries(place.archive, { signal }).catch(() => []);
    const bytes = entries.find(({ name }) => name === place.entry)?.packedBytes ?? 0;
    push({ path, below: `${below}!${place.entry}`, bytes, archive: { path: place.archive, below } });
  };
  const walk = async (folder: string, below: string) => {
    const whole = await real(folder);
    if (seen.has(whole)) return; // the archive, a folder given twice, a link that leads back
    seen.add(whole);
    const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch((cause: Error) => {
      leftOut.push({ path: folder, reason: `the folder cannot be read: ${cause.message}` });
      return [];
    });
    const ledger = await ledgerOf(folder, entries);
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (ledger.has(entry.name)) leftOut.push({ path, reason: LEDGER });
      else if (entry.name.startsWith('.')) leftOut.push({ path, reason: 'hidden' });
      else if (entry.isFile() && !DATA.test(entry.name)) leftOut.push({ path, reason: 'not a data file by its name' });
      else await take(path, join(below, entry.name));
    }
  };
  for (const path of paths) await take(path, '');
  if (files.length === 0) {
    const rule = leftOut.length > 0 ? `no data files: ${leftOut.length} files were left out` : 'no files';
    const hint = 'data files end in .csv, .txt, .tsv, .parquet, .ndjson, .gz or .zip; name others one by one';
    throw new InvalidInputError([{ code: 'NO_FILES', path: 'paths', value: paths.join(', '), rule, hint }], 'paths');
  }
  return { files: inTimeOrder(files), leftOut };
}

/** Of a folder that an export made: its manifest, and the files that are not of the market. */
async function ledgerOf(folder: string, entries: readonly Dirent[]): Promise<ReadonlySet<string>> {
  if (!entries.some(({ name }) => name === MANIFEST)) return new Set();
  const manifest = await readManifest(folder).catch(() => undefined); // another program's
  const ledger = manifest?.files.filter(({ kind }) => LEDGER_KINDS.includes(kind)) ?? [];
  return new Set(ledger.map(({ path }) => path));
}

function inTimeOrder(files: readonly FoundFile[]): FoundFile[] {
  const dated = files.map((file) => ({ file, date: dateOf(file.below) }));
  return dated.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0)).map(({ file }) => file);
}

function dateOf(path: string): string {
  const dashed = path.replace(MONTH_OR_DAY, (_, digits: string) => `-${digits.padStart(2, '0')}`);
  return (DATE.exec(dashed) ?? []).slice(1).join('');
}

async function real(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}
