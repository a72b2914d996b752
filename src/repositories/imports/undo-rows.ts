import type { Client } from '../../database/session.js';
import { ConflictError, type TouchedBars, UndoRefusedError } from '../../errors.js';
import type { NewAuditEvent } from '../audit/append.js';
import { INDICATORS } from '../indicators.js';
import { ORDER_BOOKS } from '../order-books.js';
import { QUOTES } from '../quotes.js';
import { type ArrivalRow, tellArrivals } from '../tell-arrival.js';
import { arrivalOf, lockExistingSeries, shrinkBounds } from '../time-series/catalog.js';
import { microseconds } from '../time-series/read.js';
import { type AnyTable, type SeriesName, seriesText } from '../time-series/table.js';
import { deleteWritten, type WrittenRows } from '../time-series/written-rows.js';
import { TRADES } from '../trades.js';
import type { RecordedKind } from './files.js';

export type RowKind = Exclude<RecordedKind, 'bar'>;

/** In the order in which those who write several kinds lock their series. */
const TABLES: Readonly<Record<RowKind, AnyTable>> = {
  trade: TRADES,
  quote: QUOTES,
  orderBook: ORDER_BOOKS,
  indicator: INDICATORS,
};

/** What one file inserted of one series. */
export interface RowWrites extends SeriesName {
  readonly fileId: string;
  readonly path: string;
  readonly kind: RowKind;
  readonly written: WrittenRows;
}

/** Of one series. `timeframe` is empty for trades, quotes and order books, `name` for all but indicators. */
export interface UndoneRows extends SeriesName {
  readonly kind: RecordedKind;
  readonly deleted: number;
  readonly restored: number;
}

interface RowsRow extends Omit<RowWrites, 'written'> {
  readonly inserted: number;
  readonly changed: number;
  readonly first: string;
  readonly last: string;
  readonly knownFrom: string | null;
  readonly checksum: Buffer | null;
}

/** What the files inserted. @throws ConflictError UNDO_UNSUPPORTED where they changed something, too */
export async function rowsWrittenBy(client: Client, files: readonly string[]): Promise<RowWrites[]> {
  const { rows } = await client.query<RowsRow>({
    text: `SELECT file_id AS "fileId", path, kind, symbol, timeframe, name, inserted::float8 AS inserted, changed::float8 AS changed, checksum,
                  ${microseconds('written_first')} AS first, ${microseconds('written_last')} AS last, ${microseconds('known_from')} AS "knownFrom"
           FROM import_series JOIN import_files file ON file.id = file_id
           WHERE file_id = ANY ($1) AND kind <> 'bar' AND inserted + changed > 0
           ORDER BY kind, symbol COLLATE "C", timeframe COLLATE "C", name COLLATE "C", known_from`,
    values: [files],
  });
  return rows.map(({ inserted, changed, first, last, knownFrom, checksum, ...row }) => {
    if (knownFrom === null || checksum === null) throw unsupported(row, changed);
    const written = {
      rows: inserted,
      first: BigInt(first),
      last: BigInt(last),
      knownFrom: BigInt(knownFrom),
      checksum,
    };
    return { ...row, written };
  });
}

function unsupported({ path, kind, symbol }: Omit<RowWrites, 'written'>, changed: number): ConflictError {
  const reason =
    changed > 0
      ? `it changed ${changed} rows of ${symbol} (${kind}), which keep no former values`
      : `of its rows of ${symbol} (${kind}) no checksum was kept`;
  const hint =
    'delete them by their time, with `delete` of their repository; the other files of the run are undone by their ids';
  return new ConflictError('UNDO_UNSUPPORTED', `the import of ${path} cannot be undone: ${reason}`, { hint });
}

export function sumsOf(writes: readonly RowWrites[]): UndoneRows[] {
  const sums = new Map<string, UndoneRows>();
  for (const { kind, symbol, timeframe, name, written } of writes) {
    const key = `${kind} ${symbol} ${timeframe} ${name}`;
    const deleted = (sums.get(key)?.deleted ?? 0) + written.rows;
    sums.set(key, { kind, symbol, timeframe, name, deleted, restored: 0 });
  }
  return [...sums.values()];
}

/**
 * Deletes the trades, quotes, order books and indicators that the writes inserted, in the transaction under way. Answers the audit events that tell of it,
 * one for each.
 * @throws UndoRefusedError where some of them are not as they were written; then the transaction is to be rolled back
 */
export async function undoRows(
  client: Client,
  writes: readonly RowWrites[],
  { id, actor }: { readonly id: string; readonly actor: string },
): Promise<NewAuditEvent[]> {
  const touched: TouchedBars[] = [];
  const events: NewAuditEvent[] = [];
  const told: ArrivalRow[] = [];
  for (const [kind, table] of Object.entries(TABLES)) {
    const { relation, subject } = table;
    const ofKind = writes.filter((write) => write.kind === kind);
    if (ofKind.length === 0) continue;
    const entries = await lockExistingSeries(client, relation, ofKind);
    for (const { fileId, path, written, symbol, timeframe, name } of ofKind) {
      const series = { symbol, timeframe, name };
      const entry = entries.get(seriesText(series));
      const found = entry && (await deleteWritten(client, table, series, written));
      if (!entry || !found?.untouched) {
        const removed = written.rows - (found?.deleted ?? 0);
        touched.push({ kind, ...series, count: removed || written.rows, removed, examples: [] });
        continue;
      }
      const { first, last, rows } = written;
      await shrinkBounds(client, table, entry);
      const arrival = arrivalOf(relation, entry, { first, last, deleted: true });
      if (arrival) told.push(arrival);
      events.push({
        ...{ eventType: 'TIME_SERIES_IMPORT_UNDONE', entityType: 'TIME_SERIES', entityId: entry.id, actor },
        action: `undid the import of ${rows} ${subject} of ${seriesText(series)}`,
        metadata: { relation, source: path, inserted: rows },
        correlationId: fileId,
      });
    }
  }
  if (touched.length > 0) throw new UndoRefusedError(id, touched);
  await tellArrivals(client, told);
  return events;
}
