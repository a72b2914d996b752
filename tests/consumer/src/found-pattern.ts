import { type Bar, Decimal, type PatternMetadata, type RangeDirection } from 'wyckoff-store';
import { PRICE } from 'wyckoff-store/domain';

interface Found<Type extends keyof PatternMetadata> {
  readonly patternType: Type;
  /** Where such a pattern says that its range leads. */
  readonly direction: RangeDirection;
  /** The bar that it is on. The last bar read is the one that completed it. */
  readonly bar: Bar;
  readonly entryPrice: Decimal;
  readonly stopLoss: Decimal;
  readonly invalidationLevel: Decimal;
  readonly metadata: PatternMetadata[Type];
}

/** What the detectors answer. */
export type FoundPattern = Found<'SPRING'> | Found<'UTAD'>;

/** A stop lies this share of the price beyond the extreme whose break proves the pattern wrong. */
const STOP_BUFFER = new Decimal('0.005');
const SHARE_DECIMALS = 6;

/** Above the extreme (1) or below it (-1). The store never rounds: so a price is rounded here to the decimals that it has there. */
export function stopBeyond(extreme: Decimal, side: 1 | -1): Decimal {
  return extreme.plus(extreme.times(STOP_BUFFER).times(side)).toDecimalPlaces(PRICE.scale);
}

export function shareOf(part: Decimal, whole: Decimal): Decimal {
  return part.div(whole).toDecimalPlaces(SHARE_DECIMALS);
}
