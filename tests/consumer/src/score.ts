import { type Bar, Decimal, type Pattern, type SeriesInput, type Store, type TradingRange } from 'wyckoff-store';
import { barsBetween } from './excursion.js';
import { ENGINE, type Idea } from './idea.js';

/** What of the sample a run is held against. */
export interface Truth {
  readonly patterns: readonly Pattern[];
  readonly ranges: readonly TradingRange[];
}

export interface Score {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
}

/** A range or a pattern is found where the engine has one on the same bar, or at most so many bars away. */
const MOST_BARS_AWAY = 2;

/** The sample's springs and UTADs that held, and the ranges that its patterns are in. Not what this engine has written beside them. */
export async function readTruth(store: Store, series: SeriesInput): Promise<Truth> {
  const { rows } = await store.patterns.find({ ...series, limit: 1_000 });
  const sample = rows.filter(({ metadata }) => (metadata as { readonly detector?: unknown }).detector !== ENGINE);
  const patterns = sample.filter(
    ({ patternType, rejectionReason }) =>
      (patternType === 'SPRING' || patternType === 'UTAD') && rejectionReason === null,
  );
  const rangeIds = new Set(sample.flatMap(({ tradingRangeId }) => tradingRangeId ?? []));
  const ranges = await Promise.all([...rangeIds].map((id) => store.tradingRanges.byId(id)));
  return { patterns, ranges: ranges.filter((range) => range !== undefined) };
}

/** A pattern that the engine has rejected itself counts too: it was detected. */
export function scorePatterns(ideas: readonly Idea[], truth: Truth, bars: readonly Bar[]): Score {
  const place = ({ patternType, patternBarTimestamp }: Pattern): Place => [patternType, patternBarTimestamp];
  return score(
    ideas.flatMap(({ patterns }) => patterns.map(place)),
    truth.patterns.map(place),
    bars,
  );
}

export function scoreRanges(ideas: readonly Idea[], truth: Truth, bars: readonly Bar[]): Score {
  const place = ({ startTime }: TradingRange): Place => ['range', startTime];
  return score(
    ideas.map(({ range }) => place(range)),
    truth.ranges.map(place),
    bars,
  );
}

type Place = readonly [kind: string, at: Date];

/** Each place of the truth is found once; what finds none is a false positive. */
function score(detected: readonly Place[], truth: readonly Place[], bars: readonly Bar[]): Score {
  const missing = new Set(truth);
  for (const [kind, at] of detected) {
    const near = ([other, there]: Place) => other === kind && Math.abs(barsBetween(bars, at, there)) <= MOST_BARS_AWAY;
    const hit = [...missing].find(near);
    if (hit) missing.delete(hit);
  }
  const truePositives = truth.length - missing.size;
  return { truePositives, falsePositives: detected.length - truePositives, falseNegatives: missing.size };
}

/** The deepest fall of an account below its highest value so far, as a share of that, over trades in the order in which they were left. */
export function maxDrawdown(gains: readonly Decimal[], account: Decimal): Decimal {
  let [equity, peak, deepest] = [account, account, new Decimal(0)];
  for (const gain of gains) {
    equity = equity.plus(gain);
    peak = Decimal.max(peak, equity);
    deepest = Decimal.max(deepest, peak.minus(equity).div(peak));
  }
  return deepest.toDecimalPlaces(4);
}
