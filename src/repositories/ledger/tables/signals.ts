import { type ApprovalChain, decodeApprovalChain, encodeApprovalChain } from '../../../domain/approval-chain.js';
import type { CampaignId, PatternId, SignalId } from '../../../domain/identifier.js';
import type { Json } from '../../../domain/json.js';
import type { JsonSchemas } from '../../../domain/json-schemas.js';
import type { Direction } from '../../../domain/pattern-types.js';
import type { Signal, SignalStatus } from '../../../domain/signal.js';
import type { MarketSymbol } from '../../../domain/symbol.js';
import type { Timeframe } from '../../../domain/timeframe.js';
import { type Column, decimal, plain } from '../column.js';
import { type LedgerTable, ledgerTable } from '../ledger-table.js';
import { decodeStored } from '../stored-json.js';

const approvalChain: Column<Json> = {
  ...plain<Json>('approval_chain'),
  write: (chain) => encodeApprovalChain(chain as ApprovalChain | null),
};

const COLUMNS = {
  id: plain<SignalId>('id'),
  signalType: plain<Direction>('signal_type'),
  patternId: plain<PatternId | null>('pattern_id'),
  symbol: plain<MarketSymbol>('symbol'),
  timeframe: plain<Timeframe>('timeframe'),
  generatedAt: plain<Date>('generated_at'),
  entryPrice: decimal('entry_price'),
  stopLoss: decimal('stop_loss'),
  target1: decimal('target_1'),
  target2: decimal('target_2'),
  positionSize: decimal('position_size'),
  riskAmount: decimal('risk_amount'),
  rMultiple: decimal('r_multiple'),
  confidenceScore: plain<number>('confidence_score'),
  campaignId: plain<CampaignId | null>('campaign_id'),
  campaignAllocation: decimal('campaign_allocation'),
  status: plain<SignalStatus>('status'),
  notificationSent: plain<boolean>('notification_sent'),
  approvalChain,
  createdAt: plain<Date>('created_at'),
  updatedAt: plain<Date>('updated_at'),
};

export function signalTable(schemas: JsonSchemas): LedgerTable<Signal> {
  return ledgerTable<Signal, typeof COLUMNS>({
    name: 'signals',
    entityType: 'SIGNAL',
    noun: 'signal',
    time: 'generated_at',
    columns: COLUMNS,
    decode: (row) => {
      const place = { table: 'signals', column: 'approval_chain', id: row.id };
      const chain = decodeStored(place, (report) =>
        decodeApprovalChain(row.approvalChain, 'approval_chain', schemas, report),
      );
      return { ...row, approvalChain: chain as ApprovalChain | null };
    },
  });
}
