import { type Bar, Decimal, type TradingRange } from 'wyckoff-store';
import { barsBetween, endedExcursion } from './excursion.js';
import { type FoundPattern, shareOf, stopBeyond } from './found-pattern.js';

const MOST_BARS = 5;
const LARGEST_DEPTH = new Decimal('0.05');
const HIGHEST_VOLUME = new Decimal('0.7');

/**
 * A spring: the price closes below the support, by at most 5%, and by the fifth bar closes above it again. Nobody sells down there, so the
 * lowest bar has little volume.
 */
export function findSpring(bars: readonly Bar[], range: TradingRange): FoundPattern | undefined {
  const { supportPrice: support } = range;
  const excursion = endedExcursion(bars, ({ close }) => close.lt(support), MOST_BARS);
  if (!excursion) return undefined;
  const { outside, back } = excursion;
  const bar = outside.reduce((lowest, next) => (next.low.lt(lowest.low) ? next : lowest));
  const depth = support.minus(bar.low);
  if (depth.gt(support.times(LARGEST_DEPTH)) || bar.volumeRatio.gte(HIGHEST_VOLUME)) return undefined;
  return {
    patternType: 'SPRING',
    direction: 'accumulation',
    bar,
    entryPrice: back.close,
    stopLoss: stopBeyond(bar.low, -1),
    invalidationLevel: bar.low,
    metadata: {
      penetration_pct: shareOf(depth, support),
      recovery_bars: barsBetween(bars, bar.timestamp, back.timestamp),
      spring_low: bar.low,
      recovery_price: back.close,
      creek_reference: support,
      creek_distance: depth,
    },
  };
}
