import type { Report } from '../../domain/problem.js';

/** A date, perhaps with a time of day, as a file has it: nothing is converted yet. */
export interface WrittenTime {
  /** Date and time of day as written, in milliseconds since the epoch as if they were UTC. */
  readonly local: number;
  /** What the text says that its clock is ahead of UTC, in milliseconds; undefined where it says nothing. */
  readonly offset: number | undefined;
  /** Written with slashes, and so read as month/day/year. */
  readonly slashed: boolean;
}

const ISO_TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?)?)?$/i;
const SLASHED_TIME = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: (\d{1,2}):(\d\d)(?::(\d\d))?)?$/;

const MINUTE = 60_000;
const HINT = "written as '2024-01-02', '2024-01-02 14:30', '2024-01-02T14:30:00Z' or month first as '1/2/2024 14:30'";

/**
 * Reads `YYYY-MM-DD`, with `T` or a blank and `HH:MM[:SS[.fff]]` and perhaps `Z` or an offset behind it, or `M/D/YYYY [H:MM[:SS]]`, the
 * order of the United States. A slashed date that only makes sense day first is reported as `DATE_DAY_FIRST`: then no slashed date of its
 * file can be trusted.
 */
export function readWrittenTime(value: string, path: string, report: Report): WrittenTime | undefined {
  const text = value.trim();
  const iso = ISO_TIME.exec(text);
  if (iso) {
    const [, year, month, day, hour, minute, second, fraction, zone] = iso;
    if (fraction !== undefined && /[1-9]/.test(fraction.slice(3))) {
      report({ code: 'INSTANT_TOO_FINE', path, value, rule: 'an instant has at most millisecond precision' });
      return undefined;
    }
    const local = localTime(year, month, day, hour, minute, second, fraction?.slice(0, 3).padEnd(3, '0'));
    if (local !== undefined) return { local, offset: readOffset(zone), slashed: false };
  }
  const slashed = SLASHED_TIME.exec(text);
  if (slashed) {
    const [, month, day, year, hour, minute, second] = slashed;
    const local = localTime(year, month, day, hour, minute, second);
    if (local !== undefined) return { local, offset: undefined, slashed: true };
    if (localTime(year, day, month, hour, minute, second) !== undefined) {
      const rule = 'a date with slashes is month/day/year, and there is no such month';
      const hint = 'write the dates of this file as YYYY-MM-DD: its days seem to stand before its months';
      report({ code: 'DATE_DAY_FIRST', path, value, rule, hint });
      return undefined;
    }
  }
  report({ code: 'INSTANT_INVALID', path, value, rule: 'not a date', hint: HINT });
  return undefined;
}

/** Undefined where the calendar or the clock has no such place: 30 February, 24:00, second 60. */
function localTime(...parts: (string | undefined)[]): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millisecond = 0] = parts.map((part) =>
    Number(part ?? 0),
  );
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second, millisecond);
}

function readOffset(zone: string | undefined): number | undefined {
  if (zone === undefined) return undefined;
  if (zone.toUpperCase() === 'Z') return 0;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (zone.startsWith('-') ? -minutes : minutes) * MINUTE;
}
