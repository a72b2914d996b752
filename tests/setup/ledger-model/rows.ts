/** The rows as domain.md has them, in a plain form: decimals and instants as text, JSON as it is stored. */

export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };
export type Document = Readonly<Record<string, Plain>>;

interface SeriesRow {
  readonly id: string;
  readonly symbol: string;
  readonly timeframe: string;
  readonly created_at: string;
}

export interface RangeRow extends SeriesRow {
  readonly start_time: string;
  readonly end_time: string | null;
  readonly duration_bars: number;
  readonly creek_level: string;
  readonly ice_level: string;
  readonly jump_target: string;
  readonly cause_factor: string;
  readonly range_width: string;
  readonly phase: string;
  readonly strength_score: number;
  readonly touch_count_creek: number;
  readonly touch_count_ice: number;
  readonly deleted_at: string | null;
  readonly version: number;
  readonly updated_at: string;
}

export interface PatternRow extends SeriesRow {
  readonly pattern_type: string;
  readonly detection_time: string;
  readonly pattern_bar_timestamp: string;
  readonly confidence_score: number;
  readonly phase: string;
  readonly trading_range_id: string | null;
  readonly entry_price: string;
  readonly stop_loss: string;
  readonly invalidation_level: string;
  readonly volume_ratio: string;
  readonly spread_ratio: string;
  readonly test_confirmed: boolean;
  readonly test_bar_timestamp: string | null;
  readonly rejection_reason: string | null;
  readonly metadata: Document;
  readonly metadata_version: number;
}

export interface SignalRow extends SeriesRow {
  readonly signal_type: string;
  readonly pattern_id: string | null;
  readonly generated_at: string;
  readonly entry_price: string;
  readonly stop_loss: string;
  readonly target_1: string;
  readonly target_2: string;
  readonly position_size: string;
  readonly risk_amount: string;
  readonly r_multiple: string;
  readonly confidence_score: number;
  readonly campaign_id: string | null;
  readonly campaign_allocation: string;
  readonly status: string;
  readonly notification_sent: boolean;
  readonly approval_chain: Document;
  readonly updated_at: string;
}

export interface EntryDocument {
  readonly [key: string]: Plain;
  readonly position_id: string;
  readonly signal_id: string;
  readonly pattern_type: string;
  readonly price: string;
  readonly size: string;
  readonly timestamp: string;
  readonly stop_loss: string;
  readonly allocation_pct: string;
  readonly status: string;
}

export interface CampaignRow extends SeriesRow {
  readonly trading_range_id: string | null;
  readonly status: string;
  readonly total_allocation: string;
  readonly current_risk: string;
  readonly entries: readonly EntryDocument[];
  readonly average_entry: string | null;
  readonly version: number;
  readonly started_at: string;
  readonly completed_at: string | null;
  readonly updated_at: string;
}

export interface BacktestRow extends SeriesRow {
  readonly backtest_run_id: string;
  readonly start_date: string;
  readonly end_date: string;
  readonly total_patterns_detected: number;
  readonly true_positives: number;
  readonly false_positives: number;
  readonly false_negatives: number;
  readonly precision: string;
  readonly recall: string;
  readonly total_signals_generated: number;
  readonly winning_signals: number;
  readonly losing_signals: number;
  readonly win_rate: string;
  readonly average_r_multiple: string;
  readonly max_drawdown: string;
  readonly config: Document;
  readonly look_ahead_bias_check: boolean;
}

export interface Tables {
  readonly trading_ranges: RangeRow;
  readonly patterns: PatternRow;
  readonly signals: SignalRow;
  readonly campaigns: CampaignRow;
  readonly backtest_results: BacktestRow;
}
export type Table = keyof Tables;
export type Row = Tables[Table];

export const TABLES: readonly Table[] = ['trading_ranges', 'patterns', 'signals', 'campaigns', 'backtest_results'];

/** Stands in a row for an instant that only the store's clock knows, until the store has answered. */
export const BY_THE_STORE = 'by the store';
