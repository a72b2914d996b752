import { Decimal } from '../domain/decimal.js';
import type { MarketSymbol } from '../domain/symbol.js';
import { readTrade, type Trade, type TradeInput, type TradeSide } from '../domain/trade.js';
import { decimal, text } from './time-series/column.js';
import type { TimeSeriesRepository } from './time-series/repository.js';
import { readSymbolSeries, type SymbolKey, type TickWriteOptions } from './time-series/symbol-series.js';
import type { TimeSeriesTable } from './time-series/table.js';

export interface TradeWriteOptions extends TickWriteOptions {
  /** Lets a trade take the place of a stored one with its id and other values, which otherwise is a conflict. */
  readonly replace?: boolean | undefined;
}

const OWN_ID = /^#(\d+)$/;

export const TRADES: TimeSeriesTable<TradeInput, Trade, SymbolKey, TradeWriteOptions> = {
  relation: 'trades',
  subject: 'trades',
  seriesColumns: ['symbol'],
  facts: true,
  identity: {
    column: text('trade_id'),
    field: 'tradeId',
    // Numbers among the ids, which most are, by their value.
    order: ['length(trade_id)', 'trade_id COLLATE "C"'],
    placeOf: (id) => {
      const place = OWN_ID.exec(id as string)?.[1];
      return place === undefined ? undefined : BigInt(place);
    },
    idAt: (place) => `#${place}`,
  },
  values: [decimal('price'), decimal('size'), text('side')],
  select: ['trade_id', 'price', 'size', 'side', 'created_at'],
  readSeries: readSymbolSeries,
  readEntry(input, _series, rules, report) {
    const trade = readTrade(input, rules, report);
    return trade && { timestamp: trade.timestamp, id: trade.tradeId, values: [trade.price, trade.size, trade.side] };
  },
  toRow({ symbol }, timestamp, fields) {
    const [id, price, size, side, createdAt] = fields as [string, string, string, TradeSide | null, Date];
    const own = id.startsWith('#');
    return {
      symbol: symbol as MarketSymbol,
      timestamp,
      tradeId: own ? null : id,
      ordinal: own ? Number(id.slice(1)) : null,
      price: new Decimal(price),
      size: new Decimal(size),
      side,
      createdAt,
    };
  },
};

export type TradeRepository = TimeSeriesRepository<TradeInput, Trade, SymbolKey, TradeWriteOptions>;
