import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { Decimal, fromScaled } from '../../domain/decimal.js';
import type { SeriesKey } from '../../domain/series.js';
import type { ReadWindow } from './bar-window.js';

/** What a bar said from `knownFrom` until `knownUntil`, when it was changed or deleted. */
export interface BarRevision extends SeriesKey {
  /** The opening instant of the bar. */
  readonly timestamp: Date;
  readonly open: Decimal;
  readonly high: Decimal;
  readonly low: Decimal;
  readonly close: Decimal;
  readonly volume: Decimal;
  readonly vwap: Decimal | null;
  readonly source: string | null;
  /** The store's time, UTC, as the next. */
  readonly knownFrom: Date;
  readonly knownUntil: Date;
  /** What ended it. */
  readonly reason: 'change' | 'delete' | 'retention' | 'undo';
  /** The import run that changed the bar. */
  readonly runId: string | null;
}

type Row = [
  Date,
  string,
  string,
  string,
  string,
  string,
  string | null,
  string | null,
  Date,
  Date,
  BarRevision['reason'],
  string | null,
  number,
];

/** The window's revisions, by bar and then by when they were known, oldest first. */
export async function readRevisions(client: Client, { key, from, to }: ReadWindow): Promise<BarRevision[]> {
  const { rows } = await client.query<Row>({
    text: `SELECT timestamp, open, high, low, close, volume, vwap, source, known_from, known_until, reason, run_id, volume_scale
           FROM ohlcv_bar_revisions JOIN bar_series USING (symbol, timeframe)
           WHERE symbol = $1 AND timeframe = $2 AND timestamp >= $3 AND timestamp < $4 ORDER BY timestamp, known_until`,
    values: [key.symbol, key.timeframe, instant(from), instant(to)],
    rowMode: 'array',
  });
  return rows.map(
    ([timestamp, open, high, low, close, volume, vwap, source, knownFrom, knownUntil, reason, runId, scale]) => ({
      ...key,
      timestamp,
      open: new Decimal(open),
      high: new Decimal(high),
      low: new Decimal(low),
      close: new Decimal(close),
      volume: fromScaled(BigInt(volume), scale),
      vwap: vwap === null ? null : new Decimal(vwap),
      source,
      knownFrom,
      knownUntil,
      reason,
      runId,
    }),
  );
}
