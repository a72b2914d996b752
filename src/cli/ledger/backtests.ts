import type { BacktestResult } from '../../domain/backtest-result.js';
import { LEDGER_SCHEMAS } from '../../domain/ledger-schemas.js';
import { backtestResultTable } from '../../repositories/ledger/tables/backtest-results.js';
import { fieldsOf } from './field.js';
import type { LedgerView } from './view.js';

const field = fieldsOf<BacktestResult>();

export const BACKTESTS: LedgerView<BacktestResult> = {
  ...{ name: 'backtests', table: backtestResultTable(LEDGER_SCHEMAS), plural: 'backtest results' },
  fields: [
    field.id('id', (result) => result.id, 'always'),
    field.text('series', (result) => `${result.symbol} ${result.timeframe}`, 'always'),
    field.text('from', (result) => result.startDate, 'always'),
    field.text('to', (result) => result.endDate, 'always'),
    field.fraction('win rate', (result) => result.winRate, 'optional'),
    field.multiple('mean R', (result) => result.averageRMultiple, 'optional'),
    field.fraction('precision', (result) => result.precision, 'optional'),
    field.fraction('recall', (result) => result.recall, 'optional'),
    field.fraction('drawdown', (result) => result.maxDrawdown, 'optional'),
    field.text('look-ahead', lookAhead, 'optional'),
    field.count('patterns', (result) => result.totalPatternsDetected, 'optional'),
    field.count('signals', (result) => result.totalSignalsGenerated, 'optional'),
    field.id('run', (result) => result.backtestRunId, 'optional'),
    field.count('true positives', (result) => result.truePositives),
    field.count('false positives', (result) => result.falsePositives),
    field.count('false negatives', (result) => result.falseNegatives),
    field.count('winning signals', (result) => result.winningSignals),
    field.count('losing signals', (result) => result.losingSignals),
    field.instant('recorded', (result) => result.createdAt),
  ],
  documents: { config: 'Configuration' },
  summary: (result) => `${result.startDate} to ${result.endDate}, look-ahead ${lookAhead(result)}`,
  latest: (store, { run, ...filter }) => store.backtests.latest({ ...filter, backtestRunId: run }),
};

/** Only a run that read through the as-of reader, without a violation, is clear of it. */
function lookAhead({ lookAheadBiasCheck }: BacktestResult): string {
  return lookAheadBiasCheck ? 'ruled out' : 'not ruled out';
}
