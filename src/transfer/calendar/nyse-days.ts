import { DAY, weekdayOf } from './calendar.js';

/**
 * The days on which the New York Stock Exchange is closed, or closes early, by its rules; 2000 to 2030. Sources: NYSE Rule 7.2 and the exchange's
 * published lists (https://www.nyse.com/markets/hours-calendars), checked day by day against the calendars of exchange_calendars and
 * pandas_market_calendars.
 */

const [SUNDAY, MONDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY] = [0, 1, 3, 4, 5, 6];

/** The holidays of a year by date, as 00:00 UTC of it. */
export function nyseHolidays(year: number): Map<number, string> {
  const newYear = Date.UTC(year, 0, 1);
  return new Map<number, string>([
    // On a Saturday it is not made up for: the last day of a year is a day of business.
    ...(weekdayOf(newYear) === SATURDAY ? [] : [[sundayToMonday(newYear), "New Year's Day"] as const]),
    [nth(year, 0, MONDAY, 3), 'Martin Luther King Jr. Day'],
    [nth(year, 1, MONDAY, 3), "Washington's Birthday"],
    [easterSunday(year) - 2 * DAY, 'Good Friday'],
    [nth(year, 5, MONDAY, 1) - 7 * DAY, 'Memorial Day'],
    ...(year < 2022 ? [] : [[nearestWeekday(Date.UTC(year, 5, 19)), 'Juneteenth'] as const]),
    [nearestWeekday(Date.UTC(year, 6, 4)), 'Independence Day'],
    [nth(year, 8, MONDAY, 1), 'Labor Day'],
    [thanksgiving(year), 'Thanksgiving Day'],
    [nearestWeekday(Date.UTC(year, 11, 25)), 'Christmas Day'],
  ]);
}

/** The days that end at 13:00, where they are no holidays. */
export function nyseHalfDays(year: number): Map<number, string> {
  const halfDays = new Map([[thanksgiving(year) + DAY, 'the day after Thanksgiving']]);
  const [third, fifth, christmasEve] = [Date.UTC(year, 6, 3), Date.UTC(year, 6, 5), Date.UTC(year, 11, 24)];
  const weekday = weekdayOf(third);
  // Independence Day on a Thursday: until 2012 the Friday behind it was the half day, since 2013 it is the Wednesday before.
  if ((weekday >= MONDAY && weekday <= THURSDAY && weekday !== WEDNESDAY) || (weekday === WEDNESDAY && year >= 2013))
    halfDays.set(third, 'the day before Independence Day');
  if (weekdayOf(fifth) === FRIDAY && year < 2013) halfDays.set(fifth, 'the day after Independence Day');
  // On a Friday it is the holiday itself.
  if (weekdayOf(christmasEve) >= MONDAY && weekdayOf(christmasEve) <= THURSDAY)
    halfDays.set(christmasEve, 'Christmas Eve');
  if (year === 2003) halfDays.set(Date.UTC(2003, 11, 26), 'the day after Christmas');
  return halfDays;
}

/** Closures that no rule foretold, by date. */
export const NYSE_CLOSURES: ReadonlyMap<number, string> = new Map(
  (
    [
      ['2001-09-11', 'the attacks of 11 September 2001'],
      ['2001-09-12', 'the attacks of 11 September 2001'],
      ['2001-09-13', 'the attacks of 11 September 2001'],
      ['2001-09-14', 'the attacks of 11 September 2001'],
      ['2004-06-11', 'mourning for President Reagan'],
      ['2007-01-02', 'mourning for President Ford'],
      ['2012-10-29', 'Hurricane Sandy'],
      ['2012-10-30', 'Hurricane Sandy'],
      ['2018-12-05', 'mourning for President George H. W. Bush'],
      ['2025-01-09', 'mourning for President Carter'],
    ] as const
  ).map(([date, reason]) => [Date.parse(date), reason]),
);

/** Days whose session was cut at one end: `[from, to)` in minutes of the day of what was not traded there. Nasdaq traded in some of it. */
export const NYSE_INTERRUPTIONS: ReadonlyMap<number, readonly [from: number, to: number, reason: string]> = new Map(
  (
    [
      ['2001-09-17', 9 * 60 + 30, 9 * 60 + 33, 'a moment of silence for the victims of 11 September'],
      ['2001-10-08', 9 * 60 + 30, 9 * 60 + 31, 'a moment of silence for the troops'],
      ['2002-09-11', 9 * 60 + 30, 12 * 60, 'the anniversary of 11 September'],
      ['2003-03-20', 9 * 60 + 30, 9 * 60 + 32, 'a moment of silence for the troops'],
      ['2004-06-07', 9 * 60 + 30, 9 * 60 + 32, 'a moment of silence for President Reagan'],
      ['2005-06-01', 15 * 60 + 56, 16 * 60, 'a failure of its systems'],
      ['2006-12-27', 9 * 60 + 30, 9 * 60 + 32, 'a moment of silence for President Ford'],
    ] as const
  ).map(([date, from, to, reason]) => [Date.parse(date), [from, to, reason]]),
);

function thanksgiving(year: number): number {
  return nth(year, 10, THURSDAY, 4);
}

/** The nth such weekday of a month (0 is January). */
function nth(year: number, month: number, weekday: number, n: number): number {
  const first = Date.UTC(year, month, 1);
  return first + (((weekday - weekdayOf(first) + 7) % 7) + 7 * (n - 1)) * DAY;
}

function nearestWeekday(date: number): number {
  if (weekdayOf(date) === SATURDAY) return date - DAY;
  return sundayToMonday(date);
}

function sundayToMonday(date: number): number {
  return weekdayOf(date) === SUNDAY ? date + DAY : date;
}

/** The anonymous Gregorian computus, as printed in New Scientist, 30 March 1961. */
function easterSunday(year: number): number {
  const a = year % 19;
  const [b, c] = [Math.floor(year / 100), year % 100];
  const [d, e] = [Math.floor(b / 4), b % 4];
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - d - g + 15) % 30;
  const [i, k] = [Math.floor(c / 4), c % 4];
  const l = (32 + 2 * e + 2 * i - h - k) % 7;
  const m = Math.floor((a + 11 * h + 19 * l) / 433);
  const month = Math.floor((h + l - 7 * m + 90) / 25);
  return Date.UTC(year, month - 1, (h + l - 7 * m + 33 * month + 19) % 32);
}
