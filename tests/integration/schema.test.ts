import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { expect, test } from 'vitest';
import {
  CAMPAIGN_ID,
  insertAll,
  insertRow,
  type LedgerTable,
  PATTERN_ID,
  RANGE_ID,
  type Row,
  SIGNAL_ID,
} from '../setup/ledger-rows.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

type Breaks = readonly (readonly [constraint: string, ...changes: Row[]])[];

const NEVER = '1999-01-01T00:00:00Z';
const BAD_SYMBOLS = ['aapl', '', ' AAPL', '-X', 'A\nB'];
const TIMEFRAMES: Row[] = [{ timeframe: '1D' }, { timeframe: '4h' }, { timeframe: '' }];
const below = (column: string, values: readonly unknown[]): Row[] => values.map((value) => ({ [column]: value }));
const NO_BIDS: Row = { bid_prices: '{}', bid_sizes: '{}', bid_volume: 0 };
const short = { signal_type: 'SHORT', stop_loss: '104', entry_price: '101', target_1: '90', target_2: '80' };

/** For each constraint, what breaks it and nothing else. */
const BREAKS: Record<LedgerTable, Breaks> = {
  ohlcv_bars: [
    ['chk_ohlcv_bars_prices', { open: '8' }, { close: '8.99999999' }, { open: '13' }, { close: '12.00000001' }],
    ['chk_ohlcv_bars_prices', { high: 'NaN', spread: 'NaN' }],
    ['chk_ohlcv_bars_volume', { volume: -1 }],
    ['chk_ohlcv_bars_spread', { spread: '2.99999999' }],
    ['chk_ohlcv_bars_ratios', ...below('spread_ratio', ['-0.0001', 'NaN'])],
    ['chk_ohlcv_bars_ratios', ...below('volume_ratio', ['-0.0001', 'NaN'])],
    ['chk_ohlcv_bars_vwap', { vwap: 'NaN' }],
    ['chk_ohlcv_bars_timeframe', ...TIMEFRAMES],
    [
      'chk_ohlcv_bars_alignment',
      { timestamp: '2024-01-02T05:00:00Z' },
      { timeframe: '1h', timestamp: '2024-01-02T14:20:00Z' },
      { timeframe: '15m', timestamp: '2024-01-02T14:05:00Z' },
      { timeframe: '5m', timestamp: '2024-01-02T14:01:00Z' },
      { timeframe: '1m', timestamp: '2024-01-02T14:00:30Z' },
      { timeframe: '1m', timestamp: '2024-01-02T14:00:00.000001Z' },
    ],
  ],
  trades: [
    ['chk_trades_symbol', ...below('symbol', BAD_SYMBOLS)],
    ['chk_trades_timestamp', { timestamp: 'infinity' }],
    ['chk_trades_trade_id', ...below('trade_id', ['', '#', '#01', '#x', '#-1'])],
    ['chk_trades_price', { price: 'NaN' }],
    ['chk_trades_size', ...below('size', ['0', '-1', 'NaN'])],
    ['chk_trades_side', ...below('side', ['BUY', ''])],
  ],
  quotes: [
    ['chk_quotes_symbol', ...below('symbol', BAD_SYMBOLS)],
    ['chk_quotes_timestamp', { timestamp: 'infinity' }],
    ['chk_quotes_sequence', { sequence: -1 }],
    ['chk_quotes_sides', { bid_price: null }, { bid_size: null }, { ask_price: null }, { ask_size: null }],
    ['chk_quotes_sides', { bid_price: null, bid_size: null, ask_price: null, ask_size: null }],
    ['chk_quotes_prices', { ask_price: 'NaN' }, { bid_price: 'NaN', ask_price: null, ask_size: null }],
    ['chk_quotes_sizes', ...below('bid_size', ['0', '-1', 'NaN']), ...below('ask_size', ['0', '-1', 'NaN'])],
    ['chk_quotes_crossed', { bid_price: '10.00000001' }],
  ],
  order_book_snapshots: [
    ['chk_order_book_snapshots_symbol', ...below('symbol', BAD_SYMBOLS)],
    ['chk_order_book_snapshots_timestamp', { timestamp: 'infinity' }],
    ['chk_order_book_snapshots_levels', { bid_sizes: '{2.5}' }, { ask_sizes: '{1,2}' }],
    ['chk_order_book_snapshots_levels', { bid_prices: '[0:1]={100,99}' }, { bid_prices: '{{100,99}}' }],
    ['chk_order_book_snapshots_levels', { bid_sizes: '[0:1]={2,0.5}' }, { bid_sizes: '{{2,0.5}}' }],
    [
      'chk_order_book_snapshots_levels',
      {
        ...{ bid_prices: '{}', bid_sizes: '{}', bid_volume: 0, ask_prices: '{}', ask_sizes: '{}', ask_volume: 0 },
        ...{ mid: null, spread: null, imbalance: null },
      },
    ],
    ['chk_order_book_snapshots_sizes', { bid_sizes: '{2.5,0}' }, { ask_sizes: '{NaN}', ask_volume: 'NaN' }],
    ['chk_order_book_snapshots_prices', { ask_prices: '{101,NaN}', ask_sizes: '{1,2}' }],
    ['chk_order_book_snapshots_prices', { ask_prices: '{101,NULL}', ask_sizes: '{1,2}' }],
    ['chk_order_book_snapshots_crossed', { ask_prices: '{100}', mid: '100', spread: '0' }],
    ['chk_order_book_snapshots_mid', { mid: '100.500000001' }, { spread: '1.00000001' }, { spread: null }],
    ['chk_order_book_snapshots_mid', { mid: null, imbalance: null }],
    ['chk_order_book_snapshots_imbalance', ...below('imbalance', [null, '0.09090909', '-0.0909091', 'NaN'])],
  ],
  indicators: [
    ['chk_indicators_symbol', ...below('symbol', BAD_SYMBOLS)],
    ['chk_indicators_timeframe', ...TIMEFRAMES],
    ['chk_indicators_name', ...below('name', ['', 'SMA', 'a b', 'a\n'])],
    ['chk_indicators_alignment', { timestamp: '2024-01-02T05:00:00Z' }],
  ],
  time_series: [
    ['chk_time_series_symbol', ...below('symbol', BAD_SYMBOLS)],
    ['chk_time_series_relation', { relation: 'bars' }],
    ['chk_time_series_key', { timeframe: '1d' }, { name: 'x' }, { relation: 'indicators' }],
    ['chk_time_series_key', { relation: 'indicators', timeframe: '1d', name: 'A' }],
    ['chk_time_series_bounds', { first_timestamp: NEVER }, { last_timestamp: NEVER }],
    ['chk_time_series_bounds', { first_timestamp: '2024-01-01', last_timestamp: NEVER }],
  ],
  bar_series: [
    ['chk_bar_series_symbol', ...below('symbol', BAD_SYMBOLS)],
    ['chk_bar_series_timeframe', ...TIMEFRAMES],
    ['chk_bar_series_volume_scale', ...below('volume_scale', [-1, 9])],
    [
      'chk_bar_series_bounds',
      { bar_count: 1 },
      { bar_count: -1 },
      { first_timestamp: NEVER },
      { bar_count: 2, first_timestamp: '2024-01-02', last_timestamp: '2024-01-01' },
      { bar_count: 2, first_timestamp: '2024-01-02' },
    ],
  ],
  ohlcv_bar_revisions: [
    ['chk_ohlcv_bar_revisions_known', { known_until: '2024-01-03T00:00:00Z' }, { known_until: NEVER }],
    ['chk_ohlcv_bar_revisions_reason', { reason: 'whim' }],
  ],
  trading_ranges: [
    ['chk_trading_ranges_timeframe', ...TIMEFRAMES],
    [
      'chk_trading_ranges_levels',
      { creek_level: '110' },
      { creek_level: '111' },
      { ice_level: 'NaN', jump_target: '1' },
    ],
    ['chk_trading_ranges_jump_target', ...below('jump_target', ['110', '100', '105', 'NaN'])],
    ['chk_trading_ranges_duration_bars', ...below('duration_bars', [14, 101])],
    ['chk_trading_ranges_cause_factor', ...below('cause_factor', ['1.99', '3.01', 'NaN'])],
    ['chk_trading_ranges_range_width', ...below('range_width', ['0', '-1', 'NaN'])],
    ['chk_trading_ranges_strength_score', ...below('strength_score', [59, 101])],
    ['chk_trading_ranges_phase', ...below('phase', ['F', 'a', ''])],
    ['chk_trading_ranges_touch_counts', { touch_count_creek: -1 }, { touch_count_ice: -1 }],
    ['chk_trading_ranges_end_time', { end_time: NEVER }],
    ['chk_trading_ranges_version', { version: 0 }],
  ],
  patterns: [
    ['chk_patterns_timeframe', ...TIMEFRAMES],
    ['chk_patterns_pattern_type', ...below('pattern_type', ['spring', 'SHAKEOUT', ''])],
    ['chk_patterns_phase', ...below('phase', ['F', 'c'])],
    ['chk_patterns_confidence_score', ...below('confidence_score', [69, 96])],
    ['chk_patterns_detection_time', { detection_time: NEVER }],
    ['chk_patterns_test_bar_timestamp', ...below('test_bar_timestamp', ['2024-01-20T00:00:00Z', NEVER])],
    ['chk_patterns_test_confirmed', { test_confirmed: true }],
    ['chk_patterns_prices', { entry_price: 'NaN' }, { stop_loss: 'NaN' }, { invalidation_level: 'NaN' }],
    ['chk_patterns_ratios', ...below('volume_ratio', ['-0.0001', 'NaN']), ...below('spread_ratio', ['-0.0001', 'NaN'])],
    ['chk_patterns_metadata_version', { metadata_version: 0 }],
  ],
  campaigns: [
    ['chk_campaigns_timeframe', ...TIMEFRAMES],
    ['chk_campaigns_status', { status: 'PAUSED' }],
    ['chk_campaigns_total_allocation', ...below('total_allocation', ['-0.01', '5.01', 'NaN'])],
    ['chk_campaigns_current_risk', ...below('current_risk', ['-0.01', 'NaN'])],
    ['chk_campaigns_average_entry', { average_entry: 'NaN' }],
    ['chk_campaigns_entries', ...below('entries', ['{}', 'null', '"x"'])],
    [
      'chk_campaigns_completed_at',
      { completed_at: '2024-02-01' },
      { status: 'MARKUP', completed_at: '2024-02-01' },
      { status: 'COMPLETED' },
      { status: 'INVALIDATED' },
    ],
    ['chk_campaigns_version', { version: 0 }],
  ],
  signals: [
    ['chk_signals_timeframe', ...TIMEFRAMES],
    ['chk_signals_signal_type', { ...short, signal_type: 'FLAT' }],
    ['chk_signals_status', { status: 'OPEN' }],
    ['chk_signals_levels', ...below('stop_loss', ['101', '102']), ...below('target_1', ['101', '131'])],
    ['chk_signals_levels', { target_2: 'NaN' }, { target_2: '109' }],
    ['chk_signals_levels', { ...short, stop_loss: '101' }, { ...short, target_1: '101' }, { ...short, target_2: '91' }],
    ['chk_signals_levels', { ...short, stop_loss: 'NaN' }],
    ['chk_signals_r_multiple', ...below('r_multiple', ['1.99', 'NaN'])],
    ['chk_signals_confidence_score', ...below('confidence_score', [69, 96])],
    ['chk_signals_position_size', ...below('position_size', ['0', '-1', 'NaN'])],
    ['chk_signals_risk_amount', ...below('risk_amount', ['0', '-0.01', 'NaN'])],
    ['chk_signals_campaign_allocation', ...below('campaign_allocation', ['-0.0001', '1.0001', 'NaN'])],
  ],
  backtest_results: [
    ['chk_backtest_results_timeframe', ...TIMEFRAMES],
    ['chk_backtest_results_counts', { false_negatives: -1 }, { winning_signals: -1 }, { losing_signals: -1 }],
    [
      'chk_backtest_results_counts',
      { true_positives: -1, false_positives: 11 },
      { true_positives: 11, false_positives: -1 },
    ],
    ['chk_backtest_results_patterns', { total_patterns_detected: 9 }, { false_positives: 4 }],
    ['chk_backtest_results_signals', { winning_signals: 5 }, { total_signals_generated: 5 }],
    ['chk_backtest_results_fractions', ...below('precision', ['-0.0001', '1.0001', 'NaN']), { recall: '1.0001' }],
    ['chk_backtest_results_fractions', { win_rate: '1.0001' }, { max_drawdown: '-0.0001' }, { max_drawdown: '1.0001' }],
    ['chk_backtest_results_average_r_multiple', { average_r_multiple: 'NaN' }],
    ['chk_backtest_results_dates', { end_date: '2023-12-31' }],
  ],
  audit_trail: [['chk_audit_trail_metadata', { metadata: 'null' }]],
  retention_policies: [
    ['chk_retention_policies_keep', { keep: '0' }, { keep: '-1 day' }],
    ['chk_retention_policies_relation', { relation: 'patterns' }, { relation: '' }],
  ],
  ingest_positions: [
    ['chk_ingest_positions_lane', { lane: -1 }],
    ['chk_ingest_positions_position', { position: -1 }],
  ],
  import_runs: [
    ['chk_import_runs_status', { status: 'killed' }],
    ['chk_import_runs_undone', { status: 'undone' }, { undone_at: '2024-01-02T00:00:00Z' }],
    ['chk_import_runs_skipped', { skipped: -1 }],
  ],
  import_files: [
    ['chk_import_files_status', { status: 'skipped' }],
    ['chk_import_files_undone', { status: 'undone' }, { undone_at: '2024-01-02T00:00:00Z' }],
    ['chk_import_files_error', { status: 'failed' }, { error: 'FILE_EMPTY' }],
    ['chk_import_files_hash', { content_hash: '\\x00' }],
    ['chk_import_files_counts', { bytes: -1 }, { rows: -1 }, { duplicates: -1 }, { rejected: -1 }],
  ],
  import_series: [
    ['chk_import_series_kind', { kind: 'signal', timeframe: '' }],
    ['chk_import_series_timeframe', { timeframe: '' }, { kind: 'trade' }],
    ['chk_import_series_name', { name: 'rsi' }, { kind: 'indicator' }],
    ['chk_import_series_counts', { inserted: 2, changed: -1 }, { unchanged: -1 }],
    ['chk_import_series_window', { first_timestamp: '2024-01-05T00:00:00Z' }],
    [
      'chk_import_series_written',
      { inserted: 0 },
      { written_last: null },
      { written_first: '2024-01-03T00:00:00Z', written_last: '2024-01-02T00:00:00Z' },
    ],
    ['chk_import_series_bars', { known_from: null }, { checksum: null }],
    ['chk_import_series_checksum', { checksum: '\\x00' }],
  ],
  cutover_outbox: [['chk_cutover_outbox_operation', { operation: 'replace' }]],
  arrivals: [
    ['chk_arrivals_kind', { kind: 'indicator' }],
    ['chk_arrivals_window', { first_timestamp: '2024-01-02T14:31:00Z' }],
  ],
};

