/** The 2024 calendar of the New York Stock Exchange, as the exchange published it. */

const HOLIDAYS: ReadonlySet<string> = new Set([
  '2024-01-01', // New Year's Day
  '2024-01-15', // Martin Luther King, Jr. Day
  '2024-02-19', // Washington's Birthday
  '2024-03-29', // Good Friday
  '2024-05-27', // Memorial Day
  '2024-06-19', // Juneteenth
  '2024-07-04', // Independence Day
  '2024-09-02', // Labor Day
  '2024-11-28', // Thanksgiving Day
  '2024-12-25', // Christmas Day
]);

/** Sessions that end at 13:00 in New York. They are trading days like any other, with about half the volume. */
const HALF_DAYS: ReadonlySet<string> = new Set(['2024-07-03', '2024-11-29', '2024-12-24']);

const FIRST_SUMMER_DAY = '2024-03-10';
const FIRST_WINTER_DAY = '2024-11-03';

const DAY_MS = 86_400_000;

/** All 252 trading dates of 2024 as `YYYY-MM-DD`, oldest first. */
export const TRADING_DAYS: readonly string[] = listTradingDays();

function listTradingDays(): string[] {
  const days: string[] = [];
  for (let ms = Date.UTC(2024, 0, 1); ms < Date.UTC(2025, 0, 1); ms += DAY_MS) {
    const instant = new Date(ms);
    const date = instant.toISOString().slice(0, 10);
    const isWeekend = instant.getUTCDay() === 0 || instant.getUTCDay() === 6;
    if (!isWeekend && !HOLIDAYS.has(date)) days.push(date);
  }
  return days;
}

export function isHalfDay(date: string): boolean {
  return HALF_DAYS.has(date);
}

/** Position of a trading date in `TRADING_DAYS`; throws for any other date, so that a typing error in a schematic is found at once. */
export function tradingDayIndex(date: string): number {
  const index = TRADING_DAYS.indexOf(date);
  if (index < 0) throw new RangeError(`${date} is not an NYSE trading day of 2024`);
  return index;
}

/** The trading date `sessions` after `date`, undefined beyond the year's end. */
export function tradingDayAfter(date: string, sessions = 1): string | undefined {
  return TRADING_DAYS[tradingDayIndex(date) + sessions];
}

/** When the session opens: 09:30 in New York, as an ISO instant in UTC, `minutes` later when asked. */
export function sessionOpen(date: string, minutes = 0): string {
  const isSummer = date >= FIRST_SUMMER_DAY && date < FIRST_WINTER_DAY;
  return instant(date, (isSummer ? 13 : 14) * 60 + 30 + minutes);
}

/** An instant after the day's bar has closed (00:00 UTC of the next day), `minutes` later: the earliest an honest detector can have seen it. */
export function afterClose(date: string, minutes: number): string {
  return instant(date, 24 * 60 + minutes);
}

function instant(date: string, minutesAfterMidnight: number): string {
  const ms = Date.parse(`${date}T00:00:00Z`) + minutesAfterMidnight * 60_000;
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
