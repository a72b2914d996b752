import type { Campaign, CampaignStatus } from '../../../domain/campaign.js';
import type { CampaignEntry } from '../../../domain/campaign-entry.js';
import type { CampaignId, TradingRangeId } from '../../../domain/identifier.js';
import type { Json } from '../../../domain/json.js';
import { DEFAULT_TYPE, type JsonSchemas, schemaVersionOf } from '../../../domain/json-schemas.js';
import type { MarketSymbol } from '../../../domain/symbol.js';
import type { Timeframe } from '../../../domain/timeframe.js';
import { decimal, orNull, plain } from '../column.js';
import { type LedgerTable, ledgerTable } from '../ledger-table.js';
import { decodeStored } from '../stored-json.js';

const COLUMNS = {
  id: plain<CampaignId>('id'),
  symbol: plain<MarketSymbol>('symbol'),
  timeframe: plain<Timeframe>('timeframe'),
  tradingRangeId: plain<TradingRangeId | null>('trading_range_id'),
  status: plain<CampaignStatus>('status'),
  totalAllocation: decimal('total_allocation'),
  currentRisk: decimal('current_risk'),
  entries: plain<readonly Json[]>('entries'),
  averageEntry: orNull(decimal('average_entry')),
  version: plain<number>('version'),
  startedAt: plain<Date>('started_at'),
  completedAt: plain<Date | null>('completed_at'),
  createdAt: plain<Date>('created_at'),
  updatedAt: plain<Date>('updated_at'),
};

export function campaignTable(schemas: JsonSchemas): LedgerTable<Campaign> {
  return ledgerTable<Campaign, typeof COLUMNS>({
    name: 'campaigns',
    entityType: 'CAMPAIGN',
    noun: 'campaign',
    time: 'started_at',
    columns: COLUMNS,
    decode: (row) => {
      const entries = row.entries.map((entry, index) => {
        const column = `entries.${index}`;
        return decodeStored({ table: 'campaigns', column, id: row.id }, (report) =>
          schemas.decode('campaign_entry', DEFAULT_TYPE, schemaVersionOf(entry), entry, column, report),
        ) as CampaignEntry;
      });
      return { ...row, entries };
    },
  });
}
