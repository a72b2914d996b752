import type { Bar } from './bar.js';

/** A bar made of the bars of a finer series that open in its bucket, which reaches from its timestamp to its timeframe's duration after it, in UTC. */
export interface ResampledBar extends Omit<Bar, 'source' | 'createdAt'> {
  /** sum(vwap x volume) / sum(volume), 8 decimals half-up; null unless every bar of the bucket with a volume has one. */
  readonly vwap: Bar['vwap'];
  /** How many bars it is made of; 0 where it was invented to fill a gap. */
  readonly sourceBars: number;
}

/**
 * What stands where a bucket has no bars: nothing, or a flat bar at the close before it, with volume 0 and no VWAP. Its ratios are those of its
 * zero spread and volume to the mean of the up to 20 real bars before it: 0, or 1 where that mean is 0 too. A flat bar is never counted
 * in a mean, so real bars have the same ratios with and without it.
 */
export type Fill = 'none' | 'previous';
