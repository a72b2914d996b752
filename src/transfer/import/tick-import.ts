import type { Client } from '../../database/session.js';
import {
  type ImportOf,
  type ImportOutcome,
  type ImportRowsOptions,
  importRows,
} from '../../repositories/time-series/import-rows.js';
import type { SeriesName } from '../../repositories/time-series/table.js';
import type { RowCounts } from '../../repositories/time-series/write-all.js';
import type { TickFile } from '../read/ticks/tick-file.js';
import type { TickKind } from '../read/ticks/tick-source.js';
import { onlySeries, TICK_RULES, tableOf } from '../read/ticks/tick-tables.js';

/** What became of the rows that a file has of one series. */
export interface TickImport extends SeriesName, RowCounts, Omit<ImportOutcome, 'entry'> {
  readonly kind: TickKind;
}

export interface TickImportOptions extends ImportRowsOptions {
  /** Hears how many of the file's rows have been given to the database. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/**
 * Writes the rows of a file of ticks, with an audit event for each series, in the transaction under way: all of them, or, where it throws and the
 * transaction is rolled back, none. To import a file again adds nothing.
 * @throws RowConflictError where a trade is stored with other values; InvalidInputError where two rows of an instant contradict each other
 */
export async function importTickFile(
  client: Client,
  file: Pick<TickFile, 'parts'>,
  run: ImportOf,
  { onProgress, ...options }: TickImportOptions = {},
): Promise<TickImport[]> {
  let done = 0;
  const results: TickImport[] = [];
  // Always in this order, in which those who import several kinds lock their series.
  for (const part of file.parts) {
    const rows = {
      series: onlySeries(part),
      async *batches() {
        for await (const batch of part.batches({ signal: options.signal })) {
          yield batch.rows;
          done += batch.rows.length;
          onProgress?.(done);
        }
      },
    };
    const outcomes = await importRows(client, tableOf(part.kind), rows, run, { ...TICK_RULES, ...options });
    for (const { entry, ...outcome } of outcomes) {
      const { symbol, timeframe, name } = entry;
      results.push({ kind: part.kind, symbol, timeframe, name, ...outcome });
    }
  }
  return results;
}
