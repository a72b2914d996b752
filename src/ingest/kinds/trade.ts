import type { Json } from '../../domain/json.js';
import { formatMicroseconds } from '../../domain/microseconds.js';
import { readTrade, type TradeInput } from '../../domain/trade.js';
import { upsertRows } from '../../repositories/time-series/upsert.js';
import { TRADES } from '../../repositories/trades.js';
import type { Kind } from './kind.js';
import { amount, instantOf, parseMicroseconds, seriesOf, symbolOf, type TickRow } from './tick.js';

interface TradeRow extends TickRow, Omit<TradeInput, 'timestamp' | 'symbol'> {
  readonly tradeId: string | null;
}

export const TRADE: Kind<TradeRow> = {
  name: 'trade',
  subject: TRADES.subject,
  read(input: TradeInput, options, report) {
    const symbol = symbolOf(input, report);
    const trade = readTrade(input, options, report);
    if (!symbol || !trade) return undefined;
    const { timestamp, tradeId, side } = trade;
    return { symbol, timestamp, tradeId, price: amount(trade.price), size: amount(trade.size), side };
  },
  seriesOf,
  instantOf,
  idOf: ({ tradeId }) => tradeId,
  newestWins: ({ replace }) => replace === true,
  encode: (trade) => ({ ...trade, timestamp: formatMicroseconds(trade.timestamp) }) as unknown as Json,
  decode(json) {
    const trade = json as unknown as TradeRow & { readonly timestamp: string };
    return { ...trade, timestamp: parseMicroseconds(trade.timestamp) };
  },
  write: (session, trades, { allowNonPositive, replace }) =>
    upsertRows(session, TRADES, trades, { allowNonPositive, replace }),
};
