import type { TradingRange } from '../../domain/trading-range.js';
import { TRADING_RANGES } from '../../repositories/ledger/tables/trading-ranges.js';
import { fieldsOf } from './field.js';
import { minute } from './format.js';
import type { LedgerView } from './view.js';

const field = fieldsOf<TradingRange>();

export const RANGES: LedgerView<TradingRange> = {
  ...{ name: 'ranges', table: TRADING_RANGES, plural: 'trading ranges', documents: {} },
  fields: [
    field.id('id', (range) => range.id, 'always'),
    field.text('series', (range) => `${range.symbol} ${range.timeframe}`, 'always'),
    field.bar('start', (range) => range.startTime, 'optional'),
    field.bar('end', (range) => range.endTime, 'optional'),
    field.price('support', (range) => range.supportPrice, 'always'),
    field.price('resistance', (range) => range.resistancePrice, 'always'),
    field.price('target', (range) => range.jumpTarget, 'optional'),
    field.text('phase', (range) => range.phase, 'optional'),
    field.bar('deleted', (range) => range.deletedAt, 'always'),
    field.text('direction', (range) => range.direction, 'optional'),
    field.count('bars', (range) => range.durationBars, 'optional'),
    field.count('strength', (range) => range.strengthScore, 'optional'),
    field.multiple('cause factor', (range) => range.causeFactor, 'optional'),
    field.price('width', (range) => range.rangeWidth, 'optional'),
    field.count('touches of support', (range) => range.touchCountCreek),
    field.count('touches of resistance', (range) => range.touchCountIce),
    field.count('version', (range) => range.version),
    field.instant('created', (range) => range.createdAt),
    field.instant('updated', (range) => range.updatedAt),
  ],
  summary: (range) => `${range.direction}, phase ${range.phase}, ${stateOf(range)}`,
  remark: 'The columns call the support creek_level, the resistance ice_level and the target jump_target.',
  latest: (store, { deleted, ...filter }) => store.tradingRanges.latest({ ...filter, includeDeleted: deleted }),
};

export function stateOf({ endTime, deletedAt }: TradingRange): string {
  if (deletedAt) return `deleted ${minute(deletedAt)}`;
  return endTime ? 'ended' : 'not ended';
}
