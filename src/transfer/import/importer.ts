import { randomUUID } from 'node:crypto';
import type { Session } from '../../database/session.js';
import type { JsonObject } from '../../domain/json.js';
import { endRun, startRun } from '../../repositories/imports/runs.js';
import { Archive } from './archive.js';
import { discover, type FoundFile } from './discover.js';
import { fileHasher } from './file-identity.js';
import { importFile, type ReadingSettings } from './import-file.js';
import { problemKeeper } from './kept-problems.js';
import { ImportMeter, type ImportProgress } from './progress.js';
import { prepareReport, writeReport } from './report.js';
import { type FileImport, type ImportResult, totalsOf } from './result.js';
import { Turns } from './turns.js';

/** Where imported bars go, and who the audit trail names. */
export interface ImportTarget {
  readonly session: Session;
  readonly actor: string;
  /** How many connections the session has: a file under way keeps one. */
  readonly connections: number;
}

export interface ImportOptions extends ReadingSettings {
  /** Files, and folders with all that lies in them. */
  readonly paths: readonly string[];
  /** How paths tell the series, where they are not like AAPL.csv, AAPL_1d.csv or symbol=AAPL/timeframe=1d/: `{symbol}_{timeframe}.csv`. */
  readonly pattern?: string | undefined;
  /** `stop` (the default): a file with rejected rows is not written at all. `skip`: its other rows are. */
  readonly onError?: 'stop' | 'skip' | undefined;
  /** Reads, checks and compares, and writes nothing. Each file is compared with what is stored, not with the files before it. */
  readonly dryRun?: boolean | undefined;
  /** Imports files that were imported before, with the same content, too. */
  readonly again?: boolean | undefined;
  /** How many files are under way at once, 1 to 8; default 2. Large ones are read one at a time. */
  readonly parallel?: number | undefined;
  /** A folder for `migration-report.json` and `MIGRATION_RESULTS.md`, which are written however the import ends. */
  readonly report?: string | undefined;
  /** A folder into which files are moved when each of their bars was read back and found equal. */
  readonly archive?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** Hears of each file that is finished with. */
  readonly onFile?: ((file: FileImport) => void) | undefined;
}

const PARALLEL = 2;
const MOST_PARALLEL = 8;

/**
 * Imports files, each in a transaction of its own; a file that fails does not keep the others out, and one that was imported before is left
 * alone. Files are read `parallel` at a time and written in order, those with a date in their name by date.
 * @throws InvalidInputError NO_FILES, PATTERN_INVALID; WyckoffError REPORT_UNWRITABLE; the signal's reason when it is aborted: what was imported by then stays
 */
export async function importFiles(target: ImportTarget, options: ImportOptions): Promise<ImportResult> {
  const { paths, pattern, dryRun = false, report, archive, signal, onProgress, onFile, ...rest } = options;
  const { again = false, onError = 'stop', parallel = PARALLEL, ...given } = rest;
  // What was not asked for hides nothing that a name tells.
  const reading = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as typeof given;
  signal?.throwIfAborted();
  const { files: found, leftOut } = await discover(paths, pattern, archive, signal);
  if (report !== undefined) await prepareReport(report);
  const runId = randomUUID();
  const [startedAt, started] = [new Date(), performance.now()];
  const done: (FileImport | undefined)[] = [];
  const context = { ...target, runId, reading, onError, dryRun, again, hash: fileHasher(signal), signal };
  const archiving = archive === undefined || dryRun ? undefined : new Archive(context, archive);
  const meter = new ImportMeter(
    found.map(({ bytes }) => bytes),
    onProgress,
  );
  const [begins, turns] = [new Turns(), new Turns()];
  const keepProblems = problemKeeper();
  const one = async (place: number, file: FoundFile) => {
    const watch = meter.file(file.path, file.bytes);
    try {
      signal?.throwIfAborted();
      const { result: whole, hashed } = await importFile(context, file, watch, {
        begin: () => begins.wait(place),
        begun: () => begins.end(place),
        write: () => turns.wait(place),
      });
      const result = keepProblems(whole);
      done[place] = result; // it is written, whatever becomes of the archiving
      turns.end(place);
      const archived = await archiving?.take(file, result, hashed).catch((error) => {
        onFile?.(result);
        throw error;
      });
      done[place] = { ...result, ...archived };
      onFile?.(done[place]);
    } finally {
      begins.end(place);
      turns.end(place);
      meter.end(watch, done[place]?.status === 'skipped');
    }
  };
  const most = Math.max(1, Math.min(parallel, MOST_PARALLEL, target.connections - 1));
  let failure: { readonly error: unknown } | undefined;
  if (!dryRun) {
    const asked: JsonObject = JSON.parse(JSON.stringify({ paths, pattern, onError, again, archive, ...reading }));
    await target.session.withClient((client) => startRun(client, runId, target.actor, asked));
  }
  let next = 0;
  const work = async () => {
    while (next < found.length && !failure) {
      const place = next++;
      try {
        await one(place, found[place]!);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: most }, work));
  const files = done.flatMap((file, place) => (file ? { ...file, ...archiving?.ofArchive(found[place]!, file) } : []));
  const result: ImportResult = {
    ...{ runId, dryRun, startedAt, seconds: (performance.now() - started) / 1000, files, leftOut },
    totals: totalsOf(found.length, files),
  };
  if (!dryRun) {
    const status = failure ? 'aborted' : 'finished';
    const ended = target.session.withClient((client) => endRun(client, runId, status, result.totals.skipped));
    if (failure)
      await ended.catch(() => {}); // the connection may be why
    else await ended;
  }
  if (report !== undefined)
    await writeReport(report, result, failure?.error).catch((error) => {
      failure ??= { error };
    });
  if (failure) throw failure.error;
  return result;
}
