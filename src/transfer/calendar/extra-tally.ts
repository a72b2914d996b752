import type { Timeframe } from '../../domain/timeframe.js';
import { DAY, type TradingCalendar } from './calendar.js';
import type { ExtraBars } from './gap-report.js';
import { ZoneClock } from './zone-clock.js';

/** Puts bars outside of the sessions together, as they come. */
export class ExtraTally {
  extra = 0;
  readonly #calendar: TradingCalendar;
  readonly #clock: ZoneClock;
  readonly #daily: boolean;
  readonly #limit: number;
  readonly #kept: { first: number; last: number; bars: number; reason: string }[] = [];
  #open: { first: number; last: number; bars: number; reason: string } | undefined;

  constructor(calendar: TradingCalendar, timeframe: Timeframe, limit: number) {
    this.#calendar = calendar;
    this.#clock = new ZoneClock(calendar.zone);
    this.#daily = timeframe === '1d';
    this.#limit = limit;
  }

  /** A bar that opens at `at`; `again`: in a slot that has its bar already. */
  add(at: number, again: boolean): void {
    this.extra += 1;
    const reason = again ? 'another bar of its hour' : this.#reasonOf(at);
    if (this.#open && this.#open.reason === reason && at - this.#open.last <= DAY) {
      this.#open.last = at;
      this.#open.bars += 1;
      return;
    }
    this.close();
    this.#open = { first: at, last: at, bars: 1, reason };
  }

  /** A bar of a session has come: what follows is another stretch. */
  close(): void {
    if (this.#open && this.#kept.length < this.#limit) this.#kept.push(this.#open);
    this.#open = undefined;
  }

  result(): { extra: number; extraBars: ExtraBars[] } {
    this.close();
    const extraBars = this.#kept.map(({ first, last, ...rest }) => ({
      first: new Date(first),
      last: new Date(last),
      ...rest,
    }));
    return { extra: this.extra, extraBars };
  }

  #reasonOf(at: number): string {
    const { sessions, reason } = this.#calendar.day(this.#daily ? at : this.#clock.dateOf(at));
    return sessions.length === 0 && reason !== null ? reason : 'outside of the session';
  }
}
