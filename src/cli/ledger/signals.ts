import { LEDGER_SCHEMAS } from '../../domain/ledger-schemas.js';
import type { Signal, SignalStatus } from '../../domain/signal.js';
import { signalTable } from '../../repositories/ledger/tables/signals.js';
import { fieldsOf } from './field.js';
import type { LedgerView } from './view.js';

const field = fieldsOf<Signal>();

export const SIGNALS: LedgerView<Signal> = {
  ...{ name: 'signals', table: signalTable(LEDGER_SCHEMAS), plural: 'signals' },
  fields: [
    field.id('id', (signal) => signal.id, 'always'),
    field.text('series', (signal) => `${signal.symbol} ${signal.timeframe}`, 'always'),
    field.text('type', (signal) => signal.signalType, 'always'),
    field.text('status', (signal) => signal.status, 'always'),
    field.instant('generated', (signal) => signal.generatedAt, 'optional'),
    field.price('entry', (signal) => signal.entryPrice, 'optional'),
    field.price('stop', (signal) => signal.stopLoss, 'optional'),
    field.price('target', (signal) => signal.target2, 'optional'),
    field.multiple('R', (signal) => signal.rMultiple, 'optional'),
    field.price('first target', (signal) => signal.target1, 'optional'),
    field.amount('size', (signal) => signal.positionSize, 'optional'),
    field.money('risk', (signal) => signal.riskAmount, 'optional'),
    field.count('score', (signal) => signal.confidenceScore, 'optional'),
    field.id('pattern', (signal) => signal.patternId, 'optional'),
    field.id('campaign', (signal) => signal.campaignId, 'optional'),
    field.fraction('share of budget', (signal) => signal.campaignAllocation),
    field.flag('notified', (signal) => signal.notificationSent),
    field.instant('created', (signal) => signal.createdAt),
    field.instant('updated', (signal) => signal.updatedAt),
  ],
  documents: { approval_chain: 'Approval chain' },
  summary: (signal) => `${signal.signalType}, ${signal.status}`,
  remark:
    'The target is target_2, which R is computed to; the first target is target_1. The share of budget is ' +
    "campaign_allocation: 100% is the campaign's 5% of the portfolio.",
  latest: (store, { status, pattern, campaign, ...filter }) =>
    store.signals.latest({
      ...filter,
      ...{ status: status as SignalStatus | undefined, patternId: pattern, campaignId: campaign },
    }),
};
