import type { Client } from '../../database/session.js';
import type { Bar } from '../../domain/bar.js';
import { NO_PRICE } from '../../domain/bar-block.js';
import { type BarColumns, DecimalColumn } from '../../domain/bar-columns.js';
import { RATIO_SCALE } from '../../domain/bar-ratios.js';
import { type Decimal, PRICE, toScaled } from '../../domain/decimal.js';
import type { SeriesKey } from '../../domain/series.js';
import type { ReadWindow } from './bar-window.js';
import { seriesName, volumeScales } from './catalog.js';
import { boundedWindow, readRange } from './read.js';
import { readStoredBars, STORED_COLUMNS, StoredBars } from './stored-bars.js';

/** COPY (SELECT ... WHERE symbol, timeframe, timestamp >= from AND timestamp < to ORDER BY timestamp) TO STDOUT (FORMAT binary) */
export async function readColumns(client: Client, given: ReadWindow, signal?: AbortSignal): Promise<BarColumns> {
  const { key } = given;
  const volumeScale = (await volumeScales(client, [key])).get(seriesName(key)) ?? 0;
  const window = await boundedWindow(client, given);
  if (!window) return toColumns(key, volumeScale, new StoredBars(0));
  if (window.knownAt) return toColumns(key, volumeScale, storedOf(await readRange(client, window), volumeScale));
  const query = `SELECT ${STORED_COLUMNS} FROM ohlcv_bars
    WHERE symbol = ${client.escapeLiteral(key.symbol)} AND timeframe = ${client.escapeLiteral(key.timeframe)}
      AND timestamp >= '${window.from.toISOString()}' AND timestamp < '${window.to.toISOString()}'
    ORDER BY timestamp`;
  return toColumns(key, volumeScale, await readStoredBars(client, query, false, signal));
}

function toColumns(key: SeriesKey, volumeScale: number, bars: StoredBars): BarColumns {
  bars.resize(bars.length);
  const spread = new BigInt64Array(bars.length);
  for (let index = 0; index < bars.length; index += 1) spread[index] = bars.high[index]! - bars.low[index]!;
  return {
    symbol: key.symbol,
    timeframe: key.timeframe,
    length: bars.length,
    timestamp: bars.timestamp,
    open: new DecimalColumn(bars.open, PRICE.scale),
    high: new DecimalColumn(bars.high, PRICE.scale),
    low: new DecimalColumn(bars.low, PRICE.scale),
    close: new DecimalColumn(bars.close, PRICE.scale),
    volume: new DecimalColumn(bars.volume, volumeScale),
    spread: new DecimalColumn(spread, PRICE.scale),
    spreadRatio: new DecimalColumn(bars.spreadRatio, RATIO_SCALE),
    volumeRatio: new DecimalColumn(bars.volumeRatio, RATIO_SCALE),
    vwap: new DecimalColumn(bars.vwap, PRICE.scale),
  };
}

function storedOf(bars: readonly Bar[], volumeScale: number): StoredBars {
  const stored = new StoredBars(bars.length);
  const scaled = (value: Decimal, scale: number) => toScaled(value, scale)!;
  for (const [index, bar] of bars.entries()) {
    stored.timestamp[index] = bar.timestamp.getTime();
    stored.open[index] = scaled(bar.open, PRICE.scale);
    stored.high[index] = scaled(bar.high, PRICE.scale);
    stored.low[index] = scaled(bar.low, PRICE.scale);
    stored.close[index] = scaled(bar.close, PRICE.scale);
    stored.volume[index] = scaled(bar.volume, volumeScale);
    stored.spreadRatio[index] = scaled(bar.spreadRatio, RATIO_SCALE);
    stored.volumeRatio[index] = scaled(bar.volumeRatio, RATIO_SCALE);
    stored.vwap[index] = bar.vwap ? scaled(bar.vwap, PRICE.scale) : NO_PRICE;
  }
  stored.length = bars.length;
  return stored;
}
