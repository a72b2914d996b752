import { NO_PRICE } from './bar-block.js';
import { type Decimal, formatScaled, fromScaled } from './decimal.js';
import type { SeriesKey } from './series.js';

/** A column of exact decimals: `values[i] / 10^scale`. */
export class DecimalColumn {
  /** The integers. */
  readonly values: BigInt64Array;
  /** How many decimals they have. */
  readonly scale: number;

  constructor(values: BigInt64Array, scale: number) {
    this.values = values;
    this.scale = scale;
  }

  /** The exact value, or null where the bar has none (only VWAP can be missing). */
  at(index: number): Decimal | null {
    const value = this.values[index];
    if (value === undefined) throw new RangeError(`no bar ${index}: there are ${this.values.length}`);
    return value === NO_PRICE ? null : fromScaled(value, this.scale);
  }

  /** A new array of the doubles nearest to the exact values, NaN where there is none; for indicators, never to be stored. */
  toFloat64(): Float64Array {
    const floats = new Float64Array(this.values.length);
    const divisor = 10 ** this.scale;
    for (let index = 0; index < floats.length; index += 1) {
      const value = this.values[index]!;
      const float = Number(value);
      if (value === NO_PRICE) floats[index] = Number.NaN;
      // Both operands are exact below 2^53, so the quotient is the nearest double; above, the text's reading is.
      else if (Number.isSafeInteger(float)) floats[index] = float / divisor;
      else floats[index] = Number(formatScaled(value, this.scale));
    }
    return floats;
  }
}

/** Bars of one series as exact columns, oldest first. */
export interface BarColumns extends SeriesKey {
  /** How many bars. */
  readonly length: number;
  /** Opening instants, milliseconds since the epoch (UTC). */
  readonly timestamp: Float64Array;
  /** Prices, scale 8. */
  readonly open: DecimalColumn;
  readonly high: DecimalColumn;
  readonly low: DecimalColumn;
  readonly close: DecimalColumn;
  /** Its scale is the series' volume scale. */
  readonly volume: DecimalColumn;
  readonly spread: DecimalColumn;
  /** Scale 4. */
  readonly spreadRatio: DecimalColumn;
  readonly volumeRatio: DecimalColumn;
  /** Scale 8; may lack values. */
  readonly vwap: DecimalColumn;
}
