import type { Decimal } from './decimal.js';
import type { MarketSymbol } from './symbol.js';
import type { TickInterval } from './tick-interval.js';

/** The trades of a second or of a minute as one bar. Not a Bar: its volume is as exact as the sizes are. */
export interface TradeBar {
  readonly symbol: MarketSymbol;
  readonly interval: TickInterval;
  /** The opening instant, UTC; a trade at it belongs to the bar, a trade an interval later to the next. */
  readonly timestamp: Date;
  /** The price of the first trade, by timestamp and, at one instant, by id or ordinal. */
  readonly open: Decimal;
  readonly high: Decimal;
  readonly low: Decimal;
  /** The price of the last trade. */
  readonly close: Decimal;
  /** The sum of the sizes. */
  readonly volume: Decimal;
  /** What buyers took, and what sellers took: their difference is the delta. Trades without a side are in neither. */
  readonly buyVolume: Decimal;
  readonly sellVolume: Decimal;
  /** The sum of price x size over the sum of size, half-up to 8 decimals. */
  readonly vwap: Decimal;
  /** How many trades. */
  readonly trades: number;
}
