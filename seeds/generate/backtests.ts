import { Decimal } from '../../src/domain/decimal.js';
import { ACTORS, TIMEFRAME } from './idea.js';
import type { Ledger } from './ledger.js';
import type { BacktestResultRow, CampaignEntry, SignalRow } from './ledger-rows.js';
import { ACCOUNT } from './signals.js';

const RECORDED_AT = '2025-01-02T06:00:00Z';

/** What the schematics show and the detector never wrote down: the second tests inside phase B. */
const MISSED_PATTERNS: Readonly<Record<string, number>> = { AAPL: 2, TSLA: 1, SPY: 1 };

/** One run over the year: a result for each symbol, counted from the ledger's own patterns, signals and positions. */
export function recordBacktests(ledger: Ledger): void {
  const runId = ledger.newId();
  const correlationId = ledger.newId();
  for (const [symbol, missed] of Object.entries(MISSED_PATTERNS)) {
    const row = resultOf(ledger, runId, symbol, missed);
    const action = `recorded the year's run of ${symbol}`;
    const occasion = { verb: 'RECORDED', at: RECORDED_AT, actor: ACTORS.backtester, action, correlationId };
    ledger.insert('backtest_results', row, occasion);
  }
}

function resultOf(ledger: Ledger, runId: string, symbol: string, missed: number): BacktestResultRow {
  const patterns = ledger.tables.patterns.filter((pattern) => pattern.symbol === symbol);
  const signals = ledger.tables.signals.filter((signal) => signal.symbol === symbol);
  const winners = signals.filter((signal) => signal.status === 'TARGET_HIT');
  const losers = signals.filter((signal) => signal.status === 'STOPPED');
  const stopped = new Set(losers.map((signal) => signal.pattern_id));
  const wrong = patterns.filter((pattern) => pattern.rejection_reason !== null || stopped.has(pattern.id)).length;
  const right = patterns.length - wrong;
  return {
    id: ledger.newId(),
    backtest_run_id: runId,
    symbol,
    timeframe: TIMEFRAME,
    start_date: '2024-01-02',
    end_date: '2024-12-31',
    total_patterns_detected: patterns.length,
    true_positives: right,
    false_positives: wrong,
    false_negatives: missed,
    precision: share(right, right + wrong),
    recall: share(right, right + missed),
    total_signals_generated: signals.length,
    winning_signals: winners.length,
    losing_signals: losers.length,
    win_rate: share(winners.length, winners.length + losers.length),
    average_r_multiple: averageR(winners, losers),
    max_drawdown: maxDrawdown(ledger, symbol),
    config: {
      detector: ACTORS.detector,
      initial_equity: ACCOUNT.toFixed(2),
      campaign_allocation_pct: '5.00',
      volume_rules: { SPRING: '0.7', SOS: '1.5', LPS: '1.0', UTAD: '1.2' },
    },
    // Nothing has proved it: the run did not read through the store's as-of reader.
    look_ahead_bias_check: false,
    created_at: RECORDED_AT,
  };
}

function share(part: number, whole: number): string {
  return (whole === 0 ? new Decimal(0) : new Decimal(part).div(whole)).toFixed(4);
}

/** A winner earned its R, a loser lost one. */
function averageR(winners: readonly SignalRow[], losers: readonly SignalRow[]): string {
  const closed = winners.length + losers.length;
  const sum = winners.reduce((total, signal) => total.plus(signal.r_multiple), new Decimal(-losers.length));
  return (closed === 0 ? new Decimal(0) : sum.div(closed)).toFixed(2);
}

/** The deepest fall of the account below its highest value so far, over the closed positions in the order they were closed. */
function maxDrawdown(ledger: Ledger, symbol: string): string {
  const isShort = new Set(ledger.tables.signals.filter((s) => s.signal_type === 'SHORT').map((s) => s.id));
  const closed = ledger.tables.campaigns
    .filter((campaign) => campaign.symbol === symbol)
    .flatMap((campaign) => campaign.entries)
    .filter((entry): entry is Required<CampaignEntry> => entry.status === 'CLOSED')
    .toSorted((one, other) => (one.closed_at < other.closed_at ? -1 : one.closed_at > other.closed_at ? 1 : 0));
  let equity = ACCOUNT;
  let peak = ACCOUNT;
  let deepest = new Decimal(0);
  for (const entry of closed) {
    const gain = new Decimal(entry.exit_price).minus(entry.price).times(entry.size);
    equity = equity.plus(isShort.has(entry.signal_id) ? gain.negated() : gain);
    peak = Decimal.max(peak, equity);
    deepest = Decimal.max(deepest, peak.minus(equity).div(peak));
  }
  return deepest.toFixed(4);
}
