import { LATEST_INSTANT } from '../../domain/time.js';

export const DAY = 86_400_000;

/** A stretch `[open, close)` in which bars open, in milliseconds since the epoch. */
export interface TradingSession {
  readonly open: number;
  readonly close: number;
  /** Nothing follows from a bar that is there, or that is missing: the exchange opened some minutes late, others in its country did not. */
  readonly optional?: boolean;
}

export interface CalendarDay {
  /** Ascending; none where the market is closed. */
  readonly sessions: readonly TradingSession[];
  /** Why there is no trading, or less than usual: `weekend`, `Good Friday`, `day after Thanksgiving: half day`. */
  readonly reason: string | null;
  /** No rule foretold the closure: it was ordered for this day. */
  readonly special?: boolean;
}

/** When a market trades. A day is a trading date, given as 00:00 UTC of it in milliseconds, whatever the zone of the market. */
export interface TradingCalendar {
  readonly name: string;
  /** IANA zone. */
  readonly zone: string;
  /** The trading dates that it knows, `[from, to)`; elsewhere nothing is judged. */
  readonly from: number;
  readonly to: number;
  /** Whether it knows all closures: where it does not, a day without bars may be a holiday. */
  readonly complete: boolean;
  day(date: number): CalendarDay;
}

/** Every minute of every day, in UTC: markets of crypto currencies. */
export const ALWAYS_OPEN: TradingCalendar = {
  name: '24x7',
  zone: 'UTC',
  from: -LATEST_INSTANT,
  to: LATEST_INSTANT,
  complete: true,
  day: (date) => ({ sessions: [{ open: date, close: date + DAY }], reason: null }),
};

/** 0 is Sunday. */
export function weekdayOf(date: number): number {
  return new Date(date).getUTCDay();
}

export function formatDate(date: number): string {
  return new Date(date).toISOString().slice(0, 10);
}
