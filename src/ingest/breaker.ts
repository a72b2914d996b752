import { ConnectionError } from '../errors.js';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** While it is open, milliseconds until the database is asked again: at first, and at most. */
const FIRST_DELAY = 500;
const LONGEST_DELAY = 5_000;
/** Likewise, when somebody waits for the end. */
const URGENT_DELAY = 250;

/**
 * Leaves a database alone that is away. Whether it is there again is found out by a question that is answered at once, and not by a batch: one that
 * waits for a lock, or is slow, would hold up all others.
 */
export class Breaker {
  readonly #ask: () => Promise<unknown>;
  readonly #onState: (state: BreakerState, cause: unknown) => void;
  #state: BreakerState = 'closed';
  #asking: Promise<void> | undefined;
  #delay = FIRST_DELAY;
  #longest = LONGEST_DELAY;
  #openedAt = 0;
  #cause: unknown;

  /** `onState` hears what the database failed with last, too. */
  constructor(ask: () => Promise<unknown>, onState: (state: BreakerState, cause: unknown) => void) {
    this.#ask = ask;
    this.#onState = onState;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** The database is away. */
  trip(cause: unknown): void {
    this.#cause = cause;
    if (this.#state !== 'closed') return;
    this.#delay = FIRST_DELAY;
    this.#open();
  }

  /** From now on the database is asked more often. */
  hurry(): void {
    this.#longest = URGENT_DELAY;
  }

  /** Answers when the database is there. @throws ConnectionError CIRCUIT_OPEN at once where it was away a moment ago */
  async pass(): Promise<void> {
    if (this.#state === 'closed') return;
    const waited = performance.now() - this.#openedAt;
    if (!this.#asking && waited >= Math.min(this.#delay, this.#longest)) {
      this.#asking = this.#find().finally(() => {
        this.#asking = undefined;
      });
    }
    await this.#asking;
    if ((this.#state as BreakerState) === 'closed') return;
    const message = 'the database was away a moment ago: it is not asked again yet';
    throw new ConnectionError('CIRCUIT_OPEN', message, { cause: this.#cause });
  }

  async #find(): Promise<void> {
    this.#become('half-open');
    try {
      await this.#ask();
      this.#become('closed');
    } catch (error) {
      this.#cause = error;
      // Others that lost it at the same time are not to come back at the same time.
      this.#delay = Math.min(2 * this.#delay, LONGEST_DELAY) * (0.75 + Math.random() / 4);
      this.#open();
    }
  }

  #open(): void {
    this.#openedAt = performance.now();
    this.#become('open');
  }

  #become(state: BreakerState): void {
    this.#state = state;
    this.#onState(state, this.#cause);
  }
}
