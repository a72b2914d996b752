import type { BarBlock } from '../../domain/bar-block.js';
import type { LockedEntry } from './catalog.js';
import { type MergedBars, mergeBars, NEW, REPLACED } from './merged-bars.js';
import type { StoredBars } from './stored-bars.js';

/** What is to be written of one series in a stretch of time; the three lists are places in `merged`. */
export interface StretchPlan {
  readonly entry: LockedEntry;
  readonly block: BarBlock;
  readonly merged: MergedBars;
  readonly inserted: readonly number[];
  readonly replaced: readonly number[];
  /** Stored bars whose ratios are others now. */
  readonly mended: readonly number[];
}

/**
 * Compares the bars of the block that `order` names, in time order, each instant once, with what is stored. `stored` has every bar from `low`, where
 * they begin, to their end, and up to 20 on each side.
 */
export function planStretch(
  entry: LockedEntry,
  stored: StoredBars,
  block: BarBlock,
  order: Uint32Array,
  low: number,
  replace: boolean,
): StretchPlan {
  const merged = mergeBars(stored, block, order, replace);
  const inserted: number[] = [];
  const replaced: number[] = [];
  const mended: number[] = [];
  for (let at = 0; at < merged.length; at += 1) {
    const kind = merged.kind[at];
    const origin = merged.origin[at]!;
    if (kind === NEW) inserted.push(at);
    else if (kind === REPLACED) replaced.push(at);
    else if (merged.timestamp[at]! >= low) {
      const same =
        stored.spreadRatio[origin] === merged.spreadRatio[at] && stored.volumeRatio[origin] === merged.volumeRatio[at];
      if (!same) mended.push(at);
    }
  }
  return { entry, block, merged, inserted, replaced, mended };
}
