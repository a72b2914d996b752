import {
  type Bar,
  closeOf,
  type Decimal,
  type Pattern,
  projectRange,
  type Signal,
  type TradingRange,
  type Transaction,
} from 'wyckoff-store';
import { barsBetween } from './excursion.js';
import { type FoundRange, LEAST_BARS } from './find-ranges.js';
import { findSpring } from './find-springs.js';
import { findUtad } from './find-utads.js';
import type { FoundPattern } from './found-pattern.js';
import { judgeTest } from './judge-test.js';
import { followOrder, followPosition, order, type Position, type Trade } from './trade.js';

export const ENGINE = 'engine/1.0';

/**
 * One trading range and all that comes of it. It never changes: what an evening makes of it is another one, which counts only when the
 * evening's transaction was committed.
 */
export interface Idea {
  /** Ties its events together in the audit trail. */
  readonly correlationId: string;
  readonly range: TradingRange;
  /** Every SPRING and UTAD that was written, as it is now. */
  readonly patterns: readonly Pattern[];
  readonly signals: readonly Signal[];
  /** The pattern that waits for its test. */
  readonly candidate?: Pattern | undefined;
  /** The approved signal that waits for its price. */
  readonly waiting?: Signal | undefined;
  readonly position?: Position | undefined;
  readonly trades: readonly Trade[];
}

/** A range holds patterns of at most so many bars, and a price that has closed outside longer than any spring has left it. */
const MOST_BARS = 100;
const MOST_BARS_OUTSIDE = 5;

/** Whether bars can still change it: its range lasts, or a position of its is open. */
export function isAlive({ range, waiting, position }: Idea): boolean {
  return range.endTime === null || waiting !== undefined || position !== undefined;
}

/** Writes a range that the last bar completed. */
export async function openIdea(
  tx: Transaction,
  correlationId: string,
  bars: readonly Bar[],
  found: FoundRange,
): Promise<Idea> {
  const { climax, direction, support, resistance } = found;
  const today = bars.at(-1)!;
  const range = await tx.tradingRanges.create({
    symbol: climax.symbol,
    timeframe: climax.timeframe,
    startTime: climax.timestamp,
    phase: 'B',
    strengthScore: 70,
    ...projectRange({
      direction,
      creekLevel: support,
      iceLevel: resistance,
      durationBars: barsBetween(bars, climax.timestamp, today.timestamp) + 1,
    }),
  });
  return { correlationId, range, patterns: [], signals: [], trades: [] };
}

/** What the last bar makes of an idea, written as known when that bar had closed. First the money, then the range, then what is new in it. */
export async function follow(tx: Transaction, idea: Idea, bars: readonly Bar[]): Promise<Idea> {
  // The bar that fills an order may go on to its stop.
  let next = await followOrder(tx, idea, bars);
  next = await followPosition(tx, next, bars);
  if (next.range.endTime !== null) return next;
  next = await judgeCandidate(tx, next, bars);
  if (hasLeft(next.range, bars)) return leave(tx, next, bars);
  return next.candidate ? next : lookForPattern(tx, next, bars);
}

async function judgeCandidate(tx: Transaction, idea: Idea, bars: readonly Bar[]): Promise<Idea> {
  const { candidate, range } = idea;
  const judgement = candidate && judgeTest(bars, candidate, range);
  if (!judgement) return idea;
  const today = bars.at(-1)!;
  if ('failed' in judgement) return withPattern(idea, await tx.patterns.reject(candidate.id, judgement.failed));
  const confirmedAt = closeOf(today.timestamp, today.timeframe);
  const pattern = await tx.patterns.confirmTest(candidate.id, today.timestamp, { confirmedAt });
  return order(tx, withPattern(idea, pattern), pattern, today);
}

/** The candidate is one no longer: it was confirmed or rejected. */
function withPattern(idea: Idea, changed: Pattern): Idea {
  const patterns = idea.patterns.map((pattern) => (pattern.id === changed.id ? changed : pattern));
  return { ...idea, patterns, candidate: undefined };
}

async function lookForPattern(tx: Transaction, idea: Idea, bars: readonly Bar[]): Promise<Idea> {
  const found = findSpring(bars, idea.range) ?? findUtad(bars, idea.range);
  if (!found) return idea;
  const range = await enterPhaseC(tx, idea.range, found, bars);
  const { bar, patternType, entryPrice, stopLoss, invalidationLevel, metadata } = found;
  const { symbol, timeframe, volumeRatio, spreadRatio, timestamp } = bar;
  const candidate = await tx.patterns.create({
    ...{ symbol, timeframe, patternType, entryPrice, stopLoss, invalidationLevel, volumeRatio, spreadRatio },
    detectionTime: closeOf(bars.at(-1)!.timestamp, timeframe),
    patternBarTimestamp: timestamp,
    confidenceScore: 75,
    phase: 'C',
    tradingRangeId: range.id,
    // The store keeps keys beside its own: so the engine's patterns can be told from those of others.
    metadata: { ...metadata, detector: ENGINE },
  });
  return { ...idea, range, candidate, patterns: [...idea.patterns, candidate] };
}

/** The pattern says where the range leads, whatever the climax suggested. */
function enterPhaseC(
  tx: Transaction,
  range: TradingRange,
  { direction }: FoundPattern,
  bars: readonly Bar[],
): Promise<TradingRange> {
  const { id, version, creekLevel, iceLevel, startTime } = range;
  const durationBars = barsBetween(bars, startTime, bars.at(-1)!.timestamp) + 1;
  const levels = projectRange({ direction, creekLevel, iceLevel, durationBars });
  return tx.tradingRanges.updateLevels(id, { version, phase: 'C', ...levels });
}

/** Whether more bars than a spring may take have closed outside, or the range is too old. */
function hasLeft(range: TradingRange, bars: readonly Bar[]): boolean {
  const latest = bars.slice(-MOST_BARS_OUTSIDE - 1);
  const left = latest.every((bar) => !isInside(range, bar.close));
  return left || barsBetween(bars, range.startTime, bars.at(-1)!.timestamp) + 1 >= MOST_BARS;
}

function isInside({ supportPrice, resistancePrice }: TradingRange, price: Decimal): boolean {
  return price.gte(supportPrice) && price.lte(resistancePrice);
}

/** The range ended with the last bar that closed in it. A campaign that waited for this is in its markup (or markdown) now. */
async function leave(tx: Transaction, idea: Idea, bars: readonly Bar[]): Promise<Idea> {
  const { candidate, position } = idea;
  const { id, version, startTime } = idea.range;
  const left = candidate ? withPattern(idea, await tx.patterns.reject(candidate.id, 'the price has left')) : idea;
  const last = bars.findLast((bar) => isInside(idea.range, bar.close))!;
  const range = await tx.tradingRanges.close(id, {
    version,
    phase: 'E',
    durationBars: Math.max(LEAST_BARS, barsBetween(bars, startTime, last.timestamp) + 1),
    endTime: closeOf(last.timestamp, last.timeframe),
  });
  if (position?.campaign.status !== 'ACTIVE') return { ...left, range };
  const campaign = await tx.campaigns.toMarkup(position.campaign.id, { version: position.campaign.version });
  return { ...left, range, position: { ...position, campaign } };
}
