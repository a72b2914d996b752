import type { SeriesKey } from '../../domain/series.js';

/**
 * What a gap most likely is. `thin trading`: nobody traded in these minutes, as in many others of the series. `outage`: whoever recorded the
 * bars was away. `holiday?`, `early close?`, `late open?`: the calendar does not know all of them, and this may be one. `no newer bars`: the series ends
 * before the end that was asked for.
 */
export type GapReason = 'thin trading' | 'outage' | 'holiday?' | 'early close?' | 'late open?' | 'no newer bars';

/** Bars that are missing one after the other, with none between them: those that would open in `[from, to)`. */
export interface Gap {
  readonly from: Date;
  readonly to: Date;
  readonly bars: number;
  readonly reason: GapReason;
}

/** Bars where the calendar has no session, one after the other: from the first to the last, both included. */
export interface ExtraBars {
  readonly first: Date;
  readonly last: Date;
  readonly bars: number;
  /** `weekend`, the name of a holiday, `outside of the session`, `another bar of its hour`. */
  readonly reason: string;
}

/** Trading dates `from` to `to`, both included, on which the market was closed by an order: what is missing there is no gap. */
export interface Closure {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

export interface GapReport extends SeriesKey {
  readonly calendar: string;
  /** What in the series' own bars made this calendar the likely one; null where the caller named it. */
  readonly guessedBy: string | null;
  /** What was judged, `[from, to)`. Nothing is missing before the first bar of a series. */
  readonly from: Date;
  readonly to: Date;
  /** Bars that are there, in what was judged. */
  readonly bars: number;
  /** Bars that the calendar has there. */
  readonly expected: number;
  readonly missing: number;
  /** By their reason: how many gaps, and how many bars are missing in them. */
  readonly reasons: Readonly<Partial<Record<GapReason, { readonly gaps: number; readonly bars: number }>>>;
  /** Oldest first; the first `limit`. */
  readonly gaps: readonly Gap[];
  readonly extra: number;
  /** Oldest first; the first `limit`. */
  readonly extraBars: readonly ExtraBars[];
  readonly closures: readonly Closure[];
  /** What lies outside of the years that the calendar knows, and how many bars there are in it. */
  readonly notJudged: readonly { readonly from: Date; readonly to: Date; readonly bars: number }[];
}
