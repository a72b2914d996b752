import type { ArrivalRow } from '../tell-arrival.js';
import type { CatalogChange, LockedEntry } from './catalog.js';
import { ChangedDays } from './changed-days.js';
import type { StretchPlan } from './stretch-plan.js';

export interface WriteCounts {
  inserted: number;
  changed: number;
  unchanged: number;
}

/** What becomes of a locked series' catalog row while its bars are written. */
export class SeriesChange {
  readonly entry: LockedEntry;
  readonly counts: WriteCounts = { inserted: 0, changed: 0, unchanged: 0 };
  readonly #days: ChangedDays;
  #first: number | null;
  #last: number | null;
  #count: number;
  #changed: { readonly low: number; readonly high: number; readonly deleted: boolean } | undefined;

  constructor(entry: LockedEntry) {
    this.entry = entry;
    this.#days = new ChangedDays(entry.timeframe);
    this.#first = entry.first?.getTime() ?? null;
    this.#last = entry.last?.getTime() ?? null;
    this.#count = entry.count;
  }

  /** Instants of the first and last bar, or null where there is none. */
  get bounds(): { readonly first: number; readonly last: number } | null {
    return this.#first === null || this.#last === null ? null : { first: this.#first, last: this.#last };
  }

  /** `given` is how many bars the plan was made of. */
  add({ merged, inserted, replaced }: StretchPlan, given: number): void {
    for (const list of [inserted, replaced]) {
      if (list.length === 0) continue;
      for (const at of list) this.#days.add(merged.timestamp[at]!);
      this.#stretch(merged.timestamp[list[0]!]!, merged.timestamp[list[list.length - 1]!]!);
    }
    this.counts.inserted += inserted.length;
    this.counts.changed += replaced.length;
    this.counts.unchanged += given - inserted.length - replaced.length;
    this.#count += inserted.length;
    if (inserted.length === 0) return;
    const first = merged.timestamp[inserted[0]!]!;
    const last = merged.timestamp[inserted[inserted.length - 1]!]!;
    this.#first = this.#first === null ? first : Math.min(this.#first, first);
    this.#last = this.#last === null ? last : Math.max(this.#last, last);
  }

  /** Takes the deleted bars, which lay between `low` and `high`, out of the bounds and the count. */
  takeOut(low: number, high: number, first: number | null, last: number | null, count: number): void {
    this.#days.addStretch(low, high);
    // Where only the first bars went, a trigger of the catalog tells of it.
    this.#changed = { low, high, deleted: first === this.#first || (first !== null && first < high) };
    this.#first = first;
    this.#last = last;
    this.#count = count;
  }

  toCatalog(): CatalogChange {
    return {
      entry: this.entry,
      first: this.#first,
      last: this.#last,
      count: this.#count,
      days: this.#days.toArray(),
      arrival: this.#arrival,
    };
  }

  get #arrival(): ArrivalRow | undefined {
    const { symbol, timeframe, knownFrom } = this.entry;
    if (!this.#changed) return undefined;
    const { low, high, deleted } = this.#changed;
    return { kind: 'bar', symbol, timeframe, first: low, last: high, deleted, knownFrom };
  }

  #stretch(from: number, to: number): void {
    const { low = from, high = to, deleted = false } = this.#changed ?? {};
    this.#changed = { low: Math.min(low, from), high: Math.max(high, to), deleted };
  }
}
