import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import type { SeriesKey } from '../../domain/series.js';
import { timeframeDuration } from '../../domain/timeframe.js';
import { type TouchedBars, UndoRefusedError } from '../../errors.js';
import { type LockedEntry, lockExistingSeries, seriesName } from './catalog.js';
import { takeOutDeleted } from './delete.js';
import { LONGEST_STRETCH, SeriesWriter } from './series-writer.js';
import { readStoredBars } from './stored-bars.js';
import { WrittenBars } from './written-bars.js';

/** What the files that are to be undone wrote of one series. */
export interface SeriesWrites extends SeriesKey {
  readonly writes: readonly {
    /** `created_at` of all that it wrote. */
    readonly knownFrom: Date;
    readonly bars: number;
    readonly first: Date;
    readonly last: Date;
    readonly checksum: Buffer;
  }[];
}

export interface UndoneSeries extends SeriesKey {
  readonly seriesId: string;
  /** Bars that were inserted, and are gone. */
  readonly deleted: number;
  /** Bars that were changed, and have their former values. */
  readonly restored: number;
  /** `created_at` of what was restored. */
  readonly knownFrom: Date;
}

const EXAMPLES = 5;
/** Bars that are held at once. */
const PAGE = 20_000;

/** As stored bars are read, without their ratios. */
const STORED =
  'timestamp, open, high, low, close, volume, 0::numeric AS spread_ratio, 0::numeric AS volume_ratio, vwap, source';
const VALUES = 'open, high, low, close, volume, vwap, source';

/**
 * Deletes the bars that the writes inserted, and gives back the values that they replaced; both leave revisions, with `id` and the reason `undo`. In
 * the transaction under way.
 * @throws UndoRefusedError where later writes touched some of the bars; nothing is changed then
 */
export async function undoBars(client: Client, series: readonly SeriesWrites[], id: string): Promise<UndoneSeries[]> {
  const entries = (await lockExistingSeries(client, series)) ?? [];
  const byName = new Map(entries.map((entry) => [seriesName(entry), entry]));
  await client.query(`
    DROP TABLE IF EXISTS pg_temp.undone_bars;
    CREATE TEMPORARY TABLE undone_bars (
      series int, timestamp timestamptz, writes int, ours boolean, restored boolean, open numeric(18,8), high numeric(18,8), low numeric(18,8),
      close numeric(18,8), volume bigint, vwap numeric(18,8), source text
    ) ON COMMIT DROP`);
  const touched: TouchedBars[] = [];
  for (const [number, one] of series.entries()) {
    await findWritten(client, number, one);
    const found = await findTouched(client, number, one);
    if (found) touched.push(found);
  }
  if (touched.length > 0) throw new UndoRefusedError(id, touched);
  await client.query('CREATE INDEX ON undone_bars (series, timestamp); ANALYZE undone_bars');
  const undone: UndoneSeries[] = [];
  for (const [number, one] of series.entries())
    undone.push(await undoSeries(client, number, byName.get(seriesName(one))!, id));
  return undone;
}

/**
 * Lists the bars that were written. Such a bar is `ours` as long as its present values are those that were written: its `created_at` says so; or
 * it was changed by other imports, each of which was undone since, so that it has what it had before them. (Then it has the instant of the undoing; or
 * that of the import still, where that came back to the former values by itself.) Nobody else may have come between two writes of the same bar.
 */
