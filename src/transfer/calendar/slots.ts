import { type Timeframe, timeframeDuration } from '../../domain/timeframe.js';
import { DAY, type TradingCalendar } from './calendar.js';

/** A place for one bar, `[start, end)`, in milliseconds since the epoch. A bar that opens inside of it fills it. */
export interface Slot {
  readonly start: number;
  readonly end: number;
  /** The trading date, as 00:00 UTC of it. */
  readonly date: number;
  /** The first and the last that the trading date has. */
  readonly first: boolean;
  readonly last: boolean;
  /** The bar may be there or not. */
  readonly optional: boolean;
}

export interface SlotRequest {
  readonly calendar: TradingCalendar;
  readonly timeframe: Timeframe;
  /** Slots that begin in `[from, to)`. */
  readonly from: number;
  readonly to: number;
  /**
   * How far behind the multiples of the timeframe's duration bars open: hourly bars of US shares open at 9:30 in New York, or at 10:00, where
   * those who make them begin with the hour. Then the first bar of a session may carry the hour or the session's opening: one slot has both.
   */
  readonly phase: number;
}

/** The bars that a calendar expects, in ascending order; none overlap. */
export function* expectedSlots({ calendar, timeframe, from, to, phase }: SlotRequest): Generator<Slot, undefined> {
  const duration = timeframeDuration(timeframe);
  // A trading date begins up to a day before the day itself, and ends up to a day behind it.
  const begin = Math.max(Math.floor(from / DAY) * DAY - DAY, calendar.from);
  const end = Math.min(to + DAY, calendar.to);
  let reached = from;
  for (let date = begin; date < end; date += DAY) {
    const { sessions } = calendar.day(date);
    const lastSession = sessions.at(-1);
    if (!lastSession) continue;
    // A 1d bar carries 00:00 UTC of its trading date, and the sessions only say whether there is one.
    if (duration === DAY) {
      if (date < from || date >= to) continue;
      yield { start: date, end: date + DAY, date, first: true, last: true, optional: false };
      continue;
    }
    let first = true;
    for (const session of sessions) {
      const { open, close, optional = false } = session;
      for (let start = open - behindGrid(open, duration, phase); start < close; start += duration) {
        const slotEnd = start + duration;
        if (start >= reached && start < to) {
          reached = slotEnd;
          // One literal, and no array of them: a series of years has millions.
          yield { start, end: slotEnd, date, first, last: session === lastSession && slotEnd >= close, optional };
        }
        first = false;
      }
    }
  }
  return undefined;
}

/** How far an instant lies behind the grid on which bars open. */
export function behindGrid(at: number, duration: number, phase: number): number {
  return (((at - phase) % duration) + duration) % duration;
}
