import type { Report } from '../../domain/problem.js';
import { LocalClock } from './local-clock.js';

/** A date, perhaps with a time of day, as a file has it: nothing is converted yet. */
export interface WrittenTime {
  /** Date and time of day as written, in milliseconds since the epoch as if they were UTC. */
  readonly local: number;
  /** What the text says that its clock is ahead of UTC, in milliseconds; undefined where it says nothing. */
  readonly offset: number | undefined;
  /** Written with slashes (or dashes) and the year last, and so read as month/day/year. */
  readonly slashed: boolean;
}

export type DateOrder = 'month-first' | 'day-first';
export type EpochUnit = 's' | 'ms' | 'us' | 'ns';

/** What a file's times do not tell themselves. */
export interface TimeForm {
  /** Of dates with the year last, `1/2/2024`: the order of the United States by default. With dots, `1.2.2024`, the day is always first. */
  readonly dates?: DateOrder | undefined;
  /** Of numbers since the epoch. By default their digits tell: 9 or 10 are seconds, 12 or 13 ms, 15 or 16 us, 18 or 19 ns. */
  readonly epoch?: EpochUnit | undefined;
}

const MINUTE = 60_000;
const TIME_OF_DAY =
  /[T ] *(?:(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?([AP]M))?|(\d\d)(\d\d)(\d\d)?)(?: ?(Z|UTC|GMT|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?| [A-Z_]+\/[A-Z_/]+))?$/i;
const YEAR_FIRST = /^(\d{4})([-./])(\d{1,2})\2(\d{1,2})$/;
const COMPACT = /^(\d{4})(\d\d)(\d\d)$/;
const YEAR_LAST = /^(\d{1,2})([-./])(\d{1,2})\2(\d{4})$/;
const MONTH_THEN_DAY = /^([A-Z]{3,9})\.? (\d{1,2}),? (\d{4})$/i;
const DAY_THEN_MONTH = /^(\d{1,2})[- ]([A-Z]{3,9})\.?,?[- ](\d{4})$/i;
const COMPACT_BOTH = /^((?:19|20)\d{6})(\d{6})$/;
/** As many digits as seconds have, which could as well be a date and a time of the year 1976 in milliseconds. */
const COMPACT_MINUTE = /^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d$/;
const EPOCH = /^-?\d{1,19}(?:\.0+)?$/;

const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const UNITS: Readonly<Record<EpochUnit, bigint>> = { s: 1_000_000_000n, ms: 1_000_000n, us: 1_000n, ns: 1n };
const UNIT_OF_DIGITS: Readonly<Record<number, EpochUnit>> = {
  9: 's',
  10: 's',
  12: 'ms',
  13: 'ms',
  15: 'us',
  16: 'us',
  18: 'ns',
  19: 'ns',
};
const HINT = "written as '2024-01-02', '2024-01-02 14:30', '2024-01-02T14:30:00Z' or month first as '1/2/2024 14:30'";
const clocks = new Map<string, LocalClock | undefined>();

/**
 * Reads a date and perhaps a time of day behind it, with perhaps an offset or the name of a zone; or a number of seconds, milli-, micro- or
 * nanoseconds since the epoch. The date is `2024-01-02` (also with dots, slashes or nothing between), `1/2/2024`, `Jan 2, 2024` or
 * `2-Jan-2024`. A date with slashes that only makes sense in the other order is reported as `DATE_DAY_FIRST`: then no such date of its file
 * can be trusted.
 */
export function readWrittenTime(
  value: string,
  path: string,
  report: Report,
  form: TimeForm = {},
): WrittenTime | undefined {
  const text = value.trim();
  const reported = { count: 0 };
  const once: Report = (problem) => {
    reported.count += 1;
    report(problem);
  };
  const isNumber = EPOCH.test(text) && (form.epoch !== undefined || !(COMPACT.test(text) || COMPACT_BOTH.test(text)));
  const time = isNumber ? readEpoch(text, path, once, form) : readCalendar(text, value, path, once, form);
  if (time === undefined && reported.count === 0) {
    report({ code: 'INSTANT_INVALID', path, value, rule: 'not a date', hint: HINT });
  }
  return time;
}

