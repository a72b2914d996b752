import { IANAZone } from 'luxon';
import { DAY } from './calendar.js';

const MINUTE = 60_000;

/** The clock of a market's time zone. */
export class ZoneClock {
  readonly #zone: IANAZone;

  /** @throws TypeError for a zone that the IANA database does not have */
  constructor(zone: string) {
    if (!IANAZone.isValidZone(zone)) throw new TypeError(`no time zone: ${zone}`);
    this.#zone = IANAZone.create(zone);
  }

  /**
   * The instant of a time of a day; `minutes` may be below 0 or above 24 hours. A time that the clock skips is read with the offset before it,
   * one that it shows twice with the later one: sessions begin and end at other hours.
   */
  instantAt(date: number, minutes: number): number {
    const local = date + minutes * MINUTE;
    const guess = local - this.#offset(local);
    return local - this.#offset(guess);
  }

  /** The day that the clock shows at an instant, as 00:00 UTC of it. */
  dateOf(instant: number): number {
    return Math.floor((instant + this.#offset(instant)) / DAY) * DAY;
  }

  #offset(instant: number): number {
    return Math.round(this.#zone.offset(instant) * MINUTE);
  }
}