/** The constraint, index or message that refuses what `write` does inside a transaction that is rolled back; undefined: nothing does. */
async function refusal(raw: pg.Client, write: () => Promise<unknown>): Promise<string | undefined> {
  await raw.query('BEGIN');
  try {
    await write();
    return undefined;
  } catch (error) {
    const { constraint, message } = error as pg.DatabaseError;
    return constraint ?? message;
  } finally {
    await raw.query('ROLLBACK');
  }
}

test('each CHECK of each table refuses what breaks it, and takes what is on its edge', async () => {
  const { url } = await openTestStore();
  const raw = await openRawClient(url);
  expect(await refusal(raw, () => insertAll(raw))).toBeUndefined();
  const parents: Partial<Record<LedgerTable, LedgerTable[]>> = {
    patterns: ['trading_ranges'],
    campaigns: ['trading_ranges'],
    signals: ['trading_ranges', 'patterns', 'campaigns'],
  };
  for (const [table, breaks] of Object.entries(BREAKS) as [LedgerTable, Breaks][])
    for (const [constraint, ...changes] of breaks)
      for (const change of changes) {
        const refused = await refusal(raw, async () => {
          for (const parent of parents[table] ?? []) await insertRow(raw, parent);
          await insertRow(raw, table, change);
        });
        expect(`${JSON.stringify(change)}: ${refused}`).toBe(`${JSON.stringify(change)}: ${constraint}`);
      }
  // The migration has made the one row that there is.
  const ofCutovers = ["scope = 'trades'", "phase = 'begun'"].map((change) => `UPDATE cutovers SET ${change}`);
  const refusedChanges = ['chk_cutovers_scope', 'chk_cutovers_phase'];
  for (const [index, change] of ofCutovers.entries())
    expect(await refusal(raw, () => raw.query(change))).toBe(refusedChanges[index]);
  const broken = new Set([
    ...Object.values(BREAKS).flatMap((breaks) => breaks.map(([constraint]) => constraint)),
    ...refusedChanges,
  ]);
  const { rows } = await raw.query(
    "SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace ORDER BY conname",
  );
  expect([...broken].sort()).toEqual(rows.map((row) => row.conname).sort());
  const edges: readonly (readonly [LedgerTable, Row])[] = [
    [
      'ohlcv_bars',
      { open: '9', close: '12', volume: '9223372036854775807', spread_ratio: '0', volume_ratio: '999999.9999' },
    ],
    ['ohlcv_bars', { timeframe: '1h', timestamp: '2024-01-02T03:45:00Z' }],
    ['ohlcv_bars', { timeframe: '1m', timestamp: '1969-12-31T23:59:00Z' }],
    ['trades', { trade_id: '#0', side: null, price: '-37.63', size: '9999999999999999.99999999' }],
    ['quotes', { bid_price: null, bid_size: null }],
    ['order_book_snapshots', { ...NO_BIDS, mid: null, spread: null, imbalance: null }],
    ['indicators', { timeframe: '1h', timestamp: '2024-01-02T03:45:00Z', value: 'null' }],
    ['trading_ranges', { duration_bars: 15, cause_factor: '2.00', strength_score: 60, phase: 'A', end_time: null }],
    ['trading_ranges', { duration_bars: 100, cause_factor: '3.00', strength_score: 100, jump_target: '99.99999999' }],
    ['audit_trail', { metadata: null }],
    ['backtest_results', { precision: '0', recall: '1', win_rate: '0', max_drawdown: '1', end_date: '2024-01-01' }],
  ];
  for (const [table, change] of edges) expect(await refusal(raw, () => insertRow(raw, table, change))).toBeUndefined();
});

