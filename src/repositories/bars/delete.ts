import { instant } from '../../database/instant.js';
import type { Client, Session } from '../../database/session.js';
import type { SeriesKey } from '../../domain/series.js';
import { formatInstant } from '../../domain/time.js';
import { ConflictError } from '../../errors.js';
import { type AuditContext, appendAuditEvents } from '../audit/append.js';
import { type LockedEntry, lockExistingSeries, seriesName } from './catalog.js';
import { SeriesWriter } from './series-writer.js';

/** Deletes the bars of `[from, to)`; their values stay as revisions, and one audit event tells of it. Answers how many there were. */
export async function deleteBars(
  session: Session,
  key: SeriesKey,
  from: Date,
  to: Date,
  context: AuditContext,
): Promise<number> {
  return session.transaction(async (client) => {
    const [entry] = (await lockExistingSeries(client, [key])) ?? [];
    if (!entry?.first || !entry.last) return 0;
    const { rowCount } = await client.query({
      text: `WITH gone AS (
               DELETE FROM ohlcv_bars WHERE symbol = $1 AND timeframe = $2 AND timestamp >= $3 AND timestamp < $4 RETURNING *)
             INSERT INTO ohlcv_bar_revisions
               (symbol, timeframe, timestamp, open, high, low, close, volume, vwap, source, known_from, known_until, reason)
             SELECT symbol, timeframe, timestamp, open, high, low, close, volume, vwap, source, created_at,
                    greatest($5, created_at + interval '1 millisecond'), 'delete'
             FROM gone`,
      values: [key.symbol, key.timeframe, instant(from), instant(to), instant(entry.knownFrom)],
    });
    const deleted = rowCount ?? 0;
    if (deleted === 0) return 0;
    const writer = new SeriesWriter(client, entry, { replace: true, runId: null });
    const low = Math.max(from.getTime(), entry.first.getTime());
    await takeOutDeleted(client, entry, writer, low, Math.min(to.getTime() - 1, entry.last.getTime()), deleted);
    await writer.finish();
    await appendAuditEvents(client, [
      {
        ...context,
        eventType: 'BARS_DELETED',
        entityType: 'BAR_SERIES',
        entityId: entry.id,
        action: `deleted ${deleted} bars of ${seriesName(key)}`,
        metadata: { from: formatInstant(from), to: formatInstant(to), deleted },
      },
    ]);
    return deleted;
  });
}

/** What is to be done where `deleted` bars of a locked series went, all between `low` and `high`: its bounds, its count and its ratios. */
export async function takeOutDeleted(
  client: Client,
  entry: LockedEntry,
  writer: SeriesWriter,
  low: number,
  high: number,
  deleted: number,
): Promise<void> {
  const [first, last] = [entry.first!.getTime(), entry.last!.getTime()];
  const left = entry.count - deleted;
  if (left === 0) return writer.takeOut(low, high, null, null, 0);
  writer.takeOut(
    low,
    high,
    low <= first ? await edge(client, entry, 'min', low, last) : first,
    high >= last ? await edge(client, entry, 'max', first, high) : last,
    left,
  );
  await writer.mendRatios(low, high);
}

/** Computes every ratio of a series anew; answers how many were not right. */
export async function recomputeRatios(session: Session, key: SeriesKey, from: Date, to: Date): Promise<number> {
  return session.transaction(async (client) => {
    const [entry] = (await lockExistingSeries(client, [key])) ?? [];
    if (!entry?.first || !entry.last) return 0;
    const writer = new SeriesWriter(client, entry, { replace: true, runId: null });
    const low = Math.max(from.getTime(), entry.first.getTime());
    const high = Math.min(to.getTime() - 1, entry.last.getTime());
    return low > high ? 0 : writer.mendRatios(low, high);
  });
}

async function edge(client: Client, key: SeriesKey, which: 'min' | 'max', from: number, to: number): Promise<number> {
  const { rows } = await client.query<{ edge: Date | null }>({
    text: `SELECT ${which}(timestamp) AS edge FROM ohlcv_bars
           WHERE symbol = $1 AND timeframe = $2 AND timestamp >= $3 AND timestamp <= $4`,
    values: [key.symbol, key.timeframe, instant(from), instant(to)],
  });
  const bar = rows[0]!.edge;
  if (bar) return bar.getTime();
  const message = `the catalog counts bars of ${seriesName(key)} that are not there`;
  const hint = 'something else than the store removed bars: delete them through the store, which keeps the catalog';
  throw new ConflictError('CATALOG_DIFFERS', message, { hint });
}
