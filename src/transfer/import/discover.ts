import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { InvalidInputError } from '../../errors.js';
import { filePattern, type NamedSeries, seriesOfFolders } from './file-pattern.js';

/** A file that is to be imported. */
export interface FoundFile {
  /** As it was given, or below the folder that was given. */
  readonly path: string;
  /** Where it lies below the folder that was given; its name, where it was given itself. */
  readonly below: string;
  /** 0 where it cannot be looked at: reading it says why. */
  readonly bytes: number;
  readonly named: NamedSeries;
}

/** A file of a folder that is not imported, and why. */
export interface LeftOutFile {
  readonly path: string;
  readonly reason: string;
}

const DATA = /\.(csv|tsv|txt|parquet|pq|ndjson|jsonl)(\.gz)?$|\.(gz|zip)$/i;
const DATE = /(?:^|[^0-9])((?:19|20)\d\d)[-_]?(0[1-9]|1[0-2])?[-_]?(0[1-9]|[12]\d|3[01])?(?![0-9])/;

/**
 * The files of `paths`, folders with all that lies in them, each file once. Files whose name or folders have a date come in its order, across
 * symbols: those that write the same chunks of a hypertable stand together. The others come first, by path.
 * @throws InvalidInputError PATTERN_INVALID, NO_FILES
 */
export async function discover(
  paths: readonly string[],
  pattern: string | undefined,
  archive: string | undefined,
): Promise<{ files: FoundFile[]; leftOut: LeftOutFile[] }> {
  const patterned = pattern === undefined ? () => ({}) : filePattern(pattern);
  const seen = new Set<string>(archive === undefined ? [] : [await real(archive)]);
  const files: FoundFile[] = [];
  const leftOut: LeftOutFile[] = [];
  const take = async (path: string, below: string) => {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) return walk(path, below);
    const whole = await real(path);
    if (seen.has(whole)) return undefined;
    seen.add(whole);
    const named = { ...seriesOfFolders(resolve(path)), ...patterned(resolve(path)) };
    files.push({ path, below: below === '' ? basename(path) : below, bytes: found?.size ?? 0, named });
    return undefined;
  };
  const walk = async (folder: string, below: string) => {
    const whole = await real(folder);
    if (seen.has(whole)) return; // the archive, a folder given twice, a link that leads back
    seen.add(whole);
    const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch((cause: Error) => {
      leftOut.push({ path: folder, reason: `the folder cannot be read: ${cause.message}` });
      return [];
    });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.name.startsWith('.')) leftOut.push({ path, reason: 'hidden' });
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

function inTimeOrder(files: readonly FoundFile[]): FoundFile[] {
  const dated = files.map((file) => ({ file, date: (DATE.exec(file.below) ?? []).slice(1).join('') }));
  return dated.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0)).map(({ file }) => file);
}

async function real(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}
