import { Decimal } from '../domain/decimal.js';
import {
  type BookLevel,
  deriveBook,
  type OrderBookInput,
  type OrderBookSnapshot,
  readOrderBook,
} from '../domain/order-book.js';
import type { MarketSymbol } from '../domain/symbol.js';
import { type Cell, type Column, decimal, decimals } from './time-series/column.js';
import type { TimeSeriesRepository } from './time-series/repository.js';
import { readSymbolSeries, type SymbolKey, type TickWriteOptions } from './time-series/symbol-series.js';
import type { TimeSeriesTable } from './time-series/table.js';

export interface OrderBookWriteOptions extends TickWriteOptions {
  /** Takes a book of which one side has no level; never one without any. */
  readonly allowEmptySide?: boolean | undefined;
}

/** Nine decimals, which do not fill groups of four: written with twelve. */
const MID: Column = {
  name: 'mid',
  type: 'numeric',
  write: (row, cell) => row.scaled(cell === null ? null : (cell as bigint) * 1000n, 12),
  read: () => {
    throw new TypeError('mid is derived, never compared');
  },
};

type Amounts = readonly bigint[];
type Fields = [
  string[],
  string[],
  string[],
  string[],
  string | null,
  string | null,
  string,
  string,
  string | null,
  Date,
];

export const ORDER_BOOKS: TimeSeriesTable<OrderBookInput, OrderBookSnapshot, SymbolKey, OrderBookWriteOptions> = {
  relation: 'order_book_snapshots',
  subject: 'order books',
  seriesColumns: ['symbol'],
  values: [decimals('bid_prices'), decimals('bid_sizes'), decimals('ask_prices'), decimals('ask_sizes')],
  derived: {
    columns: [MID, decimal('spread'), decimal('bid_volume'), decimal('ask_volume'), decimal('imbalance')],
    of(values: readonly Cell[]) {
      const [bidPrices, bidSizes, askPrices, askSizes] = values as readonly [Amounts, Amounts, Amounts, Amounts];
      const book = { bids: { prices: bidPrices, sizes: bidSizes }, asks: { prices: askPrices, sizes: askSizes } };
      const { mid, spread, bidVolume, askVolume, imbalance } = deriveBook(book);
      return [mid, spread, bidVolume, askVolume, imbalance];
    },
  },
  // As text: pg would make floats of the elements of a NUMERIC[].
  select: [
    ...['bid_prices', 'bid_sizes', 'ask_prices', 'ask_sizes'].map((column) => `${column}::text[]`),
    ...['mid', 'spread', 'bid_volume', 'ask_volume', 'imbalance', 'created_at'],
  ],
  readSeries: readSymbolSeries,
  readEntry(input, _series, rules, report) {
    const book = readOrderBook(input, rules, report);
    if (!book) return undefined;
    const { timestamp, bids, asks } = book;
    return { timestamp, id: null, values: [bids.prices, bids.sizes, asks.prices, asks.sizes] };
  },
  toRow({ symbol }, timestamp, fields) {
    const [bidPrices, bidSizes, askPrices, askSizes, mid, spread, bidVolume, askVolume, imbalance, createdAt] =
      fields as Fields;
    return {
      symbol: symbol as MarketSymbol,
      timestamp,
      bids: levels(bidPrices, bidSizes),
      asks: levels(askPrices, askSizes),
      mid: mid === null ? null : new Decimal(mid),
      spread: spread === null ? null : new Decimal(spread),
      bidVolume: new Decimal(bidVolume),
      askVolume: new Decimal(askVolume),
      imbalance: imbalance === null ? null : new Decimal(imbalance),
      createdAt,
    };
  },
};

export type OrderBookRepository = TimeSeriesRepository<
  OrderBookInput,
  OrderBookSnapshot,
  SymbolKey,
  OrderBookWriteOptions
>;

function levels(prices: readonly string[], sizes: readonly string[]): BookLevel[] {
  return prices.map((price, index) => [new Decimal(price), new Decimal(sizes[index]!)] as const);
}
