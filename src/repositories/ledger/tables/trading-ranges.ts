import type { TradingRangeId } from '../../../domain/identifier.js';
import type { Phase } from '../../../domain/phase.js';
import type { MarketSymbol } from '../../../domain/symbol.js';
import type { Timeframe } from '../../../domain/timeframe.js';
import { directionOfRange, type TradingRange } from '../../../domain/trading-range.js';
import { decimal, plain, type RowOf } from '../column.js';
import { ledgerTable } from '../ledger-table.js';

const COLUMNS = {
  id: plain<TradingRangeId>('id'),
  symbol: plain<MarketSymbol>('symbol'),
  timeframe: plain<Timeframe>('timeframe'),
  startTime: plain<Date>('start_time'),
  endTime: plain<Date | null>('end_time'),
  durationBars: plain<number>('duration_bars'),
  creekLevel: decimal('creek_level'),
  iceLevel: decimal('ice_level'),
  jumpTarget: decimal('jump_target'),
  causeFactor: decimal('cause_factor'),
  rangeWidth: decimal('range_width'),
  phase: plain<Phase>('phase'),
  strengthScore: plain<number>('strength_score'),
  touchCountCreek: plain<number>('touch_count_creek'),
  touchCountIce: plain<number>('touch_count_ice'),
  deletedAt: plain<Date | null>('deleted_at'),
  version: plain<number>('version'),
  createdAt: plain<Date>('created_at'),
  updatedAt: plain<Date>('updated_at'),
};

export const TRADING_RANGES = ledgerTable<TradingRange, typeof COLUMNS>({
  name: 'trading_ranges',
  entityType: 'TRADING_RANGE',
  noun: 'trading range',
  time: 'start_time',
  columns: COLUMNS,
  decode: complete,
  derive: complete,
});

function complete(row: RowOf<typeof COLUMNS>): TradingRange {
  const { creekLevel: supportPrice, iceLevel: resistancePrice } = row;
  return { ...row, supportPrice, resistancePrice, direction: directionOfRange(row) };
}
