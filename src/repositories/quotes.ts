import { Decimal } from '../domain/decimal.js';
import { type Quote, type QuoteInput, readQuote } from '../domain/quote.js';
import type { MarketSymbol } from '../domain/symbol.js';
import { decimal, wholeNumber } from './time-series/column.js';
import type { TimeSeriesRepository } from './time-series/repository.js';
import { readSymbolSeries, type SymbolKey, type TickWriteOptions } from './time-series/symbol-series.js';
import type { TimeSeriesTable } from './time-series/table.js';

type Fields = [string, string | null, string | null, string | null, string | null, Date];

export const QUOTES: TimeSeriesTable<QuoteInput, Quote, SymbolKey, TickWriteOptions> = {
  relation: 'quotes',
  subject: 'quotes',
  seriesColumns: ['symbol'],
  identity: {
    column: wholeNumber('sequence'),
    field: 'sequence',
    order: ['sequence'],
    placeOf: (id) => id as bigint,
    idAt: (place) => place,
  },
  values: [decimal('bid_price'), decimal('bid_size'), decimal('ask_price'), decimal('ask_size')],
  select: ['sequence', 'bid_price', 'bid_size', 'ask_price', 'ask_size', 'created_at'],
  readSeries: readSymbolSeries,
  readEntry(input, _series, rules, report) {
    const quote = readQuote(input, rules, report);
    if (!quote) return undefined;
    const { timestamp, sequence, bidPrice, bidSize, askPrice, askSize } = quote;
    return { timestamp, id: sequence, values: [bidPrice, bidSize, askPrice, askSize] };
  },
  toRow({ symbol }, timestamp, fields) {
    const [sequence, bidPrice, bidSize, askPrice, askSize, createdAt] = fields as Fields;
    return {
      symbol: symbol as MarketSymbol,
      timestamp,
      sequence: BigInt(sequence),
      bidPrice: optionalDecimal(bidPrice),
      bidSize: optionalDecimal(bidSize),
      askPrice: optionalDecimal(askPrice),
      askSize: optionalDecimal(askSize),
      createdAt,
    };
  },
};

/**
 * The quotes. They come back oldest first; windows are half-open. Every method throws an InvalidInputError for arguments that break a rule and a
 * DatabaseError when the database refuses.
 */
export type QuoteRepository = TimeSeriesRepository<QuoteInput, Quote, SymbolKey, TickWriteOptions>;

function optionalDecimal(value: string | null): Decimal | null {
  return value === null ? null : new Decimal(value);
}
