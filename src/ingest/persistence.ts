import { setTimeout as sleep } from 'node:timers/promises';
import { ExponentialBackoff } from 'cockatiel';
import { Breaker, type BreakerState } from './breaker.js';
import { faultOf, isAway, Stopped } from './faults.js';

export interface RetrySettings {
  readonly maxRetries: number;
  /** Milliseconds. */
  readonly retryDelay: number;
}

const LONGEST_DELAY = 10_000;
const POLL = 50;

/** Tries again what failed for no fault of the rows, and leaves the database alone for a while when it is away. */
export class Persistence {
  readonly #backoff: ExponentialBackoff<unknown>;
  readonly #breaker: Breaker;
  readonly #settings: RetrySettings;
  readonly #stopped: AbortSignal;
  readonly #listeners: ((state: BreakerState, cause: unknown) => void)[] = [];
  readonly #retryListeners: ((error: unknown) => void)[] = [];

  /** `ask` answers when the database is there. */
  constructor(settings: RetrySettings, ask: () => Promise<unknown>, stopped: AbortSignal) {
    this.#settings = settings;
    this.#stopped = stopped;
    const { retryDelay } = settings;
    this.#backoff = new ExponentialBackoff({ initialDelay: retryDelay, maxDelay: Math.max(retryDelay, LONGEST_DELAY) });
    this.#breaker = new Breaker(ask, (state, cause) => {
      for (const listener of this.#listeners) listener(state, cause);
    });
  }

  get breaker(): BreakerState {
    return this.#breaker.state;
  }

  onBreaker(listener: (state: BreakerState, cause: unknown) => void): void {
    this.#listeners.push(listener);
  }

  onRetry(listener: (error: unknown) => void): void {
    this.#retryListeners.push(listener);
  }

  /** Somebody waits for the end: a database that is away is asked more often. */
  hurry(): void {
    this.#breaker.hurry();
  }

  /** @throws what `work` threw at last; ConnectionError CIRCUIT_OPEN at once where the database was away a moment ago */
  async attempt<T>(work: () => Promise<T>): Promise<T> {
    await this.#breaker.pass();
    try {
      return await this.#try(work);
    } catch (error) {
      if (isAway(error) && !this.#stopped.aborted) this.#breaker.trip(error);
      throw error;
    }
  }

  /**
   * As {@link attempt}, until it succeeds, fails by fault of the rows, or is stopped. What fails though the database is there (a lock that somebody
   * holds for long, a missing right) waits longer and longer, and holds up nobody else.
   * @throws Stopped
   */
  async insist<T>(work: () => Promise<T>): Promise<T> {
    let delay = this.#settings.retryDelay;
    for (;;) {
      if (this.#stopped.aborted) throw new Stopped();
      try {
        return await this.attempt(work);
      } catch (error) {
        if (this.#stopped.aborted) throw new Stopped();
        if (faultOf(error) !== 'database') throw error;
        delay = isAway(error) ? this.#settings.retryDelay : Math.min(2 * delay, LONGEST_DELAY);
        await this.pause(isAway(error) ? POLL : delay);
      }
    }
  }

  /** Not by a policy of cockatiel's: its pauses go on beyond the end. */
  async #try<T>(work: () => Promise<T>): Promise<T> {
    let backoff = this.#backoff.next();
    for (let retries = 0; ; retries += 1) {
      try {
        return await work();
      } catch (error) {
        const last = faultOf(error) === 'rows' || retries === this.#settings.maxRetries;
        if (last || this.#stopped.aborted) throw error;
        for (const listener of this.#retryListeners) listener(error);
        await this.pause(backoff.duration);
        if (this.#stopped.aborted) throw error;
        backoff = backoff.next(undefined);
      }
    }
  }

  /** Waits, but not beyond the end. */
  async pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#stopped }).catch(() => {});
  }
}