async function findWritten(client: Client, number: number, one: SeriesWrites): Promise<void> {
  const inSeries = 'symbol = $2 AND timeframe = $3 AND timestamp >= $4 AND timestamp <= $5';
  await client.query({
    text: `INSERT INTO undone_bars
           WITH RECURSIVE undone AS (
             SELECT undone_from, known_from FROM import_series WHERE kind = 'bar' AND symbol = $2 AND timeframe = $3 AND undone_from IS NOT NULL),
           undo AS (
             SELECT undone_from AS at, known_from FROM undone
             UNION SELECT present.known_from, undone.known_from FROM undone JOIN undone present USING (undone_from)),
           origin AS (
             SELECT timestamp, created_at AS known_from FROM ohlcv_bars WHERE ${inSeries}
             UNION ALL
             SELECT origin.timestamp, former.known_from FROM origin CROSS JOIN LATERAL (
               SELECT known_from FROM ohlcv_bar_revisions revision
               WHERE symbol = $2 AND timeframe = $3 AND revision.timestamp = origin.timestamp
                 AND known_until IN (SELECT undo.known_from FROM undo WHERE undo.at = origin.known_from)
               ORDER BY known_until LIMIT 1) former
             WHERE origin.known_from IN (SELECT at FROM undo)),
           written AS (
             SELECT timestamp, count(*) AS writes, min(known_from) AS earliest FROM (
               SELECT timestamp, created_at AS known_from FROM ohlcv_bars WHERE ${inSeries} AND created_at = ANY ($6)
               UNION ALL SELECT timestamp, known_from FROM ohlcv_bar_revisions WHERE ${inSeries} AND known_from = ANY ($6)) write
             GROUP BY timestamp),
           present AS (SELECT DISTINCT timestamp FROM origin WHERE known_from = ANY ($6)),
           overwritten AS (
             SELECT DISTINCT timestamp FROM ohlcv_bar_revisions
             WHERE ${inSeries} AND known_from = ANY ($6) AND known_until <> ALL ($6) AND known_until NOT IN (SELECT known_from FROM undone)),
           former AS (
             SELECT DISTINCT ON (timestamp) timestamp, known_from, ${VALUES} FROM ohlcv_bar_revisions
             WHERE ${inSeries} AND known_until = ANY ($6) ORDER BY timestamp, known_until)
           SELECT $1, timestamp, writes,
                  present.timestamp IS NOT NULL AND overwritten.timestamp IS NULL
                    AND coalesce(former.known_from < earliest OR former.known_from = ANY ($6), true),
                  coalesce(former.known_from < earliest, false), ${VALUES}
           FROM written LEFT JOIN present USING (timestamp) LEFT JOIN overwritten USING (timestamp) LEFT JOIN former USING (timestamp)`,
    values: [
      number,
      one.symbol,
      one.timeframe,
      ...boundsOf(one),
      one.writes.map(({ knownFrom }) => instant(knownFrom)),
    ],
  });
}

async function findTouched(client: Client, number: number, one: SeriesWrites): Promise<TouchedBars | undefined> {
  const { symbol, timeframe } = one;
  const series = { kind: 'bar', symbol, timeframe, name: '' };
  const { rows } = await client.query<{ writes: string; touched: string }>({
    text: `SELECT coalesce(sum(writes), 0) AS writes, count(*) FILTER (WHERE NOT ours) AS touched FROM undone_bars WHERE series = $1`,
    values: [number],
  });
  const expected = one.writes.reduce((sum, { bars }) => sum + bars, 0);
  const missing = expected - Number(rows[0]!.writes);
  const count = Number(rows[0]!.touched);
  if (count > 0 || missing !== 0) {
    const { rows: examples } = await client.query<{ timestamp: Date; since: Date | null }>({
      text: `SELECT written.timestamp, bar.created_at AS since FROM undone_bars written LEFT JOIN (
               SELECT timestamp, created_at FROM ohlcv_bars WHERE symbol = $2 AND timeframe = $3 AND timestamp >= $4 AND timestamp <= $5) bar
               USING (timestamp)
             WHERE series = $1 AND NOT ours ORDER BY written.timestamp LIMIT ${EXAMPLES}`,
      values: [number, symbol, timeframe, ...boundsOf(one)],
    });
    return { ...series, count: count + Math.abs(missing), removed: Math.max(missing, 0), examples };
  }
  for (const write of one.writes) {
    if (write.checksum.equals(await checksumOf(client, one, write))) continue;
    return { ...series, count: write.bars, removed: 0, examples: [] };
  }
  return undefined;
}

