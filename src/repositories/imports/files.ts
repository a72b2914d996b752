import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import type { JsonObject } from '../../domain/json.js';
import type { ArrivalKind } from '../tell-arrival.js';

/** What a file may have rows of: as the feed calls them, and indicators, of which it tells nothing. */
export type RecordedKind = ArrivalKind | 'indicator';

/** A row of import_series, before anything of it is undone. */
export interface RecordedSeries {
  readonly kind: RecordedKind;
  readonly symbol: string;
  /** Of bars and indicators; empty for the others. */
  readonly timeframe: string;
  /** Of indicators; empty for the others. */
  readonly name: string;
  readonly first: Date | number | bigint;
  readonly last: Date | number | bigint;
  readonly inserted: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly writtenFirst: Date | number | bigint | null;
  readonly writtenLast: Date | number | bigint | null;
  /** Of bars, and of other rows where all that were written are new: by these they are found again to be undone. */
  readonly knownFrom?: Date | bigint;
  readonly checksum?: Buffer;
}

/** What a file is recognised by. */
export interface FileIdentity {
  /** SHA-256 of its bytes. */
  readonly contentHash: Buffer;
  /** How it is read, and as which series. */
  readonly reading: JsonObject;
}

/** A row of import_files. */
export interface RecordedFile extends FileIdentity {
  readonly id: string;
  readonly runId: string;
  readonly path: string;
  readonly bytes: number;
  readonly rows: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly startedAt: Date;
  /** Code and message; null where the file was imported. */
  readonly error: string | null;
  readonly series: readonly RecordedSeries[];
}

/** Records a file, in the transaction that wrote its rows. */
export async function recordFile(client: Client, file: RecordedFile): Promise<void> {
  await client.query({
    text: `INSERT INTO import_files (id, run_id, path, content_hash, bytes, reading, status, error, rows, duplicates, rejected, started_at, finished_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, clock_timestamp())`,
    values: [
      ...[file.id, file.runId, file.path, file.contentHash, file.bytes, JSON.stringify(file.reading)],
      ...[file.error === null ? 'imported' : 'failed', file.error, file.rows, file.duplicates, file.rejected],
      instant(file.startedAt),
    ],
  });
  if (file.series.length === 0) return;
  const each = <T>(read: (series: RecordedSeries) => T) => file.series.map(read);
  const moment = (at: Date | number | bigint | null) => (at === null ? null : instant(at));
  await client.query({
    text: `INSERT INTO import_series (file_id, kind, symbol, timeframe, name, first_timestamp, last_timestamp, inserted, changed, unchanged,
                                      written_first, written_last, known_from, checksum)
           SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::bigint[], $9::bigint[], $10::bigint[],
                                    $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::bytea[])`,
    values: [
      file.id,
      each(({ kind }) => kind),
      each(({ symbol }) => symbol),
      each(({ timeframe }) => timeframe),
      each(({ name }) => name),
      each(({ first }) => instant(first)),
      each(({ last }) => instant(last)),
      each(({ inserted }) => inserted),
      each(({ changed }) => changed),
      each(({ unchanged }) => unchanged),
      each(({ writtenFirst }) => moment(writtenFirst)),
      each(({ writtenLast }) => moment(writtenLast)),
      each(({ knownFrom }) => (knownFrom ? instant(knownFrom) : null)),
      each(({ checksum }) => (checksum ? `\\x${checksum.toString('hex')}` : null)),
    ],
  });
}

/** What an earlier import of the same content had found. */
export interface KnownFile {
  readonly id: string;
  readonly rows: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly series: readonly KnownSeries[];
}

export interface KnownSeries {
  readonly kind: RecordedKind;
  readonly symbol: string;
  readonly timeframe: string;
  readonly name: string;
  readonly first: Date;
  readonly last: Date;
  /** How many of its rows the file has. */
  readonly rows: number;
}

interface Row extends Omit<KnownSeries, 'rows'> {
  readonly id: string;
  readonly file_rows: string;
  readonly duplicates: string;
  readonly rejected: string;
  readonly rows: string;
  readonly whole: boolean;
  readonly gone_first: Date | null;
  readonly gone_last: Date | null;
  readonly known_from: Date | null;
}

