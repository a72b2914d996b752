import { type Timeframe, timeframeDuration } from '../../domain/timeframe.js';
import type { ArrivalKind } from '../../repositories/tell-arrival.js';
import type { Change } from './read-arrivals.js';

/** Where rows of one series changed, in one stretch; both ends included, microseconds since the epoch. */
export interface ChangedWindow {
  readonly first: bigint;
  readonly last: bigint;
  /** When; undefined: all that is there now is news. */
  readonly knownFrom: readonly bigint[] | undefined;
}

/** What changed of one series. */
export interface SeriesChanges {
  readonly kind: ArrivalKind;
  readonly symbol: string;
  readonly timeframe: Timeframe | '';
  readonly deletions: readonly Change[];
  readonly windows: readonly ChangedWindow[];
}

/** Windows nearer than this to each other are read as one: microseconds, of rows without a timeframe. */
const NEAR_TICKS = 60_000_000n;
const NEAR_BARS = 100;

/** By series, in the order in which each was changed first. */
export function bySeries(changes: readonly Change[]): SeriesChanges[] {
  const series = new Map<string, Change[]>();
  for (const change of changes) {
    const name = `${change.kind} ${change.symbol} ${change.timeframe}`;
    const own = series.get(name);
    if (own) own.push(change);
    else series.set(name, [change]);
  }
  return [...series.values()].map((own) => {
    const { kind, symbol, timeframe } = own[0]!;
    const deletions = own.filter(({ deleted }) => deleted);
    // All that is left counts: an undone import leaves the bars between its own, and created_at of ticks does not say whether they came after.
    const emptied = joined(deletions, 0n).map((window) => ({ ...window, knownFrom: undefined }));
    const written = joined(
      own.filter(({ deleted }) => !deleted),
      near(timeframe),
    ).filter(({ first, last }) => !emptied.some((window) => window.first <= first && window.last >= last));
    return { kind, symbol, timeframe, deletions, windows: [...emptied, ...written] };
  });
}

function joined(changes: readonly Change[], near: bigint) {
  const sorted = [...changes].sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const windows: { first: bigint; last: bigint; knownFrom: bigint[] }[] = [];
  for (const { first, last, knownFrom } of sorted) {
    const before = windows.at(-1);
    if (before && first <= before.last + near) {
      if (last > before.last) before.last = last;
      before.knownFrom.push(knownFrom);
    } else windows.push({ first, last, knownFrom: [knownFrom] });
  }
  return windows;
}

function near(timeframe: Timeframe | ''): bigint {
  return timeframe === '' ? NEAR_TICKS : BigInt(NEAR_BARS * timeframeDuration(timeframe)) * 1000n;
}