test('foreign keys: ranges and patterns that are used stay, a campaign that goes leaves its signals', async () => {
  const { url } = await openTestStore();
  const raw = await openRawClient(url);
  await insertAll(raw);
  const missing = randomUUID();
  const refusals: readonly (readonly [string, string])[] = [
    [`DELETE FROM trading_ranges WHERE id = '${RANGE_ID}'`, 'fk_patterns_trading_range_id'],
    [`DELETE FROM patterns WHERE id = '${PATTERN_ID}'`, 'fk_signals_pattern_id'],
    [`UPDATE patterns SET trading_range_id = '${missing}'`, 'fk_patterns_trading_range_id'],
    [`UPDATE signals SET pattern_id = '${missing}'`, 'fk_signals_pattern_id'],
    [`UPDATE signals SET campaign_id = '${missing}'`, 'fk_signals_campaign_id'],
    [`UPDATE campaigns SET trading_range_id = '${missing}'`, 'fk_campaigns_trading_range_id'],
    [`DELETE FROM signals; DELETE FROM patterns; DELETE FROM trading_ranges`, 'fk_campaigns_trading_range_id'],
  ];
  for (const [statement, constraint] of refusals)
    expect(await refusal(raw, () => raw.query(statement))).toBe(constraint);
  await raw.query('DELETE FROM campaigns');
  const { rows } = await raw.query('SELECT id, campaign_id FROM signals');
  expect(rows).toEqual([{ id: SIGNAL_ID, campaign_id: null }]);
});

