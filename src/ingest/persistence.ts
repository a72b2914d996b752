import { setTimeout as sleep } from 'node:timers/promises';
import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
  wrap,
} from 'cockatiel';
import { ConnectionError } from '../errors.js';
import { faultOf, Stopped } from './faults.js';

export interface RetrySettings {
  readonly maxRetries: number;
  /** Milliseconds. */
  readonly retryDelay: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

/** While the breaker is open, milliseconds until the database is asked again. */
const BREAK = { initialDelay: 500, maxDelay: 15_000 };
const LONGEST_DELAY = 10_000;
const POLL = 50;

const BREAKER_STATES: Readonly<Record<CircuitState, BreakerState>> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
};

/** Tries again what failed for no fault of the rows, and leaves the database alone for a while when that does not help. */
export class Persistence {
  readonly #retry;
  readonly #breaker;
  readonly #policy;
  readonly #stopped: AbortSignal;
  #last: unknown;

  constructor({ maxRetries, retryDelay }: RetrySettings, stopped: AbortSignal) {
    this.#stopped = stopped;
    const worthIt = handleWhen((error) => faultOf(error) !== 'rows' && !stopped.aborted);
    const maxDelay = Math.max(retryDelay, LONGEST_DELAY);
    this.#retry = retry(worthIt, {
      maxAttempts: maxRetries,
      backoff: new ExponentialBackoff({ initialDelay: retryDelay, maxDelay }),
    });
    this.#breaker = circuitBreaker(worthIt, {
      breaker: new ConsecutiveBreaker(1),
      halfOpenAfter: new ExponentialBackoff(BREAK),
    });
    this.#policy = wrap(this.#breaker, this.#retry);
  }

  get breaker(): BreakerState {
    return BREAKER_STATES[this.#breaker.state];
  }

  onBreaker(listener: (state: BreakerState) => void): void {
    this.#breaker.onStateChange((state) => listener(BREAKER_STATES[state]));
  }

  onRetry(listener: (error: unknown) => void): void {
    this.#retry.onRetry((reason) => listener('error' in reason ? reason.error : undefined));
  }

  /** @throws what `work` threw at last; ConnectionError CIRCUIT_OPEN at once where the database was away a moment ago */
  async attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#policy.execute(async () => {
        try {
          return await work();
        } catch (error) {
          this.#last = error;
          throw error;
        }
      }, this.#stopped);
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error;
      const message = 'the database was away a moment ago: it is not asked again yet';
      throw new ConnectionError('CIRCUIT_OPEN', message, { cause: this.#last });
    }
  }

  /** As {@link attempt}, until it succeeds, fails by fault of the rows, or is stopped. @throws Stopped */
  async insist<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      if (this.#stopped.aborted) throw new Stopped();
      try {
        return await this.attempt(work);
      } catch (error) {
        if (this.#stopped.aborted) throw new Stopped();
        if (faultOf(error) !== 'database') throw error;
      }
      await this.pause(POLL);
    }
  }

  /** Waits, but not beyond the end. */
  async pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#stopped }).catch(() => {});
  }
}
