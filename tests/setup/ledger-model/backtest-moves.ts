import { halfUp, printUnits, readUnits } from './amounts.js';
import type { Document } from './rows.js';
import { isId, isWhole, LARGEST_INT, readSeries } from './values.js';
import type { Created, Kind, Outcome, Values, World } from './world.js';

export function recordBacktest(world: World, input: Values): Outcome {
  const row = readBacktest(input);
  const taken = [...world.rows.backtest_results.values()].some(
    (other) =>
      other.backtest_run_id === row?.backtest_run_id &&
      other.symbol === row.symbol &&
      other.timeframe === row.timeframe,
  );
  const objections = new Set<Kind>(taken ? ['Conflict'] : []);
  return world.create('backtest_results', input, row, 'BACKTEST_RESULT_RECORDED', objections);
}

function readBacktest(input: Values): Created<'backtest_results'> | undefined {
  const series = readSeries(input);
  const { id, backtestRunId: runId, startDate, endDate, config } = input;
  if (!series || !isId(id) || !isId(runId) || !isDate(startDate) || !isDate(endDate) || endDate < startDate)
    return undefined;
  const {
    totalPatternsDetected: detected,
    truePositives: right,
    falsePositives: wrong,
    falseNegatives: missed,
  } = input;
  const { totalSignalsGenerated: signals, winningSignals: won, losingSignals: lost } = input;
  if (!isCount(detected) || !isCount(right) || !isCount(wrong) || !isCount(missed)) return undefined;
  if (!isCount(signals) || !isCount(won) || !isCount(lost)) return undefined;
  if (right + wrong !== detected || won + lost > signals) return undefined;
  if (['precision', 'recall', 'winRate', 'lookAheadBiasCheck'].some((name) => input[name] !== undefined))
    return undefined;
  const r = readUnits(input.averageRMultiple, 2, 4);
  const drawdown = readUnits(input.maxDrawdown, 4, 2);
  if (r === undefined || drawdown === undefined || drawdown < 0n || drawdown > 10_000n) return undefined;
  return {
    ...{ id, backtest_run_id: runId, ...series, start_date: startDate, end_date: endDate },
    ...{ total_patterns_detected: detected, true_positives: right, false_positives: wrong, false_negatives: missed },
    ...{ precision: share(right, wrong), recall: share(right, missed), win_rate: share(won, lost) },
    ...{ total_signals_generated: signals, winning_signals: won, losing_signals: lost },
    ...{ average_r_multiple: printUnits(r, 2), max_drawdown: printUnits(drawdown, 4) },
    ...{ config: config as Document, look_ahead_bias_check: false },
  };
}

/** part / (part + rest), half-up to 4 decimals; 0 where nothing was counted. */
function share(part: number, rest: number): string {
  return part + rest === 0 ? '0' : printUnits(halfUp(BigInt(part) * 10_000n, BigInt(part) + BigInt(rest)), 4);
}

function isCount(value: unknown): value is number {
  return isWhole(value, 0, LARGEST_INT);
}

function isDate(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value));
}
