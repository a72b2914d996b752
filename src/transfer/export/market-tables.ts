import { columns, optional, PRICE, RATIO, SIZE, SYMBOL, TIMEFRAME } from './column-types.js';
import type { ExportTable } from './kinds.js';

const OF_SYMBOL = { catalog: 'time_series', symbol: true, timeframe: false, time: 'timestamp' } as const;

/** They have no created_at: that is when this store was told of a row, and the store that imports it is told anew. */
export const MARKET_TABLES = {
  bars: {
    kind: 'bars',
    relation: 'ohlcv_bars',
    catalog: 'bar_series',
    symbol: true,
    timeframe: true,
    time: 'timestamp',
    order: 'stored.timestamp',
    columns: [
      SYMBOL,
      TIMEFRAME,
      ...columns('minute', 'timestamp'),
      ...columns(PRICE, 'open', 'high', 'low', 'close'),
      ...columns('volume', 'volume'),
      ...optional(PRICE, 'vwap'),
      ...optional('text', 'source'),
      { name: 'volume_scale', type: 'int', of: 'volumeScale' },
      ...columns(PRICE, 'spread'),
      ...columns(RATIO, 'spread_ratio', 'volume_ratio'),
    ],
  },
  trades: {
    kind: 'trades',
    relation: 'trades',
    ...OF_SYMBOL,
    order: 'stored.timestamp, length(stored.trade_id), stored.trade_id COLLATE "C"',
    columns: [
      SYMBOL,
      ...columns('instant', 'timestamp'),
      // One that starts with # is the store's own: the place among the trades of an instant whose source gave none.
      ...columns('text', 'trade_id'),
      ...columns(PRICE, 'price'),
      ...columns(SIZE, 'size'),
      ...optional('text', 'side'),
    ],
  },
  quotes: {
    kind: 'quotes',
    relation: 'quotes',
    ...OF_SYMBOL,
    order: 'stored.timestamp, stored.sequence',
    columns: [
      SYMBOL,
      ...columns('instant', 'timestamp'),
      ...columns('bigint', 'sequence'),
      ...optional(PRICE, 'bid_price'),
      ...optional(SIZE, 'bid_size'),
      ...optional(PRICE, 'ask_price'),
      ...optional(SIZE, 'ask_size'),
    ],
  },
  'order-books': {
    kind: 'order-books',
    relation: 'order_book_snapshots',
    ...OF_SYMBOL,
    order: 'stored.timestamp',
    columns: [
      SYMBOL,
      ...columns('instant', 'timestamp'),
      ...columns({ decimals: [18, 8] }, 'bid_prices'),
      ...columns({ decimals: [24, 8] }, 'bid_sizes'),
      ...columns({ decimals: [18, 8] }, 'ask_prices'),
      ...columns({ decimals: [24, 8] }, 'ask_sizes'),
      // Derived: left out at an import.
      ...optional({ decimal: [19, 9] }, 'mid'),
      ...optional({ decimal: [19, 8] }, 'spread'),
      ...columns({ decimal: [28, 8] }, 'bid_volume', 'ask_volume'),
      ...optional({ decimal: [9, 8] }, 'imbalance'),
    ],
  },
  indicators: {
    kind: 'indicators',
    relation: 'indicators',
    catalog: 'time_series',
    symbol: true,
    timeframe: true,
    time: 'timestamp',
    order: 'stored.timestamp',
    columns: [
      SYMBOL,
      TIMEFRAME,
      { name: 'name', type: 'text', of: 'name' },
      ...columns('minute', 'timestamp'),
      ...columns('json', 'value'),
    ],
  },
} as const satisfies Readonly<Record<string, ExportTable>>;
