import { dateOf } from '../../domain/microseconds.js';
import { timeframeDuration } from '../../domain/timeframe.js';
import type { Change } from '../subscribe/read-arrivals.js';
import type { CacheEntries } from './cache-entries.js';
import type { CachedBars } from './cached-bars.js';
import type { CachedBooks } from './cached-books.js';
import { barsToHold, type CacheSettings } from './settings.js';

/** Bars to be read anew, both ends included; milliseconds since the epoch. */
export interface BarStretch {
  readonly bars: CachedBars;
  readonly low: number;
  readonly high: number;
}

/** Stretches that one statement reads, and how far apart they may lie: TimescaleDB plans every chunk in between. */
const TOGETHER = 60;
const NEAR = 2 * 86_400_000;

/** An import may bring years of bars in one change: so many times what is held to begin with are not read for it. */
const LONGEST = 2;

/**
 * What changed of the bars that are held: up to the last one, since the 20 behind a change have other ratios. `lost` are series of which bars came or went
 * in front of all that are held, or over a longer time than is worth reading: what is newest of them is to be read again.
 */
export function barStretches(
  changes: readonly Change[],
  entries: CacheEntries,
  settings: CacheSettings,
): { readonly stretches: BarStretch[]; readonly lost: Set<CachedBars> } {
  const stretches = new Map<CachedBars, { low: number; high: number }>();
  const lost = new Set<CachedBars>();
  for (const { kind, symbol, timeframe, first, last } of changes) {
    const bars = kind === 'bar' && timeframe !== '' ? entries.get(symbol)?.bars.get(timeframe) : undefined;
    if (!bars?.ready) continue;
    const [low, high] = [dateOf(first).getTime(), dateOf(last).getTime()];
    const held = bars.first ?? low;
    if (bars.whole ? low < held : bars.first === undefined) lost.add(bars);
    else if (high >= held) {
      const before = stretches.get(bars);
      const start = Math.min(Math.max(low, held), before?.low ?? Number.POSITIVE_INFINITY);
      stretches.set(bars, { low: start, high: Math.max(high, bars.last ?? high, before?.high ?? high) });
    }
  }
  for (const [bars, { low, high }] of stretches) {
    const { timeframe } = bars.key;
    if (high - low > LONGEST * barsToHold(settings, timeframe) * timeframeDuration(timeframe)) lost.add(bars);
  }
  for (const bars of lost) stretches.delete(bars);
  return { stretches: [...stretches].map(([bars, stretch]) => ({ bars, ...stretch })), lost };
}

/** Stretches of about the same time together. */
export function near(stretches: readonly BarStretch[]): BarStretch[][] {
  const sorted = [...stretches].sort((a, b) => a.low - b.low);
  const groups: BarStretch[][] = [];
  for (const stretch of sorted) {
    const group = groups.at(-1);
    const start = group?.[0]?.low ?? 0;
    if (group && group.length < TOGETHER && stretch.high - start <= NEAR) group.push(stretch);
    else groups.push([stretch]);
  }
  return groups;
}

/** From when on the books that are held are to be read anew; microseconds since the epoch. */
export function bookStretches(
  changes: readonly Change[],
  entries: CacheEntries,
): { readonly books: CachedBooks; readonly from: number }[] {
  const stretches = new Map<CachedBooks, number>();
  for (const { kind, symbol, first } of changes) {
    const books = kind === 'orderBook' ? entries.get(symbol)?.books : undefined;
    if (!books?.ready) continue;
    // What lies before all that is held may be the last book nevertheless.
    const from = Math.max(Number(first), books.since);
    stretches.set(books, Math.min(from, stretches.get(books) ?? from));
  }
  return [...stretches].map(([books, from]) => ({ books, from }));
}