function readCalendar(
  text: string,
  value: string,
  path: string,
  report: Report,
  form: TimeForm,
): WrittenTime | undefined {
  const joined = text.replace(COMPACT_BOTH, '$1 $2');
  const order = form.dates ?? 'month-first';
  const alone = readDate(joined, order);
  const clock = alone ? null : TIME_OF_DAY.exec(joined);
  const date = clock ? readDate(joined.slice(0, clock.index), order) : alone;
  if (date === undefined) return undefined;
  const [, hour, minute, second, fraction, half, hours, minutes, seconds, zone] = clock ?? [];
  if (fraction !== undefined && /[1-9]/.test(fraction.slice(3))) {
    report({ code: 'INSTANT_TOO_FINE', path, value, rule: 'an instant has at most millisecond precision' });
    return undefined;
  }
  const ofDay = timeOfDay(hour ?? hours, minute ?? minutes, second ?? seconds, fraction, half);
  if (ofDay === undefined) return undefined;
  const { day, swapped, slashed } = date;
  if (day === undefined) {
    if (swapped === undefined) return undefined;
    const rule = 'a date with slashes is month/day/year, and there is no such month';
    const hint =
      'write the dates of this file as YYYY-MM-DD: its days seem to stand before its months (or say so with --map, "dates": "day-first")';
    report({ code: 'DATE_DAY_FIRST', path, value, rule, hint });
    return undefined;
  }
  const local = day + ofDay;
  const offset = readOffset(zone?.trim(), local, value, path, report);
  return offset === null ? undefined : { local, offset, slashed };
}

/** `day` is undefined where the calendar has no such day; `swapped` is then the day that it would be the other way round, if there is one. */
function readDate(text: string, order: DateOrder) {
  const yearFirst = YEAR_FIRST.exec(text);
  if (yearFirst) return { day: dayOf(yearFirst[1], yearFirst[3], yearFirst[4]), slashed: false };
  const compact = COMPACT.exec(text);
  if (compact) return { day: dayOf(compact[1], compact[2], compact[3]), slashed: false };
  const yearLast = YEAR_LAST.exec(text);
  if (yearLast) {
    const [, first, sign, second, year] = yearLast;
    if (sign === '.' || order === 'day-first') return { day: dayOf(year, second, first), slashed: false };
    return { day: dayOf(year, first, second), swapped: dayOf(year, second, first), slashed: true };
  }
  const named = MONTH_THEN_DAY.exec(text);
  if (named) return { day: dayOf(named[3], monthOf(named[1]!), named[2]), slashed: false };
  const dayThen = DAY_THEN_MONTH.exec(text);
  if (dayThen) return { day: dayOf(dayThen[3], monthOf(dayThen[2]!), dayThen[1]), slashed: false };
  return undefined;
}

function monthOf(name: string): string {
  const lower = name.toLowerCase();
  return String(MONTHS.findIndex((month) => month === lower || month.slice(0, 3) === lower) + 1);
}

/** Undefined where the calendar has no such day: 30 February. */
function dayOf(year: string | undefined, month: string | undefined, day: string | undefined): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day) ? date.getTime() : undefined;
}

/** Undefined where the clock has no such place: 24:00, second 60, 13 PM. */
function timeOfDay(
  hour = '0',
  minute = '0',
  second = '0',
  fraction: string | undefined,
  half: string | undefined,
): number | undefined {
  let hours = Number(hour);
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return undefined;
    hours = (hours % 12) + (half.toUpperCase() === 'PM' ? 12 : 0);
  }
  if (hours > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const milliseconds = Number((fraction ?? '').slice(0, 3).padEnd(3, '0'));
  return ((hours * 60 + Number(minute)) * 60 + Number(second)) * 1_000 + milliseconds;
}

/** Null where a zone is named that there is not, or whose clocks did not show this time just once: that is reported. */
function readOffset(
  zone: string | undefined,
  local: number,
  value: string,
  path: string,
  report: Report,
): number | undefined | null {
  if (zone === undefined) return undefined;
  if (/^(?:Z|UTC|GMT)$/i.test(zone)) return 0;
  if (zone.includes('/')) {
    const instant = clockOf(zone)?.instantOf(local, value, path, report);
    return instant === undefined ? null : local - instant;
  }
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (zone.startsWith('-') ? -minutes : minutes) * MINUTE;
}

function clockOf(zone: string): LocalClock | undefined {
  if (clocks.size > 1_000) clocks.clear(); // a broken file names anything
  if (!clocks.has(zone)) clocks.set(zone, LocalClock.isZone(zone) ? new LocalClock(zone) : undefined);
  return clocks.get(zone);
}

function readEpoch(text: string, path: string, report: Report, { epoch }: TimeForm): WrittenTime | undefined {
  const [whole = ''] = text.split('.');
  if (epoch === undefined && COMPACT_MINUTE.test(whole)) return undefined;
  const unit = epoch ?? UNIT_OF_DIGITS[whole.replace('-', '').length];
  if (unit === undefined) return undefined;
  const nanoseconds = BigInt(whole) * UNITS[unit];
  if (nanoseconds % 1_000_000n !== 0n) {
    report({ code: 'INSTANT_TOO_FINE', path, value: text, rule: 'an instant has at most millisecond precision' });
    return undefined;
  }
  return { local: Number(nanoseconds / 1_000_000n), offset: 0, slashed: false };
}
