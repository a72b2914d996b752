import { setTimeout as sleep } from 'node:timers/promises';

export interface ReadingTimes {
  /** How old what was read may be, in milliseconds. */
  readonly fresh: number;
  /** How long a scrape waits for a new one. */
  readonly wait: number;
  /** When the reading itself is given up: it is told by its signal. */
  readonly giveUp: number;
}

const TIMES: ReadingTimes = { fresh: 5_000, wait: 2_000, giveUp: 5_000 };

/**
 * Something outside this process (a database, a disk) that scrapes ask about. It is asked once at a time and not by every scrape, and one that
 * hangs keeps no scrape: what was read last is shown, and that it is old.
 */
export class Reading<T> {
  readonly #read: (signal: AbortSignal) => Promise<T>;
  readonly #times: ReadingTimes;
  #last: T | undefined;
  #failed = false;
  #endedAt = Number.NEGATIVE_INFINITY;
  #underWay: { readonly since: number; readonly done: Promise<void> } | undefined;

  constructor(read: (signal: AbortSignal) => Promise<T>, times: ReadingTimes = TIMES) {
    this.#read = read;
    this.#times = times;
  }

  /** What was read last; undefined where nothing has been yet. Never fails. */
  async latest(): Promise<T | undefined> {
    await this.#isLate();
    return this.#last;
  }

  /** Whether the last one came to its end, and none is late. */
  async succeeds(): Promise<boolean> {
    const late = await this.#isLate();
    return this.#last !== undefined && !this.#failed && !late;
  }

  /** Waits for the reading under way, or begins one where the last is old. By the clock it cannot be told: timers end a little early. */
  async #isLate(): Promise<boolean> {
    if (!this.#underWay && performance.now() - this.#endedAt > this.#times.fresh) this.#begin();
    const asked = this.#underWay;
    if (!asked) return false;
    const left = this.#times.wait - (performance.now() - asked.since);
    if (left > 0) await this.#within(left, asked.done);
    return this.#underWay === asked;
  }

  #begin(): void {
    const done = this.#try().finally(() => {
      this.#endedAt = performance.now();
      this.#underWay = undefined;
    });
    this.#underWay = { since: performance.now(), done };
  }

  async #try(): Promise<void> {
    try {
      this.#last = await this.#read(AbortSignal.timeout(this.#times.giveUp));
      this.#failed = false;
    } catch {
      this.#failed = true;
    }
  }

  async #within(milliseconds: number, done: Promise<void>): Promise<void> {
    const enough = new AbortController();
    await Promise.race([done, sleep(milliseconds, undefined, { signal: enough.signal }).catch(() => {})]);
    enough.abort();
  }
}
