import type { Session } from '../../database/session.js';
import type { SeriesKey } from '../../domain/series.js';
import { InvalidInputError, WyckoffError } from '../../errors.js';
import { readLimit } from '../../repositories/bars/bar-window.js';
import { seriesName, volumeScales } from '../../repositories/bars/catalog.js';
import type { BarFile, BarFileOptions } from '../read/bar-file.js';
import { openBarFile } from '../read/open-file.js';
import type { FileVerification, Verification } from './verification.js';
import { type BarFileVerifyOptions, verifyBarFile } from './verify-file.js';
import { verifyStorage } from './verify-storage.js';

export interface VerifyProgress {
  readonly path: string;
  /** `read` counts bytes of the file, `compare` bars. */
  readonly phase: 'read' | 'compare';
  readonly done: number;
  readonly total: number;
}

/** How the files are read, as for an import of them, and how much of them is compared. */
export interface VerifyFilesOptions
  extends Omit<BarFileOptions, 'volumeScale' | 'onProgress'>,
    Pick<BarFileVerifyOptions, 'sample' | 'onError'> {
  readonly paths: readonly string[];
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
}

export interface VerifyTarget {
  readonly session: Session;
  /** As configured. */
  readonly chunkInterval: string | undefined;
}

/**
 * Compares files with the database, one after the other; one that cannot be read does not keep the later ones out.
 * @throws the signal's reason when it is aborted; DatabaseError
 */
export async function verifyFiles(target: VerifyTarget, options: VerifyFilesOptions): Promise<Verification> {
  if (options.sample !== undefined) readLimit(options.sample, 'sample');
  const files: FileVerification[] = [];
  for (const path of options.paths) {
    options.signal?.throwIfAborted();
    files.push(await verifyPath(target, path, options));
  }
  const storage = await verifyStorage(target.session, target.chunkInterval);
  const passed = files.every((file) => file.passed) && storage.differences.length === 0;
  return { passed, files, storage };
}

async function verifyPath(target: VerifyTarget, path: string, options: VerifyFilesOptions): Promise<FileVerification> {
  const { onProgress, signal } = options;
  const started = performance.now();
  const told = (phase: VerifyProgress['phase']) => (done: number, total: number) =>
    onProgress?.({ path, phase, done, total });
  let file: BarFile | undefined;
  try {
    file = await openBarFile(path, {
      ...options,
      volumeScale: (series) => storedVolumeScale(target, series),
      onProgress: told('read'),
    });
    // A file of ticks is another kind of file, and goes to a comparison of its own: the kind decides here.
    const verified = await verifyBarFile(target.session, file, { ...options, onProgress: told('compare') });
    return { ...verified, seconds: secondsSince(started) };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof WyckoffError) return unreadable(path, error, secondsSince(started));
    throw error;
  } finally {
    await file?.close();
  }
}

/** The scale of a series, 0 where it does not exist. */
async function storedVolumeScale({ session }: VerifyTarget, series: SeriesKey): Promise<number> {
  const scales = await session.withClient((client) => volumeScales(client, [series]));
  return scales.get(seriesName(series)) ?? 0;
}

function unreadable(path: string, error: WyckoffError, seconds: number): FileVerification {
  const problems = error instanceof InvalidInputError ? error.problems : [];
  const counts = { rows: 0, duplicates: 0, rejected: 0 };
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
