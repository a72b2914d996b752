import type { Session } from '../../database/session.js';
import type { SeriesKey } from '../../domain/series.js';
import { InvalidInputError, WyckoffError } from '../../errors.js';
import { readLimit } from '../../repositories/bars/bar-window.js';
import { seriesName, volumeScales } from '../../repositories/bars/catalog.js';
import { discover } from '../import/discover.js';
import type { BarFile } from '../read/bar-file.js';
import { type FileOptions, openFile } from '../read/open-file.js';
import type { TickFile } from '../read/ticks/tick-file.js';
import type { VolumeScale } from '../read/volume-scales.js';
import { verifyTickFile } from './ticks.js';
import type { FileVerification, Verification, VerifiedFile } from './verification.js';
import { type BarFileVerifyOptions, verifyBarFile } from './verify-file.js';
import { verifyStorage } from './verify-storage.js';

export interface VerifyProgress {
  readonly path: string;
  /** `read` counts bytes of the file, `compare` bars or ticks. */
  readonly phase: 'read' | 'compare';
  readonly done: number;
  readonly total: number;
}

/** How the files are read, as for an import of them, and how much of them is compared. */
export interface VerifyFilesOptions
  extends Omit<FileOptions, 'volumeScale' | 'onProgress'>,
    Pick<BarFileVerifyOptions, 'sample' | 'onError'> {
  /** Files, and folders with all that lies in them. */
  readonly paths: readonly string[];
  /** How the names of files tell their series, as for an import: `{symbol}-{timeframe}-{any}.csv`. */
  readonly pattern?: string | undefined;
  /** Of series that the database does not have. */
  readonly volumeScale?: VolumeScale | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
}

export interface VerifyTarget {
  readonly session: Session;
  /** As configured. */
  readonly chunkInterval: string | undefined;
}

/**
 * Compares files with the database, one after the other; one that cannot be read does not keep the later ones out.
 * @throws InvalidInputError PATTERN_INVALID, NO_FILES; the signal's reason when it is aborted; DatabaseError
 */
export async function verifyFiles(target: VerifyTarget, options: VerifyFilesOptions): Promise<Verification> {
  if (options.sample !== undefined) readLimit(options.sample, 'sample');
  const files: VerifiedFile[] = [];
  const checkedCatalogs = new Set<string>();
  const { files: found, leftOut } = await discover(options.paths, options.pattern, undefined, options.signal);
  for (const { path, named } of found) {
    options.signal?.throwIfAborted();
    const { symbol = named.symbol, timeframe = named.timeframe } = options;
    files.push(await verifyPath(target, path, { ...options, symbol, timeframe, checkedCatalogs }));
  }
  const storage = await verifyStorage(target.session, target.chunkInterval);
  const passed = files.every((file) => file.passed) && storage.differences.length === 0;
  return { passed, files, leftOut, storage };
}

async function verifyPath(
  target: VerifyTarget,
  path: string,
  options: VerifyFilesOptions & Pick<BarFileVerifyOptions, 'checkedCatalogs'>,
): Promise<VerifiedFile> {
  const { onProgress, signal } = options;
  const started = performance.now();
  const told = (phase: VerifyProgress['phase']) => (done: number, total: number) =>
    onProgress?.({ path, phase, done, total });
  let file: BarFile | TickFile | undefined;
  try {
    file = await openFile(path, {
      ...options,
      volumeScale: async (series) => (await storedVolumeScale(target, series)) ?? options.volumeScale,
      onProgress: told('read'),
    });
    const comparing = { ...options, onProgress: told('compare') };
    const verified =
      file.kind === 'bars'
        ? await verifyBarFile(target.session, file, comparing)
        : { ...(await verifyTickFile(target.session, file, comparing)), error: null };
    return { ...verified, seconds: secondsSince(started) };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof WyckoffError) return unreadable(path, error, secondsSince(started));
    throw error;
  } finally {
    await file?.close();
  }
}

/** Of a series that there is. */
async function storedVolumeScale({ session }: VerifyTarget, series: SeriesKey): Promise<number | undefined> {
  const scales = await session.withClient((client) => volumeScales(client, [series]));
  return scales.get(seriesName(series));
}

function unreadable(path: string, error: WyckoffError, seconds: number): FileVerification {
  const problems = error instanceof InvalidInputError ? error.problems : [];
  const counts = { rows: 0, duplicates: 0, rejected: 0, rounded: { prices: 0, volumes: 0 } };
  return {
    path,
    kind: null,
    passed: false,
    ...counts,
    problems,
    notices: [],
    series: [],
    differences: [],
    seconds,
    error,
  };
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}
