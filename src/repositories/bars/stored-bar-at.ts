import type { Bar } from '../../domain/bar.js';
import { RATIO_SCALE } from '../../domain/bar-ratios.js';
import { fromScaled, PRICE } from '../../domain/decimal.js';
import type { SeriesKey } from '../../domain/series.js';

/** Stored bars in columns of integers: prices x 10^8, volumes in the series' units, ratios x 10^4, instants in milliseconds since the epoch. */
interface StoredColumns {
  readonly timestamp: ArrayLike<number>;
  readonly open: ArrayLike<bigint>;
  readonly high: ArrayLike<bigint>;
  readonly low: ArrayLike<bigint>;
  readonly close: ArrayLike<bigint>;
  readonly volume: ArrayLike<bigint>;
  readonly spreadRatio: ArrayLike<bigint>;
  readonly volumeRatio: ArrayLike<bigint>;
  readonly source: ArrayLike<string | null>;
  readonly createdAt: ArrayLike<number>;
  vwapAt(index: number): bigint | null;
}

export function storedBarAt(columns: StoredColumns, key: SeriesKey, volumeScale: number, index: number): Bar {
  const [high, low, vwap] = [columns.high[index]!, columns.low[index]!, columns.vwapAt(index)];
  return {
    symbol: key.symbol,
    timeframe: key.timeframe,
    timestamp: new Date(columns.timestamp[index]!),
    open: fromScaled(columns.open[index]!, PRICE.scale),
    high: fromScaled(high, PRICE.scale),
    low: fromScaled(low, PRICE.scale),
    close: fromScaled(columns.close[index]!, PRICE.scale),
    volume: fromScaled(columns.volume[index]!, volumeScale),
    spread: fromScaled(high - low, PRICE.scale),
    spreadRatio: fromScaled(columns.spreadRatio[index]!, RATIO_SCALE),
    volumeRatio: fromScaled(columns.volumeRatio[index]!, RATIO_SCALE),
    vwap: vwap === null ? null : fromScaled(vwap, PRICE.scale),
    source: columns.source[index]!,
    createdAt: new Date(columns.createdAt[index]!),
  };
}
