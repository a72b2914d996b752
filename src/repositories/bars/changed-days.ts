import type { Timeframe } from '../../domain/timeframe.js';

export const DAY = 86_400_000;

/** What the aggregates are made of. */
export const AGGREGATED = '1m' satisfies Timeframe;

/** The UTC days on which a write changed bars; of other timeframes than the aggregates are made of, none. */
export class ChangedDays {
  readonly #days = new Set<number>();
  readonly #kept: boolean;
  #last = Number.NaN;

  constructor(timeframe: Timeframe) {
    this.#kept = timeframe === AGGREGATED;
  }

  /** A bar's opening instant, in milliseconds since the epoch. */
  add(timestamp: number): void {
    const day = Math.floor(timestamp / DAY);
    if (!this.#kept || day === this.#last) return;
    this.#last = day;
    this.#days.add(day);
  }

  /** Every day from one instant to the other, both included. */
  addStretch(low: number, high: number): void {
    for (let day = Math.floor(low / DAY); day * DAY <= high; day += 1) this.add(day * DAY);
  }

  /** As SQL writes dates. */
  toArray(): string[] {
    return [...this.#days].map((day) => new Date(day * DAY).toISOString().slice(0, 10));
  }
}
