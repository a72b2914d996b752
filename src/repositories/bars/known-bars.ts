import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import type { Bar } from '../../domain/bar.js';
import { RATIO_SCALE, RATIO_WINDOW, rollingRatios } from '../../domain/bar-ratios.js';
import { fromScaled, PRICE, toScaled } from '../../domain/decimal.js';
import type { SeriesKey } from '../../domain/series.js';
import { type BarRow, toBar, VOLUME_SCALE } from './bar-rows.js';

const OWN = 'symbol, timeframe, timestamp, open, high, low, close, volume, vwap, source';

/**
 * The bars as the store knew them at an instant ($3 unless told otherwise): those whose present values were known then, and the former values
 * of those that were changed or deleted since. `bounds` is a condition on timestamp, `series` one on symbol and timeframe.
 */
export function knownBars(bounds: string, series = 'symbol = $1 AND timeframe = $2', knownAt = '$3'): string {
  return `(SELECT ${OWN}, created_at FROM ohlcv_bars
             WHERE ${series} AND created_at <= ${knownAt} AND ${bounds}
           UNION ALL
           SELECT ${OWN}, known_from FROM ohlcv_bar_revisions
             WHERE ${series} AND known_from <= ${knownAt} AND known_until > ${knownAt} AND ${bounds}) known`;
}

const COLUMNS = `timestamp, open, high, low, close, volume, high - low, 0, 0, vwap, source, created_at,
  ${VOLUME_SCALE}`;

/**
 * Reads `limit` bars (all where undefined) of `[from, to)` as they were known at `knownAt`, oldest first; with direction DESC the newest.
 * Ratios are derived anew, from the bars that were known then.
 */
export async function readKnownBars(
  client: Client,
  key: SeriesKey,
  knownAt: Date,
  window: {
    readonly from: Date;
    readonly to: Date;
    readonly limit: number | undefined;
    readonly direction: 'ASC' | 'DESC';
  },
): Promise<Bar[]> {
  const read = async (
    bounds: string,
    values: readonly Date[],
    direction: 'ASC' | 'DESC',
    limit: number | undefined,
  ) => {
    const text = `SELECT ${COLUMNS} FROM ${knownBars(bounds)} ORDER BY timestamp ${direction} LIMIT ${limit ?? 'ALL'}`;
    const { rows } = await client.query<BarRow>({
      text,
      values: [key.symbol, key.timeframe, ...[knownAt, ...values].map(instant)],
      rowMode: 'array',
    });
    if (direction === 'DESC') rows.reverse();
    return rows.map((row) => toBar(key, row));
  };
  const bars = await read(
    'timestamp >= $4 AND timestamp < $5',
    [window.from, window.to],
    window.direction,
    window.limit,
  );
  if (!bars[0]) return [];
  const before = await read('timestamp < $4', [bars[0].timestamp], 'DESC', RATIO_WINDOW);
  return withRatios(before, bars);
}

function withRatios(before: readonly Bar[], bars: readonly Bar[]): Bar[] {
  const all = [...before, ...bars];
  // A ratio does not care for the unit: whole volumes and those of any scale go through as integers of the largest scale.
  const spreads = rollingRatios(all.map((bar) => toScaled(bar.spread, PRICE.scale)!));
  const volumes = rollingRatios(all.map((bar) => toScaled(bar.volume, PRICE.scale)!));
  return bars.map((bar, index) => ({
    ...bar,
    spreadRatio: fromScaled(spreads[before.length + index]!, RATIO_SCALE),
    volumeRatio: fromScaled(volumes[before.length + index]!, RATIO_SCALE),
  }));
}
