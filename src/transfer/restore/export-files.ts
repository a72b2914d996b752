import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { InvalidInputError } from '../../errors.js';
import { fileName } from '../export/form.js';
import { LEDGER_KINDS } from '../export/kinds.js';
import type { ExportedFile, ExportManifest } from '../export/manifest.js';
import type { Written } from '../export/output.js';
import { EXPORT_TABLES } from '../export/tables.js';
import { splitLines } from './split-lines.js';

const WHOLE = 'take a copy of the export that is whole';
const COLUMNS_OF = 'the version of wyckoff-store that wrote it restores it; migrate after that';

export function refusal(code: string, path: string, rule: string, more: { hint?: string; line?: number } = {}) {
  return new InvalidInputError([{ code, path: '', value: path, rule, ...more }], 'export');
}

/**
 * The files of the ledger, in the order of {@link LEDGER_KINDS}. Only a whole ledger in NDJSON can be what it was: CSV and Parquet are for analysis.
 * @throws InvalidInputError RESTORE_FORMAT, RESTORE_PARTIAL, RESTORE_COLUMNS
 */
export function ledgerFiles(manifest: ExportManifest, directory: string): ExportedFile[] {
  if (manifest.files_format !== 'ndjson') {
    const hint = 'export it again: wyckoff export ledger --format ndjson';
    throw refusal('RESTORE_FORMAT', directory, `an export to ${manifest.files_format}: only NDJSON is verbatim`, {
      hint,
    });
  }
  const found = LEDGER_KINDS.map((kind) => manifest.files.find((file) => file.kind === kind));
  const missing = LEDGER_KINDS.filter((_, index) => !found[index]);
  if (manifest.selection !== null || missing.length > 0) {
    const rule = `not the whole ledger: ${missing.length > 0 ? `${missing.join(', ')} is not in it` : 'it is of a selection'}`;
    throw refusal('RESTORE_PARTIAL', directory, rule, {
      hint: 'export it again: wyckoff export ledger --format ndjson',
    });
  }
  const form = { format: manifest.files_format, compression: manifest.compression };
  return found.map((file) => {
    const { kind, columns, path } = file!;
    const known = EXPORT_TABLES[kind].columns.map(({ name }) => name);
    if (path !== fileName(kind, form))
      throw refusal('EXPORT_MANIFEST_INVALID', directory, `${path} is no file of ${kind}`);
    if (columns.join() !== known.join()) {
      throw refusal('RESTORE_COLUMNS', path, `its columns are not those that ${kind} have here`, { hint: COLUMNS_OF });
    }
    return file!;
  });
}

/** The lines of a file, as bytes. @throws InvalidInputError EXPORT_FILE_UNREADABLE */
export function fileLines(directory: string, file: ExportedFile): AsyncGenerator<Buffer, void> {
  return readLines(directory, file, () => {});
}

/**
 * As {@link fileLines}; when they have all been taken the file is held against the manifest.
 * @throws InvalidInputError EXPORT_FILE_UNREADABLE, EXPORT_FILE_CHANGED
 */
export function checkedLines(directory: string, file: ExportedFile): AsyncGenerator<Buffer, void> {
  return readLines(directory, file, ({ bytes, sha256 }) => {
    if (bytes === file.bytes && sha256 === file.sha256) return;
    throw refusal('EXPORT_FILE_CHANGED', file.path, 'its SHA-256 is not the one in the manifest: it was changed', {
      hint: WHOLE,
    });
  });
}

async function* readLines(
  directory: string,
  file: ExportedFile,
  atEnd: (read: Written) => void,
): AsyncGenerator<Buffer, void> {
  const path = join(directory, file.path);
  // A pipe would keep the lock of the ledger for as long as nobody writes to it.
  if ((await stat(path).catch(() => undefined))?.isFile() === false)
    throw refusal('EXPORT_FILE_UNREADABLE', file.path, 'is no file', { hint: WHOLE });
  const hash = createHash('sha256');
  let bytes = 0;
  const measured = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  };
  let chunks: AsyncIterable<Buffer> = measured(createReadStream(path));
  if (path.endsWith('.gz')) {
    const gunzip = createGunzip();
    pipeline(chunks, gunzip).catch(() => {}); // the loop over it throws the same
    chunks = gunzip;
  }
  try {
    yield* splitLines(chunks);
  } catch (error) {
    throw refusal('EXPORT_FILE_UNREADABLE', file.path, `cannot be read: ${(error as Error).message}`, { hint: WHOLE });
  }
  atEnd({ bytes, sha256: hash.digest('hex') });
}
