import type { Report } from '../../../domain/problem.js';
import { LocalClock } from '../local-clock.js';
import type { Tally } from './tick-source.js';

const DAY = 86_400_000;
const NEW_YORK = 'America/New_York';

/** How a file's times of day become instants. */
export interface DayOptions {
  /** `2013-10-07`. */
  readonly date: string;
  /** IANA zone; that of New York by default. */
  readonly timezone?: string | undefined;
  /** Cuts what is finer than a microsecond, and counts it; otherwise it is rejected. */
  readonly round?: boolean | undefined;
}

/** One date on the clock of a time zone. What the clock skips or shows twice on it is reported, as everywhere. */
export class LocalDay {
  readonly date: string;
  readonly zone: string;
  readonly #clock: LocalClock;
  readonly #midnight: number;
  /** Undefined where the clock is set near this day: then each time is asked for. */
  readonly #offset: number | undefined;
  readonly #round: boolean;

  /** @throws InvalidInputError `TIMEZONE_UNKNOWN` */
  constructor({ date, timezone = NEW_YORK, round = false }: DayOptions) {
    this.date = date;
    this.zone = timezone;
    this.#clock = new LocalClock(timezone);
    this.#midnight = Date.parse(`${date}T00:00:00Z`);
    this.#offset = this.#clock.offsetOfDay(this.#midnight);
    this.#round = round;
  }

  /**
   * The instant, in microseconds since the epoch, at which the clock shows this many milliseconds after midnight, and nanoseconds of the next.
   * `text` is how the file has it.
   */
  instantOf(milliseconds: number, nanoseconds: number, text: string, tally: Tally, report: Report): bigint | undefined {
    if (milliseconds >= DAY) {
      report({ code: 'INSTANT_INVALID', path: 'timestamp', value: text, rule: 'a time of day is below 24 hours' });
      return undefined;
    }
    const local = this.#midnight + milliseconds;
    const instant =
      this.#offset === undefined ? this.#clock.instantOf(local, text, 'timestamp', report) : local - this.#offset;
    if (instant === undefined) return undefined;
    const microseconds = BigInt(instant) * 1000n;
    if (nanoseconds === 0) return microseconds;
    if (nanoseconds % 1000 !== 0) {
      if (!this.#round) {
        const rule = 'an instant has at most microsecond precision';
        const hint = 'pass --round, which cuts what is finer, and counts it';
        report({ code: 'INSTANT_TOO_FINE', path: 'timestamp', value: text, rule, hint });
        return undefined;
      }
      tally.cut += 1;
    }
    return microseconds + BigInt(Math.trunc(nanoseconds / 1000));
  }
}

/** A date that the calendar has, or undefined. Eight digits, or with hyphens. */
export function readDate(text: string): string | undefined {
  const [, year, month, day] = /^(\d{4})-?(\d\d)-?(\d\d)$/.exec(text) ?? [];
  if (year === undefined) return undefined;
  const date = `${year}-${month}-${day}`;
  const instant = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(date) ? date : undefined;
}
