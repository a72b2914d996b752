import { Decimal, PRICE, readDecimal } from '../../domain/decimal.js';

/** Where values that do not fit are rounded (half-up) rather than rejected. It comes before every check, and is counted. */
export interface Rounding {
  /** Prices with more than 8 decimals. */
  readonly round: boolean;
  /** Volumes with more decimals than their series keeps. */
  readonly volume: 'exact' | 'round';
}

export interface Rounded {
  /** As it was where it has no more than `places` decimals, or is no number: others say so. */
  readonly text: string;
  readonly rounded: boolean;
}

export function roundPrice(text: string, { round }: Rounding): Rounded {
  return round ? roundText(text, PRICE.scale) : { text, rounded: false };
}

export function roundVolume(text: string, places: number, { volume }: Rounding): Rounded {
  return volume === 'round' ? roundText(text, places) : { text, rounded: false };
}

function roundText(text: string, places: number): Rounded {
  const decimal = readDecimal(text, '', () => {});
  if (decimal === undefined || decimal.decimalPlaces() <= places) return { text, rounded: false };
  return { text: decimal.toDecimalPlaces(places, Decimal.ROUND_HALF_UP).toFixed(), rounded: true };
}
