import type { Client } from '../../database/session.js';
import type { ReplayEvent } from './replay-event.js';

/** The events of one series, a page at a time. */
export interface EventPage {
  readonly length: number;
  /** When the event happened: whole milliseconds since the epoch... */
  millisecond(index: number): number;
  /** ...and microseconds beyond those, 0 to 999. */
  microsecond(index: number): number;
  event(index: number): ReplayEvent;
}

/** Reads the next page that has an event; undefined after the last. */
export type ReadPage = (client: Client) => Promise<EventPage | undefined>;

/** One series on its way into a replay. While a page is replayed the next one is read. */
export class EventStream {
  /** Its place among the events of one instant. */
  readonly rank: number;
  /** Of the event that comes next. */
  millisecond = 0;
  microsecond = 0;
  readonly #read: () => Promise<EventPage | undefined>;
  #page: EventPage | undefined;
  #index = 0;
  #ahead: Promise<EventPage | undefined>;

  constructor(rank: number, read: () => Promise<EventPage | undefined>) {
    this.rank = rank;
    this.#read = read;
    this.#ahead = this.#begin();
  }

  /** In milliseconds since the epoch, to the microsecond as near as a float comes. */
  get instant(): number {
    return this.millisecond + this.microsecond / 1000;
  }

  get event(): ReplayEvent {
    return this.#page!.event(this.#index);
  }

  /** Goes on to the next event of the page; false where it has none. */
  advance(): boolean {
    this.#index += 1;
    return this.#stand();
  }

  /** Goes on to the next page; false after the last. */
  async turn(): Promise<boolean> {
    this.#page = await this.#ahead;
    this.#index = 0;
    if (!this.#page) return false;
    this.#ahead = this.#begin();
    return this.#stand();
  }

  #stand(): boolean {
    const page = this.#page!;
    if (this.#index >= page.length) return false;
    this.millisecond = page.millisecond(this.#index);
    this.microsecond = page.microsecond(this.#index);
    return true;
  }

  #begin(): Promise<EventPage | undefined> {
    const page = this.#read();
    page.catch(() => {}); // whoever turns to it hears of it
    return page;
  }
}
