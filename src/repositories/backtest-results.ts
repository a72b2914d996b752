import { toDatabaseError } from '../database/sqlstate.js';
import {
  type BacktestResult,
  type BacktestResultDraft,
  type BacktestRunId,
  type NewBacktestResult,
  readNewBacktestResult,
} from '../domain/backtest-result.js';
import { readId } from '../domain/identifier.js';
import type { JsonSchemas } from '../domain/json-schemas.js';
import type { Report } from '../domain/problem.js';
import { compareSeries, type SeriesKey } from '../domain/series.js';
import { LATEST_INSTANT } from '../domain/time.js';
import { timeframeDuration } from '../domain/timeframe.js';
import { ConflictError } from '../errors.js';
import { AsOfReader } from './bars/as-of-reader.js';
import { Batch, type BatchOptions } from './ledger/batch.js';
import type { LedgerFilter, ReadFilter } from './ledger/filter.js';
import { insertRows } from './ledger/insert-rows.js';
import { LedgerRepository } from './ledger/ledger-repository.js';
import type { LedgerSession } from './ledger/ledger-session.js';
import { readAllPages } from './ledger/page.js';
import { backtestResultTable } from './ledger/tables/backtest-results.js';
import type { Where } from './ledger/where.js';

/** A result, and the reader through which the run saw the market; without one, the result is not checked for look-ahead. */
export interface RecordedBacktest extends NewBacktestResult {
  /** `store.asOf(...)`, after the run. */
  readonly reader?: AsOfReader | undefined;
}

/** Which results. */
export interface BacktestFilter extends LedgerFilter {
  readonly backtestRunId?: string | undefined;
}

type CheckedResult = BacktestResultDraft & Pick<BacktestResult, 'lookAheadBiasCheck'>;

/** What some runs found on one series, in the order in which the runs were named; null where a run has no result for it. */
export interface BacktestComparison extends SeriesKey {
  readonly results: readonly (BacktestResult | null)[];
}

/** The results of backtests, ordered by when they were recorded, which is what `from` and `to` of a filter are about. They never change. */
export class BacktestResultRepository extends LedgerRepository<BacktestResult, BacktestFilter> {
  readonly #schemas: JsonSchemas;

  constructor(session: LedgerSession, schemas: JsonSchemas) {
    super(session, backtestResultTable(schemas));
    this.#schemas = schemas;
  }

