import type { ScaledBar } from './bar.js';

/** Stands for a missing VWAP in an integer column; no NUMERIC(18,8) comes near it. */
export const NO_PRICE = -(2n ** 63n);

const FIRST_CAPACITY = 1024;

/**
 * Bars of one series as growing columns of integers: the form in which bars are validated, compared, imported and written. Prices are
 * x 10^8, volumes x 10^volumeScale, timestamps milliseconds since the epoch.
 */
export class BarBlock {
  length = 0;
  timestamp: Float64Array;
  open: BigInt64Array;
  high: BigInt64Array;
  low: BigInt64Array;
  close: BigInt64Array;
  volume: BigInt64Array;
  /** {@link NO_PRICE} where there is none. */
  vwap: BigInt64Array;
  readonly source: (string | null)[] = [];
  /** Where each bar stood in its source: a position in the batch from 0, or a line of the file from 1. */
  origin: Float64Array;

  constructor(expectedLength = FIRST_CAPACITY) {
    const capacity = Math.max(expectedLength, 1); // growing doubles it, and twice nothing is nothing
    this.timestamp = new Float64Array(capacity);
    this.origin = new Float64Array(capacity);
    this.open = new BigInt64Array(capacity);
    this.high = new BigInt64Array(capacity);
    this.low = new BigInt64Array(capacity);
    this.close = new BigInt64Array(capacity);
    this.volume = new BigInt64Array(capacity);
    this.vwap = new BigInt64Array(capacity);
  }

  push(bar: ScaledBar, origin: number): void {
    if (this.length === this.timestamp.length) this.resize(this.length * 2);
    const index = this.length;
    this.timestamp[index] = bar.timestamp;
    this.open[index] = bar.open;
    this.high[index] = bar.high;
    this.low[index] = bar.low;
    this.close[index] = bar.close;
    this.volume[index] = bar.volume;
    this.vwap[index] = bar.vwap ?? NO_PRICE;
    this.source[index] = bar.source;
    this.origin[index] = origin;
    this.length = index + 1;
  }

  vwapAt(index: number): bigint | null {
    const vwap = this.vwap[index]!;
    return vwap === NO_PRICE ? null : vwap;
  }

  /** Whether the bars at two indices (of this block and another) have the same values; instants and origins are not compared. */
  sameValues(index: number, other: BarBlock, otherIndex: number): boolean {
    return (
      this.close[index] === other.close[otherIndex] &&
      this.volume[index] === other.volume[otherIndex] &&
      this.open[index] === other.open[otherIndex] &&
      this.high[index] === other.high[otherIndex] &&
      this.low[index] === other.low[otherIndex] &&
      this.vwap[index] === other.vwap[otherIndex] &&
      this.source[index] === other.source[otherIndex]
    );
  }

  /** The indices in time order; bars of one instant stay in the order in which they came. */
  timeOrder(): Uint32Array {
    const order = new Uint32Array(this.length);
    let sorted = true;
    for (let index = 0; index < this.length; index += 1) {
      order[index] = index;
      if (index > 0 && this.timestamp[index]! < this.timestamp[index - 1]!) sorted = false;
    }
    return sorted ? order : order.sort((a, b) => this.timestamp[a]! - this.timestamp[b]! || a - b);
  }

  /** Makes every column `capacity` bars long. */
  resize(capacity: number): void {
    this.timestamp = resized(this.timestamp, capacity);
    this.origin = resized(this.origin, capacity);
    this.open = resized(this.open, capacity);
    this.high = resized(this.high, capacity);
    this.low = resized(this.low, capacity);
    this.close = resized(this.close, capacity);
    this.volume = resized(this.volume, capacity);
    this.vwap = resized(this.vwap, capacity);
  }
}

/** A copy of the column with another length: cut, or filled up with zeros. */
export function resized<T extends Float64Array | BigInt64Array>(from: T, length: number): T {
  const to = from instanceof Float64Array ? new Float64Array(length) : new BigInt64Array(length);
  to.set((from.length > length ? from.subarray(0, length) : from) as never);
  return to as T;
}
