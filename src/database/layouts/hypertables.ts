/**
 * What the timescale layout makes of a table. The migrations do the same where TimescaleDB is there when they run; a test compares the two.
 * A further hypertable is one more line here.
 */
export interface HypertableDesign {
  readonly table: string;
  /** The column that chunks are cut by. */
  readonly time: string;
  /** Columns, in their order, that a compressed batch has one value of. */
  readonly segmentBy: string;
  readonly orderBy: string;
  /** The table whose rows its writers lock before they write. */
  readonly catalog: 'bar_series' | 'time_series';
  /** Chunks are compressed once they are this old. */
  readonly compressAfter: string;
  /** Keeps rows unique, also in compressed chunks. */
  readonly uniqueIndex: { readonly name: string; readonly definition: string };
  /** SQL for how many rows there are, where a catalog counts them; elsewhere it is estimated. */
  readonly countRows?: string;
}

export const HYPERTABLES: readonly HypertableDesign[] = [
  {
    ...shared('ohlcv_bars', 'symbol, timeframe'),
    uniqueIndex: { name: 'idx_ohlcv_symbol_timeframe', definition: '(symbol, timeframe, "timestamp" DESC)' },
    catalog: 'bar_series',
    countRows: 'SELECT coalesce(sum(bar_count), 0) FROM bar_series',
  },
  {
    ...shared('trades', 'symbol'),
    uniqueIndex: { name: 'idx_trades_symbol_timestamp', definition: '(symbol, "timestamp" DESC, trade_id)' },
  },
  {
    ...shared('quotes', 'symbol'),
    uniqueIndex: { name: 'idx_quotes_symbol_timestamp', definition: '(symbol, "timestamp" DESC, sequence)' },
  },
  {
    ...shared('order_book_snapshots', 'symbol'),
    uniqueIndex: { name: 'idx_order_book_snapshots_symbol_timestamp', definition: '(symbol, "timestamp" DESC)' },
  },
  {
    ...shared('indicators', 'symbol, timeframe, name'),
    uniqueIndex: {
      name: 'idx_indicators_symbol_timeframe_name',
      definition: '(symbol, timeframe, name, "timestamp" DESC)',
    },
  },
];

function shared(table: string, segmentBy: string) {
  return {
    ...{ table, time: 'timestamp', segmentBy, orderBy: 'timestamp DESC', compressAfter: '7 days' },
    catalog: 'time_series',
  } as const;
}

/** Jobs of our own, by the procedure that they call. */
export const JOBS: readonly { readonly procedure: string; readonly every: string }[] = [
  { procedure: 'bar_retention_job', every: '1 day' },
  { procedure: 'bar_aggregates_job', every: '1 hour' },
  { procedure: 'time_series_retention_job', every: '1 day' },
];

export const DEFAULT_CHUNK_INTERVAL = '1 day';
