import { randomUUID } from 'node:crypto';
import type { Session } from '../../database/session.js';
import type { BarBlock } from '../../domain/bar-block.js';
import type { SeriesKey } from '../../domain/series.js';
import { InvalidInputError, type Problem, WyckoffError } from '../../errors.js';
import type { UpsertCounts } from '../../repositories/bars/bar-repository.js';
import { seriesName, volumeScales } from '../../repositories/bars/catalog.js';
import { importBars } from '../../repositories/bars/import-run.js';
import { type BarFile, type BarFileOptions, type FileSeries, openBarFile } from '../read/bar-file.js';

/** Where imported bars go, and who the audit trail names. */
export interface ImportTarget {
  readonly session: Session;
  readonly actor: string;
}

export interface ImportProgress {
  readonly path: string;
  /** `read` counts bytes of the file, `write` bars. */
  readonly phase: 'read' | 'write';
  readonly done: number;
  readonly total: number;
}

export interface ImportOptions extends Omit<BarFileOptions, 'onProgress' | 'volumeScale'> {
  /** Of new series; one that is there keeps its scale. */
  readonly volumeScale?: number | 'auto' | undefined;
  readonly paths: readonly string[];
  /** `stop`: a file with rejected rows is not written at all. `skip`: its other rows are. */
  readonly onError: 'stop' | 'skip';
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
}

/** What became of one file. Where `error` is set nothing of it was written. */
export interface FileImport extends UpsertCounts {
  readonly path: string;
  /** A run is the import of one file. */
  readonly runId: string;
  /** Null where the file failed before its series was known. */
  readonly series: SeriesKey | null;
  readonly rows: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** What was wrong with the rejected rows; the first 1,000. */
  readonly problems: readonly Problem[];
  readonly leftOut: readonly string[];
  readonly notices: readonly string[];
  readonly first: Date | null;
  readonly last: Date | null;
  readonly seconds: number;
  readonly error: WyckoffError | null;
}

/**
 * Imports files one after the other, each as a run of its own; a file that fails does not keep the later ones out.
 * @throws the signal's reason when it is aborted; the files that were written by then stay written
 */
export async function importFiles(target: ImportTarget, options: ImportOptions): Promise<FileImport[]> {
  const results: FileImport[] = [];
  for (const path of options.paths) {
    options.signal?.throwIfAborted();
    results.push(await importFile(target, path, options));
  }
  return results;
}

async function importFile(target: ImportTarget, path: string, options: ImportOptions): Promise<FileImport> {
  const { signal, onProgress } = options;
  const runId = randomUUID();
  const started = performance.now();
  let file: BarFile | undefined;
  let only: FileSeries | undefined;
  const result = (counts: UpsertCounts, error: WyckoffError | null): FileImport => ({
    path,
    runId,
    series: only ? { symbol: only.symbol, timeframe: only.timeframe } : null,
    rows: file?.rows ?? 0,
    ...counts,
    duplicates: file?.duplicates ?? 0,
    rejected: file?.rejected ?? 0,
    problems: file?.problems ?? (error instanceof InvalidInputError ? error.problems : []),
    leftOut: file?.leftOut ?? [],
    notices: file?.notices ?? [],
    first: only?.first ?? null,
    last: only?.last ?? null,
    seconds: (performance.now() - started) / 1000,
    error,
  });
  try {
    file = await openBarFile(path, {
      ...options,
      volumeScale: async (series) => (await storedVolumeScale(target, series)) ?? options.volumeScale,
      onProgress: (done, total) => onProgress?.({ path, phase: 'read', done, total }),
    });
    [only] = file.series;
    if (!only || (file.rejected > 0 && options.onError === 'stop')) throw rejectedRows(file);
    const { bars: total, volumeScale } = only;
    const counted = (done: number) => onProgress?.({ path, phase: 'write', done, total });
    const run = { runId, actor: target.actor, source: path, volumeScale };
    return result(await importBars(target.session, only, watch(only, signal, counted), run), null);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof WyckoffError) return result({ inserted: 0, changed: 0, unchanged: 0 }, error);
    throw error;
  } finally {
    await file?.close();
  }
}

/** The scale of a series that is there already. */
async function storedVolumeScale({ session }: ImportTarget, series: SeriesKey): Promise<number | undefined> {
  const scales = await session.withClient((client) => volumeScales(client, [series]));
  return scales.get(seriesName(series));
}

function rejectedRows({ problems, rejected, rows }: BarFile): InvalidInputError {
  return new InvalidInputError(problems, `file, ${rejected} of ${rows} rows`);
}

/** The blocks, and word of each one that was taken. */
function watch(
  series: FileSeries,
  signal: AbortSignal | undefined,
  taken: (bars: number) => void,
): AsyncIterable<BarBlock> {
  return {
    async *[Symbol.asyncIterator]() {
      let bars = 0;
      for await (const block of series.blocks()) {
        yield block;
        bars += block.length;
        taken(bars);
        signal?.throwIfAborted(); // after the last block too: nothing is committed yet
      }
    },
  };
}
