import type { Session } from '../database/session.js';
import { readId } from '../domain/identifier.js';
import { readOrThrow } from '../domain/problem.js';
import { readLimit } from '../repositories/bars/bar-window.js';
import type { ImportedFile, ImportRun } from '../repositories/imports/runs.js';
import type { UndoResult } from '../repositories/imports/undo.js';
import type { ExportOptions, ExportResult } from './export/exporter.js';
import type { ImportOptions } from './import/importer.js';
import type { ImportResult } from './import/result.js';
import type { RestoreOptions, RestoreResult } from './restore/restorer.js';
import type { Verification } from './verify/verification.js';
import type { VerifyFilesOptions } from './verify/verify-files.js';

interface FilesParts {
  readonly session: Session;
  /** Whom the audit trail names. */
  readonly actor: string;
  /** How many connections there are at most. */
  readonly connections: number;
  /** As configured. */
  readonly chunkInterval: string | undefined;
}

const RUNS = 20;

/** Files into the database and out of it: imports and the way back, verification, exports. What does the work is loaded by its first use. */
export class Files {
  readonly #parts: FilesParts;

  constructor(parts: FilesParts) {
    this.#parts = parts;
  }

  /**
   * Imports files and folders, each file in a transaction of its own: all its rows go in, or none. A file that cannot be imported does
   * not keep the others out; its result has the error. A file that was imported before is left alone, so that an import that was broken off
   * goes on where it was.
   *
   * @throws MissingDependencyError without `@duckdb/node-api`, which reads the files; InvalidInputError NO_FILES, PATTERN_INVALID
   * @example
   * const { files, totals } = await store.files.import({ paths: ['AAPL_1d.csv', 'MSFT_1d.csv'] });
   */
  async import(options: ImportOptions): Promise<ImportResult> {
    const { importFiles } = await import('./import/importer.js');
    return importFiles(this.#parts, options);
  }

  /**
   * The newest imports, the newest first; `limit` defaults to 20.
   *
   * @example
   * const [last] = await store.files.runs({ limit: 1 });
   */
  async runs(options: { readonly limit?: number } = {}): Promise<ImportRun[]> {
    const limit = readLimit(options.limit ?? RUNS);
    const { listRuns } = await import('../repositories/imports/runs.js');
    return this.#parts.session.withClient((client) => listRuns(client, limit));
  }

  /**
   * The files of an import, or one file by its own id.
   *
   * @throws NotFoundError RUN_NOT_FOUND
   * @example
   * const { runId } = await store.files.import({ paths: ['AAPL_1d.csv'] });
   * for (const { path, status } of await store.files.ofRun(runId)) console.log(path, status);
   */
  async ofRun(runId: string): Promise<ImportedFile[]> {
    const id = readOrThrow('import', (report) => readId(runId, 'runId', report));
    const { listFiles } = await import('../repositories/imports/runs.js');
    return this.#parts.session.withClient((client) => listFiles(client, id));
  }

  /**
   * Undoes an import, or one file of it, by its id: the rows that it inserted are deleted, the bars that it changed have their former values, and reads
   * of bars with a `knownAt` before it and after it agree. All of it or nothing, and only as long as nothing later touched the same rows. Trades, quotes,
   * order books and indicators keep no former values: an import that changed some of them stays.
   *
   * @throws NotFoundError RUN_NOT_FOUND; UndoRefusedError IMPORT_TOUCHED; ConflictError ALREADY_UNDONE, UNDO_UNSUPPORTED
   * @example
   * const { runId } = await store.files.import({ paths: ['AAPL_1d.csv'], again: true });
   * await store.files.undo(runId);
   */
  async undo(runId: string): Promise<UndoResult> {
    const id = readOrThrow('import', (report) => readId(runId, 'runId', report));
    const { undoImport } = await import('../repositories/imports/undo.js');
    return undoImport(this.#parts.session, id, this.#parts.actor);
  }

  /**
   * Compares files with the database and changes nothing: every row of them (or a sample), what the database has beside them between their first
   * and last, the stored bars' own rules and ratios, the catalog, and how the table is stored. Each series is read in one snapshot. Where
   * nothing differs `passed` is true; otherwise the files' results list what does, by kind, with examples.
   *
   * @throws MissingDependencyError without `@duckdb/node-api`; InvalidInputError PATTERN_INVALID, NO_FILES; DatabaseError
   * @example
   * const { passed, files } = await store.files.verify({ paths: ['AAPL_1d.csv', 'MSFT_1d.csv'] });
   */
  async verify(options: VerifyFilesOptions): Promise<Verification> {
    const { verifyFiles } = await import('./verify/verify-files.js');
    return verifyFiles(this.#parts, options);
  }

  /**
   * Exports bars, trades, quotes, order books, indicators and the ledger to CSV, Parquet or NDJSON: a file a kind and a manifest with counts,
   * ranges and checksums, all of one snapshot. Readers and writers go on meanwhile.
   *
   * @throws InvalidInputError EXPORT_TARGET, EXPORT_EXISTS, EXPORT_EMPTY, EXPORT_NOT_SELECTABLE, COMPRESSION_UNUSABLE; WyckoffError
   *   EXPORT_DISK_FULL, EXPORT_UNWRITABLE
   * @example
   * await store.files.export({ kinds: ['bars'], symbols: ['AAPL'], format: 'parquet', directory: 'backup' });
   */
  async export(options: ExportOptions): Promise<ExportResult> {
    const { exportRows } = await import('./export/exporter.js');
    return exportRows(this.#parts.session, options);
  }

  /**
   * Restores the ledger of an export to NDJSON into an empty one, verbatim, in one transaction; see `wyckoff restore --help`.
   *
   * @throws InvalidInputError for files that are not what was exported; DatabaseError RESTORE_NOT_OWNER; MigrationError RESTORE_NEWER;
   *   ConflictError RESTORE_NOT_EMPTY; WyckoffError RESTORE_UNVERIFIED
   * @example
   * const { rows, auditDigest } = await store.files.restoreLedger({ directory: 'ledger' });
   */
  async restoreLedger(options: RestoreOptions): Promise<RestoreResult> {
    const { restoreLedger } = await import('./restore/restorer.js');
    return restoreLedger(this.#parts.session, options);
  }
}
