import { type CalendarDay, type TradingCalendar, type TradingSession, weekdayOf } from './calendar.js';
import { NYSE_CLOSURES, NYSE_INTERRUPTIONS, nyseHalfDays, nyseHolidays } from './nyse-days.js';
import { ZoneClock } from './zone-clock.js';

const ZONE = 'America/New_York';
const OPEN = 9 * 60 + 30;
const CLOSE = 16 * 60;
const EARLY_CLOSE = 13 * 60;

/** Regular hours of the New York Stock Exchange, 09:30 to 16:00 there, which the other exchanges of US shares share; 2000 to 2030. */
export function nyse(): TradingCalendar {
  const clock = new ZoneClock(ZONE);
  const years = new Map<number, { holidays: Map<number, string>; halfDays: Map<number, string> }>();
  const ofYear = (year: number) => {
    const known = years.get(year) ?? { holidays: nyseHolidays(year), halfDays: nyseHalfDays(year) };
    years.set(year, known);
    return known;
  };
  const session = (date: number, from: number, to: number): TradingSession => ({
    open: clock.instantAt(date, from),
    close: clock.instantAt(date, to),
  });
  const day = (date: number): CalendarDay => {
    const weekday = weekdayOf(date);
    if (weekday === 0 || weekday === 6) return { sessions: [], reason: 'weekend' };
    const closure = NYSE_CLOSURES.get(date);
    if (closure !== undefined) return { sessions: [], reason: closure, special: true };
    const { holidays, halfDays } = ofYear(new Date(date).getUTCFullYear());
    const holiday = holidays.get(date);
    if (holiday !== undefined) return { sessions: [], reason: holiday };
    const half = halfDays.get(date);
    if (half !== undefined) return { sessions: [session(date, OPEN, EARLY_CLOSE)], reason: `${half}: half day` };
    const interruption = NYSE_INTERRUPTIONS.get(date);
    if (interruption === undefined) return { sessions: [session(date, OPEN, CLOSE)], reason: null };
    const [from, to, reason] = interruption;
    const quiet = { ...session(date, from, to), optional: true };
    const sessions = from === OPEN ? [quiet, session(date, to, CLOSE)] : [session(date, OPEN, from), quiet];
    return { sessions, reason };
  };
  return { name: 'nyse', zone: ZONE, from: Date.UTC(2000, 0, 1), to: Date.UTC(2031, 0, 1), complete: true, day };
}
