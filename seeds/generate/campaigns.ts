import { Decimal } from '../../src/domain/decimal.js';
import { ACTORS, atEvening, type Idea, priceText, TIMEFRAME } from './idea.js';
import type { CampaignEntry, CampaignRow } from './ledger-rows.js';
import type { Range } from './ranges.js';

export function openCampaign(idea: Idea, range: Range, at: string): CampaignRow {
  const row: CampaignRow = {
    id: idea.ledger.newId(),
    symbol: idea.series.symbol,
    timeframe: TIMEFRAME,
    trading_range_id: range.row.id,
    status: 'ACTIVE',
    ...totals([]),
    version: 1,
    started_at: at,
    completed_at: null,
    created_at: at,
    updated_at: at,
  };
  const action = 'opened with the first fill of the range';
  idea.ledger.insert('campaigns', row, { ...atFill(idea, at), verb: 'OPENED', action });
  return row;
}

export function addEntry(idea: Idea, campaign: CampaignRow, entry: CampaignEntry): void {
  const action = `added the ${entry.pattern_type} position`;
  change(idea, campaign, totals([...campaign.entries, entry]), {
    ...atFill(idea, entry.timestamp),
    verb: 'ENTRY_ADDED',
    action,
  });
}

export function closeEntry(idea: Idea, campaign: CampaignRow, signalId: string, date: string, exitPrice: string): void {
  const occasion = atEvening(idea, date, 'settle', 'broker', 'ENTRY_CLOSED', `closed the position at ${exitPrice}`);
  const entries = campaign.entries.map(
    (entry): CampaignEntry =>
      entry.signal_id === signalId
        ? { ...entry, status: 'CLOSED', closed_at: occasion.at, exit_price: exitPrice }
        : entry,
  );
  change(idea, campaign, totals(entries), occasion);
}

/** The price has left the range the right way: markup, or for short ones markdown. */
export function turnToMarkup(idea: Idea, campaign: CampaignRow, date: string, action: string): void {
  const occasion = atEvening(idea, date, 'turnCampaign', 'detector', 'MARKUP_STARTED', action);
  change(idea, campaign, { status: 'MARKUP' }, occasion);
}

export function completeCampaign(idea: Idea, campaign: CampaignRow, date: string): void {
  const occasion = atEvening(idea, date, 'complete', 'broker', 'COMPLETED', 'every position is closed');
  change(idea, campaign, { status: 'COMPLETED', completed_at: occasion.at }, occasion);
}

/** The share of the portfolio that is open in the campaign, in per cent. */
export function openAllocation(campaign: CampaignRow | undefined): Decimal {
  return new Decimal(campaign?.total_allocation ?? 0);
}

function change(
  idea: Idea,
  campaign: CampaignRow,
  columns: Partial<CampaignRow>,
  occasion: ReturnType<typeof atEvening>,
): void {
  const after = { ...columns, version: campaign.version + 1, updated_at: occasion.at };
  idea.ledger.change('campaigns', campaign, after, occasion);
}

/** The columns that follow from the entries: only OPEN ones count. */
function totals(
  entries: CampaignEntry[],
): Pick<CampaignRow, 'total_allocation' | 'current_risk' | 'entries' | 'average_entry'> {
  const open = entries.filter((entry) => entry.status === 'OPEN');
  const sum = (of: (entry: CampaignEntry) => Decimal) =>
    open.reduce((total, entry) => total.plus(of(entry)), new Decimal(0));
  const size = sum((entry) => new Decimal(entry.size));
  const cost = sum((entry) => new Decimal(entry.price).times(entry.size));
  return {
    total_allocation: sum((entry) => new Decimal(entry.allocation_pct)).toFixed(2),
    current_risk: priceText(sum((entry) => new Decimal(entry.price).minus(entry.stop_loss).abs().times(entry.size))),
    entries,
    average_entry: open.length === 0 ? null : cost.div(size).toFixed(8),
  };
}

function atFill(idea: Idea, at: string) {
  return { at, actor: ACTORS.broker, correlationId: idea.correlationId };
}
