import type { BarBlock } from '../../domain/bar-block.js';
import { rollingRatios } from '../../domain/bar-ratios.js';
import type { StoredBars } from './stored-bars.js';

/** What becomes of a merged bar: it is new, it replaces the stored one, or it is the stored one. */
export const NEW = 0;
export const REPLACED = 1;
export const KEPT = 2;

/** Stored and written bars in one time order, with the ratios that each has then. */
export interface MergedBars {
  readonly length: number;
  readonly timestamp: Float64Array;
  /** An index into the block for what is new or replaced... */
  readonly index: Uint32Array;
  /** ...and into the stored bars for what is kept or replaced. */
  readonly origin: Uint32Array;
  readonly kind: Uint8Array;
  readonly spread: BigInt64Array;
  readonly spreadRatio: BigInt64Array;
  readonly volumeRatio: BigInt64Array;
}

/** `order` names the block's bars in time order, each instant once. With `replace`, one that differs from the stored bar takes its place. */
export function mergeBars(stored: StoredBars, block: BarBlock, order: Uint32Array, replace: boolean): MergedBars {
  const capacity = stored.length + order.length;
  const timestamp = new Float64Array(capacity);
  const index = new Uint32Array(capacity);
  const origin = new Uint32Array(capacity);
  const kind = new Uint8Array(capacity);
  const spread = new BigInt64Array(capacity);
  const volume = new BigInt64Array(capacity);
  let length = 0;
  let old = 0;
  let fresh = 0;
  while (old < stored.length || fresh < order.length) {
    const next = fresh < order.length ? order[fresh]! : 0;
    const oldTime = old < stored.length ? stored.timestamp[old]! : Number.POSITIVE_INFINITY;
    const freshTime = fresh < order.length ? block.timestamp[next]! : Number.POSITIVE_INFINITY;
    const written = freshTime < oldTime || (freshTime === oldTime && replace && !stored.sameValues(old, block, next));
    timestamp[length] = Math.min(oldTime, freshTime);
    index[length] = next;
    origin[length] = old;
    kind[length] = !written ? KEPT : freshTime < oldTime ? NEW : REPLACED;
    spread[length] = written ? block.high[next]! - block.low[next]! : stored.high[old]! - stored.low[old]!;
    volume[length] = written ? block.volume[next]! : stored.volume[old]!;
    length += 1;
    if (oldTime <= freshTime) old += 1;
    if (freshTime <= oldTime) fresh += 1;
  }
  const spreads = spread.subarray(0, length);
  return {
    length,
    timestamp,
    index,
    origin,
    kind,
    spread,
    spreadRatio: rollingRatios(spreads),
    volumeRatio: rollingRatios(volume.subarray(0, length)),
  };
}
