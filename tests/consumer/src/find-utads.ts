import { type Bar, Decimal, type TradingRange } from 'wyckoff-store';
import { barsBetween, endedExcursion } from './excursion.js';
import { type FoundPattern, shareOf, stopBeyond } from './found-pattern.js';

const MOST_BARS = 3;
const LARGEST_HEIGHT = new Decimal('0.05');
const LOWEST_VOLUME = new Decimal('1.2');

/**
 * An upthrust after distribution: the price closes above the resistance, by at most 5%, and by the third bar closes below it again. The last
 * buyers are caught up there, so the highest bar has much volume.
 */
export function findUtad(bars: readonly Bar[], range: TradingRange): FoundPattern | undefined {
  const { resistancePrice: resistance } = range;
  const excursion = endedExcursion(bars, ({ close }) => close.gt(resistance), MOST_BARS);
  if (!excursion) return undefined;
  const { outside, back } = excursion;
  const bar = outside.reduce((highest, next) => (next.high.gt(highest.high) ? next : highest));
  const height = bar.high.minus(resistance);
  if (height.gt(resistance.times(LARGEST_HEIGHT)) || bar.volumeRatio.lt(LOWEST_VOLUME)) return undefined;
  return {
    patternType: 'UTAD',
    direction: 'distribution',
    bar,
    entryPrice: back.close,
    stopLoss: stopBeyond(bar.high, 1),
    invalidationLevel: bar.high,
    metadata: {
      breakout_pct: shareOf(height, resistance),
      bars_to_failure: barsBetween(bars, bar.timestamp, back.timestamp),
      utad_high: bar.high,
      failure_price: back.close,
      ice_reference: resistance,
      ice_penetration: height,
    },
  };
}
