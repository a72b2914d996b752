import { type BacktestResult, type BacktestRunId, configTypeOf } from '../../../domain/backtest-result.js';
import type { BacktestResultId } from '../../../domain/identifier.js';
import type { Json } from '../../../domain/json.js';
import { type JsonSchemas, schemaVersionOf } from '../../../domain/json-schemas.js';
import type { MarketSymbol } from '../../../domain/symbol.js';
import type { Timeframe } from '../../../domain/timeframe.js';
import { date, decimal, plain } from '../column.js';
import { type LedgerTable, ledgerTable } from '../ledger-table.js';
import { decodeStored } from '../stored-json.js';

const COLUMNS = {
  id: plain<BacktestResultId>('id'),
  backtestRunId: plain<BacktestRunId>('backtest_run_id'),
  symbol: plain<MarketSymbol>('symbol'),
  timeframe: plain<Timeframe>('timeframe'),
  startDate: date('start_date'),
  endDate: date('end_date'),
  totalPatternsDetected: plain<number>('total_patterns_detected'),
  truePositives: plain<number>('true_positives'),
  falsePositives: plain<number>('false_positives'),
  falseNegatives: plain<number>('false_negatives'),
  precision: decimal('precision'),
  recall: decimal('recall'),
  totalSignalsGenerated: plain<number>('total_signals_generated'),
  winningSignals: plain<number>('winning_signals'),
  losingSignals: plain<number>('losing_signals'),
  winRate: decimal('win_rate'),
  averageRMultiple: decimal('average_r_multiple'),
  maxDrawdown: decimal('max_drawdown'),
  config: plain<Json>('config'),
  lookAheadBiasCheck: plain<boolean>('look_ahead_bias_check'),
  createdAt: plain<Date>('created_at'),
};

export function backtestResultTable(schemas: JsonSchemas): LedgerTable<BacktestResult> {
  return ledgerTable<BacktestResult, typeof COLUMNS>({
    name: 'backtest_results',
    entityType: 'BACKTEST_RESULT',
    noun: 'backtest result',
    time: 'created_at',
    columns: COLUMNS,
    decode: (row) => {
      const { config } = row;
      const decoded = decodeStored({ table: 'backtest_results', column: 'config', id: row.id }, (report) =>
        schemas.decode('backtest_config', configTypeOf(config), schemaVersionOf(config), config, 'config', report),
      );
      return { ...row, config: decoded };
    },
  });
}
