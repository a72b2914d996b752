import { LARGEST_VOLUME_SCALE } from '../../domain/amount.js';
import { type BarInput, readBarValues } from '../../domain/bar.js';
import { type DecimalInput, formatScaled, PRICE, readDecimal } from '../../domain/decimal.js';
import type { Json } from '../../domain/json.js';
import { readSeriesKey } from '../../domain/series.js';
import { upsertBars } from '../../repositories/bars/upsert.js';
import type { Kind } from './kind.js';

interface BarRow extends BarInput {
  readonly timestamp: Date;
}

const PLAIN_WHOLE = /^\d{1,19}$/;

export const BAR: Kind<BarRow> = {
  name: 'bar',
  subject: 'bars',
  read(input: BarInput, options, report) {
    const key = readSeriesKey(input, report);
    if (!key) return undefined;
    const volumeScale = ownScale(input.volume);
    const rules = { timeframe: key.timeframe, volumeScale, allowNonPositive: options.allowNonPositive };
    const bar = readBarValues(input, rules, report);
    if (!bar) return undefined;
    const price = (scaled: bigint) => formatScaled(scaled, PRICE.scale);
    return {
      symbol: key.symbol,
      timeframe: key.timeframe,
      timestamp: new Date(bar.timestamp),
      open: price(bar.open),
      high: price(bar.high),
      low: price(bar.low),
      close: price(bar.close),
      volume: formatScaled(bar.volume, volumeScale),
      ...(bar.vwap !== null && { vwap: price(bar.vwap) }),
      ...(bar.source !== null && { source: bar.source }),
    };
  },
  seriesOf: ({ symbol, timeframe }) => `${symbol} ${timeframe}`,
  instantOf: ({ timestamp }) => String(timestamp.getTime()),
  idOf: () => '',
  newestWins: () => true,
  // JSON has an instant as ISO 8601, which is what a Date makes of itself.
  encode: (bar) => bar as unknown as Json,
  decode(json) {
    const bar = json as unknown as { timestamp: string | Date };
    bar.timestamp = new Date(bar.timestamp);
    return bar as unknown as BarRow;
  },
  write: (session, bars, { volumeScale, allowNonPositive }) =>
    upsertBars(session, bars, { volumeScale, allowNonPositive, replace: true, runId: null }),
};

/** The decimals that this volume has. Those of its series are known to the database, and are what it is held against when it is written. */
function ownScale(volume: DecimalInput): number {
  if (typeof volume === 'number' || typeof volume === 'bigint') return 0;
  if (typeof volume === 'string' && PLAIN_WHOLE.test(volume)) return 0;
  const decimals = readDecimal(volume, 'volume', () => {})?.decimalPlaces() ?? 0;
  return Math.min(decimals, LARGEST_VOLUME_SCALE);
}
