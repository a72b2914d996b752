import type { Report } from './problem.js';
import { readInstant } from './time.js';

const CALENDAR_DATE = /^\d{4}-\d\d-\d\d$/;

/** Reads a day of the calendar, of the years 1600 to 9999, as `YYYY-MM-DD`. A Date is none: which day it is depends on a time zone. */
export function readCalendarDate(value: unknown, path: string, report: Report): string | undefined {
  const date = typeof value === 'string' ? value.trim() : '';
  if (CALENDAR_DATE.test(date) && readInstant(date, path, () => {}) !== undefined) return date;
  const rule = 'not a day of the years 1600 to 9999';
  report({ code: 'DATE_INVALID', path, value, rule, hint: "write it as '2024-01-31'" });
  return undefined;
}
