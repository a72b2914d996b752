import type { Client } from '../../database/session.js';
import { INDICATORS } from '../../repositories/indicators.js';
import { ORDER_BOOKS } from '../../repositories/order-books.js';
import { QUOTES } from '../../repositories/quotes.js';
import { type ImportOf, type ImportRowsOptions, importRows } from '../../repositories/time-series/import-rows.js';
import type { SeriesName, TimeSeriesTable } from '../../repositories/time-series/table.js';
import type { AnyOptions } from '../../repositories/time-series/upsert.js';
import type { SeriesOutcome } from '../../repositories/time-series/write-all.js';
import { TRADES } from '../../repositories/trades.js';
import type { TickFile, TickPart } from '../read/ticks/tick-file.js';
import type { TickKind } from '../read/ticks/tick-source.js';

type AnyTable = TimeSeriesTable<object, unknown, unknown, AnyOptions>;

/** The table of each kind. */
export const TICK_TABLES = {
  trades: TRADES,
  quotes: QUOTES,
  'order-books': ORDER_BOOKS,
  indicators: INDICATORS,
} as const satisfies Readonly<Record<TickKind, unknown>>;

/** What became of the rows that a file has of one series. */
export interface TickImport extends SeriesOutcome {
  readonly kind: TickKind;
}

export interface TickImportOptions extends ImportRowsOptions {
  /** Hears how many of the file's rows have been given to the database. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/**
 * Writes the rows of a file of ticks, with an audit event for each series, in the transaction under way: all of them, or, where it throws and the
 * transaction is rolled back, none.
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
    const { kind } = part;
    const rows = {
      series: seriesOf(part),
      async *batches() {
        for await (const batch of part.batches({ signal: options.signal })) {
          yield batch.rows;
          done += batch.rows.length;
          onProgress?.(done);
        }
      },
    };
    const rules = kind === 'order-books' ? { ...options, allowEmptySide: true } : options;
    const outcomes = await importRows(client, TICK_TABLES[kind] as unknown as AnyTable, rows, run, rules);
    for (const outcome of outcomes) results.push({ kind, ...outcome });
  }
  return results;
}

/** The series of rows that need no staging. Those of indicators have more to their names. */
function seriesOf({ kind, symbols, sorted }: TickPart): SeriesName | undefined {
  if (kind === 'indicators' || symbols.length !== 1 || !sorted) return undefined;
  return { symbol: symbols[0]!, timeframe: '', name: '' };
}
