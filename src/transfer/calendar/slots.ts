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
    const slots = slotsOf(calendar, date, duration, phase);
    for (const [index, { start, optional }] of slots.entries()) {
      if (start < reached || start >= to) continue;
      reached = start + duration;
      yield {
        ...{ start, end: reached, date, optional },
        first: index === 0,
        last: index === slots.length - 1,
      };
    }
  }
  return undefined;
}

/** A 1d bar carries 00:00 UTC of its trading date, and the sessions only say whether there is one. */
function slotsOf(calendar: TradingCalendar, date: number, duration: number, phase: number) {
  const { sessions } = calendar.day(date);
  const slots: { start: number; optional: boolean }[] = [];
  if (duration === DAY) return sessions.length > 0 ? [{ start: date, optional: false }] : slots;
  for (const { open, close, optional = false } of sessions) {
    const behind = (((open - phase) % duration) + duration) % duration;
    for (let start = open - behind; start < close; start += duration) slots.push({ start, optional });
  }
  return slots;
}
