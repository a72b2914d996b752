import type { ColumnType, ExportColumn } from './column.js';

/** What can be exported. Each is a file of its name. */
export const EXPORT_KINDS = [
  'bars',
  'trades',
  'quotes',
  'order-books',
  'indicators',
  'trading-ranges',
  'patterns',
  'campaigns',
  'signals',
  'backtest-results',
  'audit-trail',
  'audit-chains',
] as const;
export type ExportKind = (typeof EXPORT_KINDS)[number];

/** The kinds of the ledger, in an order in which each comes after what it refers to. */
export const LEDGER_KINDS = EXPORT_KINDS.slice(EXPORT_KINDS.indexOf('trading-ranges'));

export interface ExportTable {
  readonly kind: ExportKind;
  readonly relation: string;
  readonly columns: readonly ExportColumn[];
  /** SQL; within a series for market data. */
  readonly order: string;
  /** The catalog of its series; the ledger has none. */
  readonly catalog?: 'bar_series' | 'time_series';
  /** By what the rows can be selected. */
  readonly symbol: boolean;
  readonly timeframe: boolean;
  /** The column that `from` and `to` are about. */
  readonly time?: string;
}

const PRICE: ColumnType = { decimal: [18, 8] };
const SIZE: ColumnType = { decimal: [24, 8] };
const RATIO: ColumnType = { decimal: [10, 4] };
const MONEY: ColumnType = { decimal: [12, 2] };

const SYMBOL: ExportColumn = { name: 'symbol', type: 'text', of: 'symbol' };
const TIMEFRAME: ExportColumn = { name: 'timeframe', type: 'text', of: 'timeframe' };

function columns(type: ColumnType, ...names: readonly string[]): ExportColumn[] {
  return names.map((name) => ({ name, type }));
}

function optional(type: ColumnType, ...names: readonly string[]): ExportColumn[] {
  return names.map((name) => ({ name, type, nullable: true as const }));
}

/**
 * The own format of an export, by kind: what `wyckoff import` and `wyckoff restore` read. Market data have no created_at in it: that is when this
 * store was told of a row, and the store that imports it is told anew. The ledger has all of its columns.
 */
