import type { Campaign, CampaignStatus } from '../../domain/campaign.js';
import { openOf } from '../../domain/campaign-totals.js';
import { LEDGER_SCHEMAS } from '../../domain/ledger-schemas.js';
import { campaignTable } from '../../repositories/ledger/tables/campaigns.js';
import { fieldsOf } from './field.js';
import type { LedgerView } from './view.js';

const field = fieldsOf<Campaign>();

export const CAMPAIGNS: LedgerView<Campaign> = {
  ...{ name: 'campaigns', table: campaignTable(LEDGER_SCHEMAS), plural: 'campaigns' },
  fields: [
    field.id('id', (campaign) => campaign.id, 'always'),
    field.text('series', (campaign) => `${campaign.symbol} ${campaign.timeframe}`, 'always'),
    field.text('status', (campaign) => campaign.status, 'always'),
    field.instant('started', (campaign) => campaign.startedAt, 'optional'),
    field.text('open', openEntries, 'always'),
    field.percent('allocation', (campaign) => campaign.totalAllocation, 'optional'),
    field.money('risk', (campaign) => campaign.currentRisk, 'optional'),
    field.price('average entry', (campaign) => campaign.averageEntry, 'optional'),
    field.instant('completed', (campaign) => campaign.completedAt, 'optional'),
    field.id('range', (campaign) => campaign.tradingRangeId, 'optional'),
    field.count('version', (campaign) => campaign.version),
    field.instant('created', (campaign) => campaign.createdAt),
    field.instant('updated', (campaign) => campaign.updatedAt),
  ],
  documents: { entries: 'Entries' },
  summary: (campaign) => `${campaign.status}, ${openEntries(campaign)} positions open`,
  remark: 'Allocation (per cent of the portfolio), risk and average entry are those of the open positions.',
  latest: (store, { status, range, ...filter }) =>
    store.campaigns.latest({ ...filter, status: status as CampaignStatus | undefined, tradingRangeId: range }),
};

function openEntries({ entries }: Campaign): string {
  return `${openOf(entries).length} of ${entries.length}`;
}
