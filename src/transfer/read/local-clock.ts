import { IANAZone } from 'luxon';
import type { Report } from '../../domain/problem.js';
import { InvalidInputError } from '../../errors.js';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** The clock of a time zone, asked the way a file asks it: which instant is this local time? luxon answers, but chooses silently where the
 * clock skips or repeats an hour. Local times are milliseconds since the epoch as if they were UTC. */
export class LocalClock {
  readonly zone: string;
  readonly #zone: IANAZone;

  static isZone(zone: string): boolean {
    return IANAZone.isValidZone(zone);
  }

  /** @throws InvalidInputError `TIMEZONE_UNKNOWN` */
  constructor(zone: string) {
    if (!IANAZone.isValidZone(zone)) {
      const rule = 'not a time zone of the IANA database';
      const hint = 'for example America/New_York, Europe/London or UTC';
      throw new InvalidInputError(
        [{ code: 'TIMEZONE_UNKNOWN', path: 'timezone', value: zone, rule, hint }],
        'time zone',
      );
    }
    this.zone = zone;
    this.#zone = IANAZone.create(zone);
  }

  /** The instant at which the clock shows `local`; where it never does, or does twice, that is reported. `value` is the text it came from. */
  instantOf(local: number, value: string, path: string, report: Report): number | undefined {
    const before = local - this.#offset(local - DAY);
    const after = local - this.#offset(local + DAY);
    const instants = new Set([before, after].filter((instant) => instant + this.#offset(instant) === local));
    if (instants.size === 1) return [...instants][0];
    const hint = 'write this time with its offset or in UTC, as 2024-01-02T14:30:00Z';
    if (instants.size === 0) {
      const rule = `the clocks of ${this.zone} skipped this time`;
      report({ code: 'LOCAL_TIME_SKIPPED', path, value, rule, hint });
    } else {
      const rule = `the clocks of ${this.zone} showed this time twice`;
      report({ code: 'LOCAL_TIME_REPEATED', path, value, rule, hint });
    }
    return undefined;
  }

  /** What the clock shows at an instant. */
  shownAt(instant: number): number {
    return instant + this.#offset(instant);
  }

  /**
   * How far ahead of UTC the clock is throughout a local day that begins at `day`, or undefined where it is set within a day of it. The
   * samples are closer to each other than any zone has set its clock forth and back.
   */
  offsetOfDay(day: number): number | undefined {
    const offset = this.#offset(day);
    const same = [-DAY, DAY, 2 * DAY].every((distance) => this.#offset(day + distance) === offset);
    return same ? offset : undefined;
  }

  #offset(instant: number): number {
    return Math.round(this.#zone.offset(instant) * MINUTE);
  }
}
