import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { readCalendarDate } from '../../domain/calendar-date.js';
import { LATEST_INSTANT } from '../../domain/time.js';
import { InvalidInputError, type Problem } from '../../errors.js';
import { type CalendarDay, type TradingCalendar, weekdayOf } from './calendar.js';
import { ZoneClock } from './zone-clock.js';

const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const HOURS = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$/;
const WHOLE_DAY = 24 * 60;

const date = z.string().refine((text) => readCalendarDate(text, '', () => {}) === text, 'a day like 2024-12-25');
const sessions = z
  .array(z.string().regex(HOURS, 'hours like 09:30-16:00, on the clock of the zone'))
  .refine(ascend, 'sessions come one after the other and do not overlap; only the last may end on the next day');

const document = z.strictObject({
  /** Default: the file's name. */
  name: z.string().min(1).max(100).optional(),
  zone: z.string().refine((zone) => isZone(zone), 'a time zone of the IANA database, like Europe/London'),
  /** By weekday, `mon` to `sun`; a weekday that is left out has none. */
  sessions: z.partialRecord(z.enum(WEEKDAYS), sessions),
  /** Days without trading, perhaps with their names. */
  holidays: z.union([z.array(date), z.record(date, z.string())]).default([]),
  /** The sessions of days that have others than their weekday. */
  halfDays: z.record(date, sessions).default({}),
  /** The days that the file knows, `[from, to)`; default: all. */
  from: date.optional(),
  to: date.optional(),
});

/**
 * Reads a trading calendar from a JSON file: `{"zone": "Europe/London", "sessions": {"mon": ["08:00-16:30"], ...}, "holidays": {"2024-12-25":
 * "Christmas"}, "halfDays": {"2024-12-24": ["08:00-12:30"]}, "from": "2024-01-01", "to": "2025-01-01"}`. A session that ends at or before the
 * hour at which it begins ends on the next day.
 *
 * @throws InvalidInputError CALENDAR_FILE_UNREADABLE, CALENDAR_FILE_INVALID
 */
export async function readCalendarFile(path: string): Promise<TradingCalendar> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw refusal([{ code: 'CALENDAR_FILE_UNREADABLE', path: '', value: path, rule: error.message }]);
  });
  const hint = '{"zone": "Europe/London", "sessions": {"mon": ["08:00-16:30"]}, "holidays": ["2024-12-25"]}';
  const invalid = (where: string, value: unknown, rule: string): Problem => ({
    ...{ code: 'CALENDAR_FILE_INVALID', path: where, value, rule },
    hint: `a calendar is a JSON object like ${hint}`,
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refusal([invalid('', path, `not JSON: ${(error as Error).message}`)]);
  }
  const parsed = document.safeParse(json);
  if (!parsed.success)
    throw refusal(parsed.error.issues.map((issue) => invalid(issue.path.join('.'), path, issue.message)));
  return toCalendar(parsed.data, basename(path));
}

function toCalendar(file: z.infer<typeof document>, fallbackName: string): TradingCalendar {
  const clock = new ZoneClock(file.zone);
  const holidays = new Map<number, string>(
    Array.isArray(file.holidays)
      ? file.holidays.map((day) => [Date.parse(day), 'holiday'])
      : Object.entries(file.holidays).map(([day, name]) => [Date.parse(day), name]),
  );
  const halfDays = new Map(Object.entries(file.halfDays).map(([day, hours]) => [Date.parse(day), hours]));
  const day = (at: number): CalendarDay => {
    const holiday = holidays.get(at);
    if (holiday !== undefined) return { sessions: [], reason: holiday };
    const half = halfDays.get(at);
    const hours = half ?? file.sessions[WEEKDAYS[weekdayOf(at)]!] ?? [];
    const open = hours.map(minutesOf).map(([from, to]) => ({
      open: clock.instantAt(at, from),
      close: clock.instantAt(at, to),
    }));
    return { sessions: open, reason: half ? 'half day' : open.length === 0 ? 'no session' : null };
  };
  const { zone, from, to } = file;
  return {
    name: file.name ?? fallbackName,
    zone,
    from: from === undefined ? -LATEST_INSTANT : Date.parse(from),
    to: to === undefined ? LATEST_INSTANT : Date.parse(to),
    complete: false,
    day,
  };
}

/** From and to in minutes of the day; `to` may lie in the next one. */
function minutesOf(hours: string): [number, number] {
  const [, fromHour, fromMinute, toHour = 24, toMinute = 0] = HOURS.exec(hours)!;
  const from = Number(fromHour) * 60 + Number(fromMinute);
  const to = Number(toHour) * 60 + Number(toMinute);
  return [from, to <= from ? to + WHOLE_DAY : to];
}

function ascend(sessionsOfDay: readonly string[]): boolean {
  if (!sessionsOfDay.every((hours) => HOURS.test(hours))) return true; // told already
  const all = sessionsOfDay.map(minutesOf);
  return all.every(([from], index) => index === 0 || from >= all[index - 1]![1]);
}

function isZone(zone: string): boolean {
  try {
    return new ZoneClock(zone) !== undefined;
  } catch {
    return false;
  }
}

function refusal(problems: readonly Problem[]): InvalidInputError {
  return new InvalidInputError(problems, 'calendar');
}
