import type { Bar } from '../../domain/bar.js';
import { Decimal, fromScaled } from '../../domain/decimal.js';
import type { SeriesKey } from '../../domain/series.js';

/** The volume scale of the series that $1 and $2 name. */
export const VOLUME_SCALE =
  '(SELECT volume_scale FROM bar_series series WHERE series.symbol = $1 AND series.timeframe = $2)';

/** What {@link toBar} reads, in its order. The scale travels with the rows: looking it up first would cost a round trip. */
export const BAR_COLUMNS = `timestamp, open, high, low, close, volume, spread, spread_ratio, volume_ratio, vwap, source, created_at,
  ${VOLUME_SCALE}`;

export type BarRow = [
  Date,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string | null,
  string | null,
  Date,
  number,
];

export function toBar(key: SeriesKey, row: BarRow): Bar {
  const scale = row[12];
  return {
    symbol: key.symbol,
    timeframe: key.timeframe,
    timestamp: row[0],
    open: new Decimal(row[1]),
    high: new Decimal(row[2]),
    low: new Decimal(row[3]),
    close: new Decimal(row[4]),
    volume: scale === 0 ? new Decimal(row[5]) : fromScaled(BigInt(row[5]), scale),
    spread: new Decimal(row[6]),
    spreadRatio: new Decimal(row[7]),
    volumeRatio: new Decimal(row[8]),
    vwap: row[9] === null ? null : new Decimal(row[9]),
    source: row[10],
    createdAt: row[11],
  };
}