  /**
   * Records what a run found on one series. Precision, recall and win rate are computed, and so is lookAheadBiasCheck: it is true only if the
   * run read this series through the given reader and asked it for nothing that it could not have known.
   *
   * @throws InvalidInputError, ConflictError ID_CONFLICT, BACKTEST_RECORDED where the run has a result for the series already
   * @example
   * import { newId } from 'wyckoff-store';
   *
   * const reader = store.asOf('2024-01-02');
   * for (const day of ['2024-03-01', '2024-06-01', '2024-12-31']) {
   *   reader.advanceTo(day);
   *   const bars = await reader.latest({ symbol: 'AAPL', timeframe: '1d', limit: 60 }); // what the detector looks at
   * }
   * const result = await store.backtests.record({
   *   backtestRunId: newId(),
   *   symbol: 'AAPL',
   *   timeframe: '1d',
   *   startDate: '2024-01-01',
   *   endDate: '2024-12-31',
   *   totalPatternsDetected: 14,
   *   truePositives: 9,
   *   falsePositives: 5,
   *   falseNegatives: 3,
   *   totalSignalsGenerated: 8,
   *   winningSignals: 5,
   *   losingSignals: 3,
   *   averageRMultiple: '1.85',
   *   maxDrawdown: '0.0820',
   *   config: { detector: 'spring/1.4', minConfidence: 80 },
   *   reader, // it read what it could have known: the result is checked for look-ahead
   * });
   */
  async record(input: RecordedBacktest): Promise<BacktestResult> {
    return (await this.#record(Batch.of('backtest result', input, (one, report) => this.#read(one, report))))[0]!;
  }

  /**
   * Records many, all or none.
   *
   * @throws as {@link record}, naming every bad row by its position
   * @example
   * import { newId } from 'wyckoff-store';
   *
   * const result = {
   *   backtestRunId: newId(),
   *   timeframe: '1d',
   *   startDate: '2024-01-01',
   *   endDate: '2024-12-31',
   *   totalPatternsDetected: 14,
   *   truePositives: 9,
   *   falsePositives: 5,
   *   falseNegatives: 3,
   *   totalSignalsGenerated: 8,
   *   winningSignals: 5,
   *   losingSignals: 3,
   *   averageRMultiple: '1.85',
   *   maxDrawdown: '0.0820',
   *   config: { detector: 'spring/1.4', minConfidence: 80 },
   * } as const;
   * const results = await store.backtests.recordMany([
   *   { ...result, symbol: 'AAPL' },
   *   { ...result, symbol: 'MSFT' },
   * ]);
   */
  async recordMany(inputs: Iterable<RecordedBacktest>, options: BatchOptions = {}): Promise<BacktestResult[]> {
    return this.#record(Batch.read('backtest results', inputs, options, (one, report) => this.#read(one, report)));
  }

  /**
   * Every result of a run, by series.
   *
   * @example
   * const results = await store.backtests.byRun(backtestRunId);
   */
  async byRun(backtestRunId: string): Promise<BacktestResult[]> {
    const results = await readAllPages((page) => this.find({ backtestRunId, ...page }));
    return results.sort(compareSeries);
  }

  /**
   * Runs side by side: a line for each series that any of them has a result for, with a place for each run.
   *
   * @example
   * for (const { symbol, results } of await store.backtests.compare([backtestRunId, otherRunId])) {
   *   const [before, after] = results;
   *   console.log(symbol, before?.winRate.toFixed(4), after?.winRate.toFixed(4));
   * }
   */
  async compare(backtestRunIds: readonly string[]): Promise<BacktestComparison[]> {
    const lines = new Map<string, { readonly key: SeriesKey; readonly results: (BacktestResult | null)[] }>();
    for (const [place, runId] of backtestRunIds.entries()) {
      for (const result of await this.byRun(runId)) {
        const { symbol, timeframe } = result;
        const name = `${symbol} ${timeframe}`;
        const line = lines.get(name) ?? { key: { symbol, timeframe }, results: backtestRunIds.map(() => null) };
        line.results[place] = result;
        lines.set(name, line);
      }
    }
    return [...lines.values()].map(({ key, results }) => ({ ...key, results })).sort(compareSeries);
  }

  #read(input: RecordedBacktest, report: Report): CheckedResult | undefined {
    const draft = readNewBacktestResult(input, this.#schemas, report);
    return draft && { ...draft, lookAheadBiasCheck: isLookAheadFree(draft, input.reader) };
  }

  #record(batch: Batch<CheckedResult>): Promise<BacktestResult[]> {
    return this.session.insert(async (client, tell) => {
      const { entities, events } = await insertRows(client, this.table, batch.drafts, {
        eventType: 'BACKTEST_RESULT_RECORDED',
        action: (result) => `recorded ${result.symbol} ${result.timeframe}, ${result.startDate} to ${result.endDate}`,
      }).catch(recordedAlready);
      tell(events);
      return entities;
    });
  }

  protected override narrow(filter: BacktestFilter, where: Where, read: ReadFilter): void {
    where.and('backtest_run_id = ?', read('backtestRunId', filter.backtestRunId, readId<BacktestRunId>));
  }
}

/** Whether the run read its series, over its period, through a reader of the store, and asked it for nothing that it could not have known. */
function isLookAheadFree(draft: BacktestResultDraft, reader: unknown): boolean {
  if (!(reader instanceof AsOfReader)) return false;
  const { symbol, timeframe, startDate, endDate } = draft;
  // The end date is the last day of the run.
  const end = Math.min(Date.parse(endDate) + timeframeDuration('1d'), LATEST_INSTANT);
  return reader.vouchesFor({ symbol, timeframe, from: startDate, to: new Date(end) });
}

function recordedAlready(error: unknown): never {
  const typed = toDatabaseError(error) as { readonly constraint?: unknown; readonly detail?: unknown };
  if (typed.constraint !== 'idx_backtest_results_backtest_run_id_symbol_timeframe') throw error;
  throw new ConflictError('BACKTEST_RECORDED', `the run has a result for this series already: ${typed.detail}`, {
    hint: 'a run is recorded once; give another one an id of its own',
    cause: error,
  });
}
