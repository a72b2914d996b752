import { type Bar, Decimal, type RangeDirection } from 'wyckoff-store';

/** A trading range as the bars show it, before anything of it is stored. */
export interface FoundRange {
  /** What a climax suggests: after selling an accumulation, after buying a distribution. Phase C may tell otherwise. */
  readonly direction: RangeDirection;
  /** The bar that ended the move before the range. */
  readonly climax: Bar;
  /** Between the climax's extreme and that of the automatic rally or reaction. */
  readonly support: Decimal;
  readonly resistance: Decimal;
}

/** A climax is a wide bar on high volume ... */
const CLIMAX_RATIO = new Decimal('1.5');
/** ... at the end of a move: the extreme of this many bars, and this far from their other extreme. */
const MOVE_BARS = 30;
const MOVE_DEPTH = new Decimal('0.05');
/** The automatic rally or reaction comes within so many bars, and goes so far. */
const REACTION_BARS = 10;
const REACTION_DEPTH = new Decimal('0.03');
/** From the climax on so many bars have closed between support and resistance. */
export const LEAST_BARS = 15;

/** The range that the last bar completes, of those whose climax came after `after`; the oldest of them. */
export function findRange(bars: readonly Bar[], after: Date | undefined): FoundRange | undefined {
  for (let index = 1; index + LEAST_BARS <= bars.length; index += 1) {
    const climax = bars[index]!;
    if (after && climax.timestamp <= after) continue;
    if (climax.volumeRatio.lt(CLIMAX_RATIO) || climax.spreadRatio.lt(CLIMAX_RATIO)) continue;
    const found = rangeAfter(climax, bars.slice(Math.max(0, index - MOVE_BARS), index), bars.slice(index + 1));
    if (found) return found;
  }
  return undefined;
}

function rangeAfter(climax: Bar, before: readonly Bar[], later: readonly Bar[]): FoundRange | undefined {
  const [low, high] = [lowOf(before), highOf(before)];
  const reaction = later.slice(0, REACTION_BARS);
  const selling = climax.low.lt(low) && isFar(high, climax.low, MOVE_DEPTH);
  const buying = climax.high.gt(high) && isFar(climax.high, low, MOVE_DEPTH);
  if (!selling && !buying) return undefined;
  const found: FoundRange = selling
    ? { direction: 'accumulation', climax, support: climax.low, resistance: highOf(reaction) }
    : { direction: 'distribution', climax, support: lowOf(reaction), resistance: climax.high };
  const { support, resistance } = found;
  if (!isFar(resistance, support, REACTION_DEPTH)) return undefined;
  return later.every(({ close }) => close.gte(support) && close.lte(resistance)) ? found : undefined;
}

/** Whether `upper` lies at least the share `depth` above `lower`. */
function isFar(upper: Decimal, lower: Decimal, depth: Decimal): boolean {
  return upper.minus(lower).gte(lower.times(depth));
}

function lowOf(bars: readonly Bar[]): Decimal {
  return Decimal.min(...bars.map(({ low }) => low));
}

function highOf(bars: readonly Bar[]): Decimal {
  return Decimal.max(...bars.map(({ high }) => high));
}
