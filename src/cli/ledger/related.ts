/** What a row of the ledger belongs to, and what belongs to it. */
import type { BacktestResult } from '../../domain/backtest-result.js';
import type { Campaign } from '../../domain/campaign.js';
import type { Pattern } from '../../domain/pattern.js';
import type { SeriesKey } from '../../domain/series.js';
import type { Signal } from '../../domain/signal.js';
import type { TradingRange } from '../../domain/trading-range.js';
import type { LedgerRow } from '../../repositories/ledger/ledger-table.js';
import { readAllPages } from '../../repositories/ledger/page.js';
import type { Store } from '../../store.js';
import { BACKTESTS } from './backtests.js';
import { CAMPAIGNS } from './campaigns.js';
import { PATTERNS } from './patterns.js';
import { RANGES } from './ranges.js';
import { SIGNALS } from './signals.js';
import { type LedgerView, printRows } from './view.js';

export interface Related {
  readonly heading: string;
  readonly count: number;
  readonly print: () => Promise<unknown>;
}

export async function relatedToRange(store: Store, { id }: TradingRange): Promise<Related[]> {
  return [
    rows('Its patterns', PATTERNS, await store.patterns.byRange(id)),
    rows('Its campaigns', CAMPAIGNS, await store.campaigns.byRange(id)),
  ];
}

export async function relatedToPattern(store: Store, { id, tradingRangeId }: Pattern): Promise<Related[]> {
  const signals = await readAllPages((page) => store.signals.find({ patternId: id, ...page }));
  return [await rangeOf(store, tradingRangeId), rows('Its signals', SIGNALS, signals)];
}

export async function relatedToSignal(store: Store, { patternId, campaignId }: Signal): Promise<Related[]> {
  const pattern = patternId === null ? undefined : await store.patterns.byId(patternId);
  const campaign = campaignId === null ? undefined : await store.campaigns.byId(campaignId);
  return [
    rows('Its pattern', PATTERNS, pattern ? [pattern] : []),
    await rangeOf(store, pattern?.tradingRangeId ?? null),
    rows('Its campaign', CAMPAIGNS, campaign ? [campaign] : []),
  ];
}

export async function relatedToCampaign(store: Store, { id, tradingRangeId }: Campaign): Promise<Related[]> {
  const signals = await readAllPages((page) => store.signals.find({ campaignId: id, ...page }));
  return [await rangeOf(store, tradingRangeId), rows('Its signals', SIGNALS, signals)];
}

export async function relatedToBacktest(store: Store, { id, backtestRunId }: BacktestResult): Promise<Related[]> {
  const results = await store.backtests.byRun(backtestRunId);
  return [
    rows(
      'Other results of its run',
      BACKTESTS,
      results.filter((result) => result.id !== id),
    ),
  ];
}

/** A row goes on belonging to a range that was deleted. */
async function rangeOf(store: Store, id: string | null): Promise<Related> {
  const range = id === null ? undefined : await store.tradingRanges.byId(id, { includeDeleted: true });
  return rows('Its trading range', RANGES, range ? [range] : []);
}

function rows<Entity extends LedgerRow & SeriesKey>(
  heading: string,
  view: LedgerView<Entity>,
  entities: readonly Entity[],
): Related {
  return { heading, count: entities.length, print: () => printRows(view, entities) };
}