/**
 * The newest import of this content that was read so and was not undone, unless rows of its series went since: by a delete, retention, or
 * the undoing of another import. Rows that somebody else has changed since do not count: the file has nothing to say about them.
 */
export async function findImported(
  client: Client,
  { contentHash, reading }: FileIdentity,
): Promise<KnownFile | undefined> {
  // A revision that is no change says that its bar went; the catalog, which retention keeps too, that bars at the edges did.
  const { rows } = await client.query<Row>({
    text: `WITH file AS (
             SELECT * FROM import_files WHERE content_hash = $1 AND reading = $2::jsonb AND status = 'imported' ORDER BY finished_at DESC LIMIT 1)
           SELECT file.id, file.rows AS file_rows, duplicates, rejected, kind, symbol, timeframe, name, one.first_timestamp AS first,
                  one.last_timestamp AS last, inserted + changed + unchanged AS rows, known_from, gone_first, gone_last,
                  CASE kind WHEN 'bar' THEN EXISTS (
                      SELECT FROM bar_series held WHERE held.symbol = one.symbol AND held.timeframe = one.timeframe
                        AND held.first_timestamp <= one.first_timestamp AND held.last_timestamp >= one.last_timestamp)
                    ELSE NOT EXISTS (
                      SELECT FROM audit_trail JOIN time_series held ON held.id = entity_id
                      WHERE entity_type = 'TIME_SERIES' AND event_type IN ('TIME_SERIES_ROWS_DELETED', 'TIME_SERIES_ROWS_RETAINED', 'TIME_SERIES_IMPORT_UNDONE')
                        AND held.symbol = one.symbol AND audit_trail.timestamp > file.finished_at) END AS whole
           FROM file JOIN import_series one ON one.file_id = file.id
             LEFT JOIN LATERAL (
               SELECT min(timestamp) AS gone_first, max(timestamp) AS gone_last FROM ohlcv_bar_revisions former
               WHERE one.kind = 'bar' AND former.symbol = one.symbol AND former.timeframe = one.timeframe AND former.reason <> 'change'
                 AND former.timestamp BETWEEN one.first_timestamp AND one.last_timestamp AND former.known_until > one.known_from) gone ON true
           ORDER BY kind, symbol COLLATE "C", timeframe COLLATE "C", name COLLATE "C"`,
    values: [contentHash, JSON.stringify(reading)],
  });
  const [file] = rows;
  if (!file) return undefined;
  for (const row of rows) if (!row.whole || (await lacksBars(client, row))) return undefined;
  return {
    id: file.id,
    rows: Number(file.file_rows),
    duplicates: Number(file.duplicates),
    rejected: Number(file.rejected),
    series: rows.map(({ kind, symbol, timeframe, name, first, last, rows: count }) => {
      return { kind, symbol, timeframe, name, first, last, rows: Number(count) };
    }),
  };
}

/** Whether a bar that went has not come back. Apart from the rest, with bounds that are known: without them every chunk would be planned. */
async function lacksBars(client: Client, row: Row): Promise<boolean> {
  if (!row.gone_first || !row.gone_last || !row.known_from) return false;
  const { rows } = await client.query<{ lacks: boolean }>({
    text: `SELECT EXISTS (
             SELECT FROM ohlcv_bar_revisions former LEFT JOIN (
                 SELECT timestamp FROM ohlcv_bars WHERE symbol = $1 AND timeframe = $2 AND timestamp >= $3 AND timestamp <= $4) bar USING (timestamp)
             WHERE symbol = $1 AND timeframe = $2 AND timestamp >= $3 AND timestamp <= $4 AND known_until > $5 AND reason <> 'change'
               AND bar.timestamp IS NULL) AS lacks`,
    values: [row.symbol, row.timeframe, ...[row.gone_first, row.gone_last, row.known_from].map((at) => instant(at))],
  });
  return rows[0]!.lacks;
}
