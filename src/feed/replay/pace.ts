import { setTimeout as sleep } from 'node:timers/promises';

/** A timer cannot wait longer than 2^31 - 1 ms. */
const LONGEST_SLEEP = 2 ** 31 - 1;

/** Lets market time pass `speed` times as fast as this process's monotonic clock, from the moment of the first wait. */
export class Pace {
  readonly #from: number;
  readonly #speed: number;
  readonly #signal: AbortSignal | undefined;
  #begun: number | undefined;

  /** `from`: where market time stands at first, in milliseconds since the epoch. */
  constructor(from: number, speed: number, signal: AbortSignal | undefined) {
    this.#from = from;
    this.#speed = speed;
    this.#signal = signal;
  }

  /** Whether market time has passed the instant. */
  reached(instant: number): boolean {
    return this.#begun !== undefined && this.#left(instant) <= 0;
  }

  /** Resolves when market time has reached the instant; at once where it has passed it. */
  async until(instant: number): Promise<void> {
    this.#begun ??= performance.now();
    for (;;) {
      const left = this.#left(instant);
      if (left <= 0) return;
      // A timer may fire a little early, and the loop then goes round.
      await sleep(Math.min(Math.ceil(left), LONGEST_SLEEP), undefined, { signal: this.#signal }).catch((error) => {
        this.#signal?.throwIfAborted();
        throw error;
      });
    }
  }

  #left(instant: number): number {
    return this.#begun! + (instant - this.#from) / this.#speed - performance.now();
  }
}
