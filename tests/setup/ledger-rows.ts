import type pg from 'pg';

/** A row of every table that breaks no rule, for tests that break one rule each. */
export type Row = Readonly<Record<string, unknown>>;

export const RANGE_ID = '00000000-0000-4000-8000-000000000001';
export const PATTERN_ID = '00000000-0000-4000-8000-000000000002';
export const CAMPAIGN_ID = '00000000-0000-4000-8000-000000000003';
export const SIGNAL_ID = '00000000-0000-4000-8000-000000000004';

const series = { symbol: 'AAPL', timeframe: '1d' };

export const SOUND_ROWS = {
  ohlcv_bars: {
    ...series,
    timestamp: '2024-01-02T00:00:00Z',
    open: '10',
    high: '12',
    low: '9',
    close: '11',
    volume: 100,
    spread: '3',
    spread_ratio: '1',
    volume_ratio: '1',
  },
  bar_series: { ...series },
  ohlcv_bar_revisions: {
    ...series,
    timestamp: '2024-01-02T00:00:00Z',
    open: '10',
    high: '12',
    low: '9',
    close: '11',
    volume: 100,
    known_from: '2024-01-03T00:00:00Z',
    known_until: '2024-01-04T00:00:00Z',
    reason: 'change',
  },
  trades: {
    symbol: 'AAPL',
    timestamp: '2024-01-02T14:30:00.123456Z',
    trade_id: '1',
    price: '10',
    size: '5',
    side: 'buy',
  },
  quotes: {
    symbol: 'AAPL',
    timestamp: '2024-01-02T14:30:00.123456Z',
    sequence: 0,
    bid_price: '10',
    bid_size: '5',
    ask_price: '10',
    ask_size: '7',
  },
  order_book_snapshots: {
    symbol: 'AAPL',
    timestamp: '2024-01-02T14:30:00.123456Z',
    bid_prices: '{100,99}',
    bid_sizes: '{2,0.5}',
    ask_prices: '{101}',
    ask_sizes: '{3}',
    mid: '100.5',
    spread: '1',
    bid_volume: '2.5',
    ask_volume: '3',
    imbalance: '-0.09090909',
  },
  indicators: { ...series, timestamp: '2024-01-02T00:00:00Z', name: 'sma_20', value: '{}' },
  time_series: { relation: 'trades', symbol: 'AAPL' },
  trading_ranges: {
    id: RANGE_ID,
    ...series,
    start_time: '2024-01-02T00:00:00Z',
    end_time: '2024-02-02T00:00:00Z',
    duration_bars: 22,
    creek_level: '100',
    ice_level: '110',
    jump_target: '130',
    cause_factor: '2',
    range_width: '10',
    phase: 'C',
    strength_score: 80,
  },
  patterns: {
    id: PATTERN_ID,
    pattern_type: 'SPRING',
    ...series,
    detection_time: '2024-01-21T00:00:00Z',
    pattern_bar_timestamp: '2024-01-20T00:00:00Z',
    confidence_score: 80,
    phase: 'C',
    trading_range_id: RANGE_ID,
    entry_price: '101',
    stop_loss: '98',
    invalidation_level: '97',
    volume_ratio: '0.5',
    spread_ratio: '0.8',
    metadata: '{}',
  },
  campaigns: { id: CAMPAIGN_ID, ...series, trading_range_id: RANGE_ID, started_at: '2024-01-22T00:00:00Z' },
  signals: {
    id: SIGNAL_ID,
    pattern_id: PATTERN_ID,
    ...series,
    generated_at: '2024-01-22T00:00:00Z',
    entry_price: '101',
    stop_loss: '98',
    target_1: '110',
    target_2: '130',
    position_size: '100',
    risk_amount: '300',
    r_multiple: '9.67',
    confidence_score: 80,
    campaign_id: CAMPAIGN_ID,
  },
  backtest_results: {
    backtest_run_id: '00000000-0000-4000-8000-000000000005',
    ...series,
    start_date: '2024-01-01',
    end_date: '2024-12-31',
    total_patterns_detected: 10,
    true_positives: 7,
    false_positives: 3,
    false_negatives: 2,
    precision: '0.7',
    recall: '0.7778',
    total_signals_generated: 6,
    winning_signals: 4,
    losing_signals: 2,
    win_rate: '0.6667',
    average_r_multiple: '2.5',
    max_drawdown: '0.1',
    config: '{}',
  },
  audit_trail: {
    event_type: 'SIGNAL_SKIPPED',
    entity_type: 'SIGNAL',
    entity_id: SIGNAL_ID,
    actor: 'test',
    action: 'skipped',
    metadata: '{}',
    correlation_id: '00000000-0000-4000-8000-000000000006',
  },
  retention_policies: { relation: 'ohlcv_bars', keep: '10 years', set_by: 'test' },
  cutover_outbox: { operation: 'upsert', document: '{}' },
  arrivals: {
    xid: 1,
    kind: 'bar',
    symbol: 'AAPL',
    timeframe: '1m',
    first_timestamp: '2024-01-02T14:30:00Z',
    last_timestamp: '2024-01-02T14:30:00Z',
    known_from: '2024-01-02T14:31:00Z',
  },
  import_runs: { id: '00000000-0000-4000-8000-00000000000a', actor: 'test', options: '{}' },
  import_files: {
    id: '00000000-0000-4000-8000-00000000000b',
    run_id: '00000000-0000-4000-8000-00000000000a',
    path: 'AAPL_1d.csv',
    content_hash: `\\x${'00'.repeat(32)}`,
    bytes: 100,
    reading: '{}',
    status: 'imported',
    started_at: '2024-01-02T00:00:00Z',
  },
  import_series: {
    file_id: '00000000-0000-4000-8000-00000000000b',
    kind: 'bar',
    symbol: 'AAPL',
    timeframe: '1d',
    first_timestamp: '2024-01-02T00:00:00Z',
    last_timestamp: '2024-01-03T00:00:00Z',
    inserted: 1,
    changed: 0,
    unchanged: 1,
    written_first: '2024-01-02T00:00:00Z',
    written_last: '2024-01-02T00:00:00Z',
    known_from: '2024-01-04T00:00:00Z',
    checksum: `\\x${'00'.repeat(32)}`,
  },
  ingest_positions: { spool_id: '00000000-0000-4000-8000-000000000009', lane: 0 },
} as const satisfies Record<string, Row>;

export type LedgerTable = keyof typeof SOUND_ROWS;

export async function insertRow(client: pg.Client, table: LedgerTable, change: Row = {}): Promise<void> {
  const row: Row = { ...SOUND_ROWS[table], ...change };
  const names = Object.keys(row);
  const places = names.map((_, index) => `$${index + 1}`);
  await client.query(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${places.join(', ')})`, Object.values(row));
}

/** Every sound row, in an order that satisfies the foreign keys. */
export async function insertAll(client: pg.Client): Promise<void> {
  for (const table of Object.keys(SOUND_ROWS) as LedgerTable[]) await insertRow(client, table);
}
