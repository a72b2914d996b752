import {
  type AsOfReader,
  type BacktestResult,
  type Campaign,
  Decimal,
  type Pattern,
  type SeriesInput,
  type Store,
} from 'wyckoff-store';
import type { Period } from './engine.js';
import { ENGINE, type Idea } from './idea.js';
import { maxDrawdown, readTruth, scorePatterns, scoreRanges } from './score.js';
import { ACCOUNT } from './trade.js';

/** Holds a run against the sample's ledger and records it, with the reader as the evidence that it did not look ahead. */
export async function recordRun(
  store: Store,
  run: SeriesInput &
    Period & { readonly backtestRunId: string; readonly ideas: readonly Idea[]; readonly reader: AsOfReader },
) {
  const { symbol, timeframe, startDate, endDate, backtestRunId, ideas, reader } = run;
  const series = { symbol, timeframe };
  const truth = await readTruth(store, series);
  const bars = await store.bars.range({ ...series, from: startDate });
  const { truePositives, falsePositives, falseNegatives } = scorePatterns(ideas, truth, bars);
  const trades = ideas.flatMap((idea) => idea.trades).sort((one, other) => +one.closedAt - +other.closedAt);
  const result = await store.backtests.record({
    ...{ ...series, backtestRunId, startDate, endDate, reader },
    totalPatternsDetected: truePositives + falsePositives,
    ...{ truePositives, falsePositives, falseNegatives },
    totalSignalsGenerated: ideas.reduce((total, { signals }) => total + signals.length, 0),
    winningSignals: trades.filter(({ won }) => won).length,
    losingSignals: trades.filter(({ won }) => !won).length,
    averageRMultiple: mean(trades.map(({ rMultiple }) => rMultiple)).toDecimalPlaces(2),
    maxDrawdown: maxDrawdown(
      trades.map(({ gain, signal }) => gain.times(signal.positionSize)),
      ACCOUNT,
    ),
    config: { detector: ENGINE, account: ACCOUNT },
  });
  const campaigns = await Promise.all(ideas.map(({ range }) => store.campaigns.byRange(range.id)));
  const stories = await Promise.all(ideas.map(({ correlationId }) => store.audit.byCorrelation(correlationId)));
  return {
    ...summarise(result),
    ranges: scoreRanges(ideas, truth, bars),
    patterns: ideas.flatMap(({ patterns }) => patterns.map(summarisePattern)),
    campaigns: campaigns.flat().map(summariseCampaign),
    stories: stories.map((events) => events.map(({ eventType }) => eventType)),
    actors: [...new Set(stories.flat().map(({ actor }) => actor))],
    reads: reader.reads,
    violations: reader.violationCount,
  };
}

function summarise(result: BacktestResult) {
  return {
    symbol: result.symbol,
    detected: result.totalPatternsDetected,
    truePositives: result.truePositives,
    falsePositives: result.falsePositives,
    falseNegatives: result.falseNegatives,
    precision: result.precision.toFixed(4),
    recall: result.recall.toFixed(4),
    signals: result.totalSignalsGenerated,
    wins: result.winningSignals,
    losses: result.losingSignals,
    averageRMultiple: result.averageRMultiple.toFixed(2),
    maxDrawdown: result.maxDrawdown.toFixed(4),
    lookAheadBiasCheck: result.lookAheadBiasCheck,
  };
}

function summarisePattern({ patternType, patternBarTimestamp, testBarTimestamp, rejectionReason }: Pattern) {
  return {
    type: patternType,
    bar: dateOf(patternBarTimestamp),
    test: testBarTimestamp && dateOf(testBarTimestamp),
    rejected: rejectionReason,
  };
}

function summariseCampaign({ status, startedAt, completedAt, totalAllocation, averageEntry }: Campaign) {
  return {
    status,
    started: dateOf(startedAt),
    completed: completedAt && dateOf(completedAt),
    allocation: totalAllocation.toFixed(2),
    averageEntry: averageEntry?.toFixed(2) ?? null,
  };
}

function dateOf(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}

function mean(values: readonly Decimal[]): Decimal {
  return values.length === 0 ? new Decimal(0) : Decimal.sum(...values).div(values.length);
}
