/** The rows of `sample-ledger.json`. Keys are column names, decimals are strings, timestamps ISO 8601 with `Z`. */

export type PatternType =
  | 'SPRING'
  | 'TEST'
  | 'UTAD'
  | 'UT'
  | 'SOS'
  | 'SOW'
  | 'LPS'
  | 'LPSY'
  | 'BU'
  | 'PS'
  | 'PSY'
  | 'SC'
  | 'BC'
  | 'AR'
  | 'ST';

export interface TradingRangeRow {
  id: string;
  symbol: string;
  timeframe: string;
  start_time: string;
  /** The instant the last bar closed, so that `[start_time, end_time)` reads exactly `duration_bars` bars. */
  end_time: string | null;
  duration_bars: number;
  creek_level: string;
  ice_level: string;
  jump_target: string;
  cause_factor: string;
  range_width: string;
  phase: string;
  strength_score: number;
  touch_count_creek: number;
  touch_count_ice: number;
  deleted_at: string | null;
  version: number;
  created_at: string;
  updated_at: string;
}

export interface PatternRow {
  id: string;
  pattern_type: PatternType;
  symbol: string;
  timeframe: string;
  detection_time: string;
  pattern_bar_timestamp: string;
  confidence_score: number;
  phase: string;
  trading_range_id: string | null;
  entry_price: string;
  stop_loss: string;
  invalidation_level: string;
  volume_ratio: string;
  spread_ratio: string;
  test_confirmed: boolean;
  test_bar_timestamp: string | null;
  rejection_reason: string | null;
  metadata: Record<string, unknown>;
  metadata_version: number;
  created_at: string;
}

export type Stage = 'Volume' | 'Phase' | 'Levels' | 'Risk' | 'Strategy';
export type Verdict = 'PASS' | 'WARN' | 'FAIL';

export interface StageResult {
  stage: Stage;
  status: Verdict;
  reason?: string;
  validator_id: string;
  timestamp: string;
}

export interface ApprovalChain {
  overall_status: Verdict;
  rejection_stage?: Stage;
  rejection_reason?: string;
  warnings: string[];
  validation_results: StageResult[];
}

export interface SignalRow {
  id: string;
  signal_type: 'LONG' | 'SHORT';
  pattern_id: string;
  symbol: string;
  timeframe: string;
  generated_at: string;
  entry_price: string;
  stop_loss: string;
  target_1: string;
  target_2: string;
  position_size: string;
  risk_amount: string;
  r_multiple: string;
  confidence_score: number;
  campaign_id: string | null;
  campaign_allocation: string;
  status: 'PENDING' | 'APPROVED' | 'REJECTED' | 'FILLED' | 'STOPPED' | 'TARGET_HIT' | 'EXPIRED';
  notification_sent: boolean;
  approval_chain: ApprovalChain;
  created_at: string;
  updated_at: string;
}

export interface CampaignEntry {
  position_id: string;
  signal_id: string;
  pattern_type: PatternType;
  price: string;
  size: string;
  timestamp: string;
  stop_loss: string;
  allocation_pct: string;
  status: 'OPEN' | 'CLOSED';
  closed_at?: string;
  exit_price?: string;
}

export interface CampaignRow {
  id: string;
  symbol: string;
  timeframe: string;
  trading_range_id: string;
  status: 'ACTIVE' | 'MARKUP' | 'COMPLETED' | 'INVALIDATED';
  total_allocation: string;
  current_risk: string;
  entries: CampaignEntry[];
  average_entry: string | null;
  version: number;
  started_at: string;
  completed_at: string | null;
  created_at: string;
  updated_at: string;
}

export interface BacktestResultRow {
  id: string;
  backtest_run_id: string;
  symbol: string;
  timeframe: string;
  start_date: string;
  end_date: string;
  total_patterns_detected: number;
  true_positives: number;
  false_positives: number;
  false_negatives: number;
  precision: string;
  recall: string;
  total_signals_generated: number;
  winning_signals: number;
  losing_signals: number;
  win_rate: string;
  average_r_multiple: string;
  max_drawdown: string;
  config: Record<string, unknown>;
  look_ahead_bias_check: boolean;
  created_at: string;
}

/** Without seq, prev_hash and row_hash: the database's trigger sets them. */
export interface AuditRow {
  id: string;
  event_type: string;
  entity_type: string;
  entity_id: string;
  timestamp: string;
  actor: string;
  action: string;
  metadata: Record<string, unknown>;
  correlation_id: string;
}

/** All rows by table. Inserted in this order, every foreign key finds its row. */
export interface LedgerTables {
  trading_ranges: TradingRangeRow[];
  patterns: PatternRow[];
  campaigns: CampaignRow[];
  signals: SignalRow[];
  backtest_results: BacktestResultRow[];
  audit_trail: AuditRow[];
}
