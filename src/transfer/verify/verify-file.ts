import type { Session } from '../../database/session.js';
import type { BarFile } from '../read/bar-file.js';
import { DifferenceTally } from './difference-tally.js';
import type { FileVerification, SeriesVerification } from './verification.js';
import { type SeriesOptions, verifySeries } from './verify-series.js';

export interface BarFileVerifyOptions extends Pick<SeriesOptions, 'sample' | 'checkedCatalogs' | 'signal'> {
  /** `stop`: rows of the file that are no bars are a difference, since nothing can be said of them. `skip`: they are left out. */
  readonly onError?: 'stop' | 'skip' | undefined;
  /** Bars of the file that were compared, and how many there are. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Compares a file of bars that is open with the database: every bar of it, and what the database has beside them, series by series, each in one
 * snapshot. Every bar is read by binary COPY and compared in integers, in bounded memory. Does not close the file, and changes nothing.
 *
 * @throws DatabaseError; the signal's reason when it is aborted
 */
export async function verifyBarFile(
  session: Session,
  file: BarFile,
  options: BarFileVerifyOptions,
): Promise<FileVerification> {
  const started = performance.now();
  const { onError = 'stop', onProgress, sample, checkedCatalogs, signal } = options;
  const total = file.series.reduce((sum, { bars }) => sum + bars, 0);
  const tally = new DifferenceTally();
  // Of a file without a sound row nothing can be said, whatever may be left out of it.
  if (file.rejected > 0 && (onError === 'stop' || file.series.length === 0)) {
    for (const [index, { line, path, rule, value }] of file.problems.entries()) {
      const example = () => ({ line: line ?? null, field: path || null, expected: rule, found: String(value) });
      tally.add('rejected', example, index === 0 ? file.rejected : 0);
    }
  }
  const tellsSource = file.mapping.source !== undefined;
  const series: SeriesVerification[] = [];
  let before = 0;
  for (const one of file.series) {
    signal?.throwIfAborted();
    const onCompared = (done: number) => onProgress?.(before + done, total);
    series.push(await verifySeries(session, one, { sample, checkedCatalogs, tellsSource, signal, onCompared }));
    before += one.bars;
  }
  const differences = tally.result();
  const { path, kind, rows, duplicates, rejected, rounded, problems, notices } = file;
  return {
    ...{ path, kind, rows, duplicates, rejected, rounded, problems, notices, series, differences },
    passed: differences.length === 0 && series.every((one) => one.differences.length === 0),
    seconds: (performance.now() - started) / 1000,
    error: null,
  };
}