/** Of what a write has left: bars that still have its values, and revisions of those that have not. */
async function checksumOf(
  client: Client,
  { symbol, timeframe }: SeriesKey,
  { knownFrom, first, last }: SeriesWrites['writes'][number],
): Promise<Buffer> {
  const key = `symbol = ${client.escapeLiteral(symbol)} AND timeframe = ${client.escapeLiteral(timeframe)}`;
  const written = new WrittenBars();
  // By time, not by number: a page with a LIMIT would sort all that is left each time.
  const stretch = LONGEST_STRETCH * timeframeDuration(timeframe);
  for (let low = first.getTime(); low <= last.getTime(); low += stretch) {
    const high = Math.min(low + stretch - 1, last.getTime());
    const part = (table: string, column: string) =>
      `SELECT ${STORED} FROM ${table} WHERE ${key} AND timestamp >= '${instant(low)}' AND timestamp <= '${instant(high)}'
         AND ${column} = '${instant(knownFrom)}'`;
    const both = `${part('ohlcv_bars', 'created_at')} UNION ALL ${part('ohlcv_bar_revisions', 'known_from')} ORDER BY timestamp`;
    written.add(await readStoredBars(client, both, true));
  }
  return written.digest();
}

function readPage(client: Client, from: string) {
  const query = `SELECT ${STORED} FROM ${from} ORDER BY timestamp LIMIT ${PAGE}`;
  return readStoredBars(client, query, true);
}

async function undoSeries(client: Client, number: number, entry: LockedEntry, id: string): Promise<UndoneSeries> {
  const { symbol, timeframe, knownFrom } = entry;
  const writer = new SeriesWriter(client, entry, { replace: true, runId: id, reason: 'undo' });
  const deleted = await deleteInserted(client, number, entry, writer, id);
  for (let after = '-infinity'; ; ) {
    const page = await readPage(client, `undone_bars WHERE series = ${number} AND restored AND timestamp > '${after}'`);
    if (page.length > 0) await writer.write(page);
    if (page.length < PAGE) break;
    after = instant(page.timestamp[page.length - 1]!);
  }
  await writer.finish();
  return { symbol, timeframe, seriesId: entry.id, deleted, restored: writer.counts.changed, knownFrom };
}

async function deleteInserted(
  client: Client,
  number: number,
  entry: LockedEntry,
  writer: SeriesWriter,
  id: string,
): Promise<number> {
  const { rows } = await client.query<{ low: Date | null; high: Date | null }>({
    text: 'SELECT min(timestamp) AS low, max(timestamp) AS high FROM undone_bars WHERE series = $1 AND NOT restored',
    values: [number],
  });
  const { low, high } = rows[0]!;
  if (!low || !high) return 0;
  const { rowCount } = await client.query({
    text: `WITH gone AS (
             DELETE FROM ohlcv_bars WHERE symbol = $1 AND timeframe = $2 AND timestamp >= $3 AND timestamp <= $4
               AND timestamp IN (SELECT timestamp FROM undone_bars WHERE series = $7 AND NOT restored) RETURNING *)
           INSERT INTO ohlcv_bar_revisions
             (symbol, timeframe, timestamp, open, high, low, close, volume, vwap, source, known_from, known_until, reason, run_id)
           SELECT symbol, timeframe, timestamp, ${VALUES}, created_at, greatest($5, created_at + interval '1 millisecond'), 'undo', $6
           FROM gone`,
    values: [entry.symbol, entry.timeframe, ...[low, high, entry.knownFrom].map((at) => instant(at)), id, number],
  });
  const deleted = rowCount ?? 0;
  await takeOutDeleted(client, entry, writer, low.getTime(), high.getTime(), deleted);
  return deleted;
}

/** The first and last instant that any of the writes has. */
function boundsOf({ writes }: SeriesWrites): [string, string] {
  const first = Math.min(...writes.map((write) => write.first.getTime()));
  const last = Math.max(...writes.map((write) => write.last.getTime()));
  return [instant(first), instant(last)];
}
