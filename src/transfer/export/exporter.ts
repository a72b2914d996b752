import type { Writable } from 'node:stream';
import type { Session } from '../../database/session.js';
import { inLongSnapshot } from '../../database/snapshot.js';
import { ExportDirectory } from './directory.js';
import { type ExportCompression, type ExportFormat, fileName, readForm } from './form.js';
import type { ExportedFile } from './manifest.js';
import { writeToStream } from './output.js';
import type { ExportProgress } from './progress.js';
import { readSelection, type SelectionInput } from './selection.js';
import { lockedTables, writeSnapshot } from './write-snapshot.js';

export interface ExportOptions extends SelectionInput {
  readonly format: ExportFormat;
  /** Parquet: `snappy` (default) or `gzip`. CSV and NDJSON: `none` (default) or `gzip`, whose files end in .gz. */
  readonly compression?: ExportCompression | undefined;
  /** Where the files go, one a kind, beside a `manifest.json`. It is made where it is not there. */
  readonly directory?: string | undefined;
  /** Instead of a directory: a stream for the rows of one kind. It is not ended. */
  readonly output?: Writable | undefined;
  /** Replaces an earlier export of the same kinds in the directory, whatever its format; one of other kinds, too, is refused. */
  readonly overwrite?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined;
}

export interface ExportResult {
  readonly files: readonly ExportedFile[];
  /** When the snapshot was taken that all of it is of. */
  readonly takenAt: string;
  readonly seconds: number;
}

/**
 * Exports what is stored, all of one snapshot, in constant memory. Where it ends before its end, nothing has the name of a file of it.
 * @throws InvalidInputError EXPORT_TARGET, EXPORT_EXISTS, EXPORT_EMPTY, EXPORT_NOT_SELECTABLE, COMPRESSION_UNUSABLE; WyckoffError
 *   EXPORT_DISK_FULL, EXPORT_UNWRITABLE; the signal's reason
 */
export async function exportRows(session: Session, options: ExportOptions): Promise<ExportResult> {
  const started = performance.now();
  const { directory, output, overwrite = false, signal, onProgress } = options;
  const selection = readSelection(options);
  const form = readForm(options, selection.tables.length);
  signal?.throwIfAborted();
  const names = selection.tables.map(({ kind }) => fileName(kind, form));
  const target = directory === undefined ? undefined : await ExportDirectory.open(directory, names, overwrite);
  try {
    const manifest = await session.withClient((client) =>
      inLongSnapshot(client, lockedTables(selection), () =>
        writeSnapshot({ client, selection, form, signal, onProgress }, (name, source, settings) =>
          target ? target.write(name, source, settings) : writeToStream(output!, source, settings),
        ),
      ),
    );
    await target?.publish(manifest);
    const { files, taken_at: takenAt } = manifest;
    return { files, takenAt, seconds: (performance.now() - started) / 1000 };
  } finally {
    await target?.discard();
  }
}