export const EXPORT_TABLES: Readonly<Record<ExportKind, ExportTable>> = {
  bars: {
    kind: 'bars',
    relation: 'ohlcv_bars',
    catalog: 'bar_series',
    symbol: true,
    timeframe: true,
    time: 'timestamp',
    order: 'timestamp',
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
    catalog: 'time_series',
    symbol: true,
    timeframe: false,
    time: 'timestamp',
    order: 'timestamp, length(trade_id), trade_id COLLATE "C"',
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
    catalog: 'time_series',
    symbol: true,
    timeframe: false,
    time: 'timestamp',
    order: 'timestamp, sequence',
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
    catalog: 'time_series',
    symbol: true,
    timeframe: false,
    time: 'timestamp',
    order: 'timestamp',
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
    order: 'timestamp',
    columns: [
      SYMBOL,
      TIMEFRAME,
      { name: 'name', type: 'text', of: 'name' },
      ...columns('minute', 'timestamp'),
      ...columns('json', 'value'),
    ],
  },
  'trading-ranges': {
    kind: 'trading-ranges',
    relation: 'trading_ranges',
    symbol: true,
    timeframe: true,
    time: 'start_time',
    order: 'created_at, id',
    columns: [
      ...columns('uuid', 'id'),
      ...columns('text', 'symbol', 'timeframe'),
      ...columns('instant', 'start_time'),
      ...optional('instant', 'end_time'),
      ...columns('int', 'duration_bars'),
      ...columns(PRICE, 'creek_level', 'ice_level', 'jump_target'),
      ...columns({ decimal: [4, 2] }, 'cause_factor'),
      ...columns(PRICE, 'range_width'),
      ...columns('text', 'phase'),
      ...columns('int', 'strength_score', 'touch_count_creek', 'touch_count_ice'),
      ...optional('instant', 'deleted_at'),
      ...columns('int', 'version'),
      ...columns('instant', 'created_at', 'updated_at'),
    ],
  },
  patterns: {
    kind: 'patterns',
    relation: 'patterns',
    symbol: true,
    timeframe: true,
    time: 'pattern_bar_timestamp',
    order: 'created_at, id',
    columns: [
      ...columns('uuid', 'id'),
      ...columns('text', 'pattern_type', 'symbol', 'timeframe'),
      ...columns('instant', 'detection_time', 'pattern_bar_timestamp'),
      ...columns('int', 'confidence_score'),
      ...columns('text', 'phase'),
      ...optional('uuid', 'trading_range_id'),
      ...columns(PRICE, 'entry_price', 'stop_loss', 'invalidation_level'),
      ...columns(RATIO, 'volume_ratio', 'spread_ratio'),
      ...columns('boolean', 'test_confirmed'),
      ...optional('instant', 'test_bar_timestamp'),
      ...optional('text', 'rejection_reason'),
      ...columns('json', 'metadata'),
      ...columns('int', 'metadata_version'),
      ...columns('instant', 'created_at'),
    ],
  },
  campaigns: {
    kind: 'campaigns',
    relation: 'campaigns',
    symbol: true,
    timeframe: true,
    time: 'started_at',
    order: 'created_at, id',
    columns: [
      ...columns('uuid', 'id'),
      ...columns('text', 'symbol', 'timeframe'),
      ...optional('uuid', 'trading_range_id'),
      ...columns('text', 'status'),
      ...columns({ decimal: [5, 2] }, 'total_allocation'),
      ...columns(MONEY, 'current_risk'),
      ...columns('json', 'entries'),
      ...optional(PRICE, 'average_entry'),
      ...columns('int', 'version'),
      ...columns('instant', 'started_at'),
      ...optional('instant', 'completed_at'),
      ...columns('instant', 'created_at', 'updated_at'),
    ],
  },
  signals: {
    kind: 'signals',
    relation: 'signals',
    symbol: true,
    timeframe: true,
    time: 'generated_at',
    order: 'created_at, id',
    columns: [
      ...columns('uuid', 'id'),
      ...columns('text', 'signal_type'),
      ...optional('uuid', 'pattern_id'),
      ...columns('text', 'symbol', 'timeframe'),
      ...columns('instant', 'generated_at'),
      ...columns(PRICE, 'entry_price', 'stop_loss', 'target_1', 'target_2', 'position_size'),
      ...columns(MONEY, 'risk_amount'),
      ...columns({ decimal: [6, 2] }, 'r_multiple'),
      ...columns('int', 'confidence_score'),
      ...optional('uuid', 'campaign_id'),
      ...columns({ decimal: [5, 4] }, 'campaign_allocation'),
      ...columns('text', 'status'),
      ...columns('boolean', 'notification_sent'),
      ...columns('json', 'approval_chain'),
      ...columns('instant', 'created_at', 'updated_at'),
    ],
  },
  'backtest-results': {
    kind: 'backtest-results',
    relation: 'backtest_results',
    symbol: true,
    timeframe: true,
    time: 'created_at',
    order: 'created_at, id',
    columns: [
      ...columns('uuid', 'id', 'backtest_run_id'),
      ...columns('text', 'symbol', 'timeframe'),
      ...columns('date', 'start_date', 'end_date'),
      ...columns('int', 'total_patterns_detected', 'true_positives', 'false_positives', 'false_negatives'),
      ...columns({ decimal: [6, 4] }, 'precision', 'recall'),
      ...columns('int', 'total_signals_generated', 'winning_signals', 'losing_signals'),
      ...columns({ decimal: [6, 4] }, 'win_rate'),
      ...columns({ decimal: [6, 2] }, 'average_r_multiple'),
      ...columns({ decimal: [6, 4] }, 'max_drawdown'),
      ...columns('json', 'config'),
      ...columns('boolean', 'look_ahead_bias_check'),
      ...columns('instant', 'created_at'),
    ],
  },
  'audit-trail': {
    kind: 'audit-trail',
    relation: 'audit_trail',
    symbol: false,
    timeframe: false,
    time: 'timestamp',
    // Chain by chain: restoring needs no more than to append them in this order.
    order: 'correlation_id, seq, id',
    columns: [
      ...columns('uuid', 'id'),
      ...columns('text', 'event_type', 'entity_type'),
      ...columns('uuid', 'entity_id'),
      ...columns('instant', 'timestamp'),
      ...columns('text', 'actor', 'action'),
      ...optional('json', 'metadata'),
      ...columns('uuid', 'correlation_id'),
      ...columns('bigint', 'seq'),
      ...optional('bytes', 'prev_hash'),
      ...columns('bytes', 'row_hash'),
      ...columns('instant', 'created_at'),
    ],
  },
  'audit-chains': {
    kind: 'audit-chains',
    relation: 'audit_chains',
    symbol: false,
    timeframe: false,
    order: 'correlation_id',
    columns: [...columns('uuid', 'correlation_id'), ...columns('bigint', 'length'), ...optional('bytes', 'last_hash')],
  },
};