test('unique keys: bars, series, backtests, and one live campaign a range', async () => {
  const { url } = await openTestStore();
  const raw = await openRawClient(url);
  await insertAll(raw);
  const again = (table: LedgerTable, change: Row = {}) => refusal(raw, () => insertRow(raw, table, change));
  expect(await again('ohlcv_bars')).toMatch(/idx_ohlcv_symbol_timeframe$/); // a chunk's index is named for it
  expect(await again('bar_series')).toBe('idx_bar_series_symbol_timeframe');
  expect(await again('backtest_results')).toBe('idx_backtest_results_backtest_run_id_symbol_timeframe');
  expect(await again('backtest_results', { timeframe: '1h' })).toBeUndefined();
  const second = { id: randomUUID() };
  expect(await again('campaigns', second)).toBe('idx_campaigns_trading_range_id_live');
  expect(await again('campaigns', { ...second, status: 'MARKUP' })).toBe('idx_campaigns_trading_range_id_live');
  expect(await again('campaigns', { ...second, trading_range_id: null })).toBeUndefined();
  expect(await again('campaigns', { ...second, status: 'COMPLETED', completed_at: '2024-03-01' })).toBeUndefined();
  await raw.query(`UPDATE campaigns SET status = 'INVALIDATED', completed_at = now() WHERE id = '${CAMPAIGN_ID}'`);
  expect(await again('campaigns', second)).toBeUndefined();
});
