import { type Bar, Decimal, type Pattern, type TradingRange } from 'wyckoff-store';
import { barsBetween } from './excursion.js';

/** What the last bar makes of a pattern that waits for its test. */
export type Judgement = { readonly tested: true } | { readonly failed: string } | undefined;

/** A test comes this near to the level that was pierced, on less volume than this ... */
const NEAR = new Decimal('0.03');
const HIGHEST_VOLUME = new Decimal('0.7');
/** ... and within so many bars. */
const MOST_BARS = 15;

/**
 * A test goes back towards the level that a spring (or, mirrored, a UTAD) has pierced, makes no new extreme, finds nobody to carry it
 * farther, and closes inside the range.
 */
export function judgeTest(bars: readonly Bar[], pattern: Pattern, range: TradingRange): Judgement {
  const [before, today] = bars.slice(-2);
  if (!before || !today) return undefined;
  const long = pattern.patternType === 'SPRING';
  const { invalidationLevel } = pattern;
  if (long ? today.low.lt(invalidationLevel) : today.high.gt(invalidationLevel))
    return { failed: `traded beyond ${invalidationLevel}` };
  if (barsBetween(bars, pattern.patternBarTimestamp, today.timestamp) > MOST_BARS)
    return { failed: `no test within ${MOST_BARS} bars` };
  const { supportPrice: support, resistancePrice: resistance } = range;
  const comesBack = long
    ? today.low.lt(before.low) && today.low.lte(support.times(NEAR.plus(1)))
    : today.high.gt(before.high) && today.high.gte(resistance.times(new Decimal(1).minus(NEAR)));
  const holds = today.close.gte(support) && today.close.lte(resistance);
  return comesBack && holds && today.volumeRatio.lt(HIGHEST_VOLUME) ? { tested: true } : undefined;
}
