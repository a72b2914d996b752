import type { BarInput } from '../domain/bar.js';
import type { TradeBar } from '../domain/trade-bar.js';
import { InvalidInputError } from '../errors.js';

/**
 * A bar of a minute's trades as a bar of the timeframe 1m, to be written. A bar of a second is none that the store keeps: its trades are, and
 * `store.trades.bars` makes it of them.
 * @throws InvalidInputError for a bar of a second
 */
export function toBarInput(bar: TradeBar, source?: string): BarInput {
  if (bar.interval !== '1m') {
    const rule = 'bars are kept from a minute on';
    const hint = 'store the trades: store.trades.bars makes bars of a second of them';
    throw new InvalidInputError(
      [{ code: 'TRADE_BAR_NOT_STORED', path: 'interval', value: bar.interval, rule, hint }],
      'bar',
    );
  }
  const { symbol, timestamp, open, high, low, close, volume, vwap } = bar;
  return { symbol, timeframe: '1m', timestamp, open, high, low, close, volume, vwap, source };
}
