import { setTimeout as sleep } from 'node:timers/promises';
import { ExponentialBackoff, type IBackoff } from 'cockatiel';

export interface PauseOptions {
  /** Milliseconds. */
  readonly initialDelay: number;
  readonly maxDelay: number;
}

/** Pauses between attempts, each longer than the one before on average, with decorrelated jitter. */
export class Pauses {
  readonly #factory: ExponentialBackoff<unknown>;
  #next: IBackoff<unknown>;

  constructor(options: PauseOptions) {
    this.#factory = new ExponentialBackoff(options);
    this.#next = this.#factory.next();
  }

  /** Milliseconds that the next pause takes. */
  get duration(): number {
    return this.#next.duration;
  }

  /** Not beyond the signal. */
  async pause(signal: AbortSignal): Promise<void> {
    const { duration } = this.#next;
    this.#next = this.#next.next(undefined);
    await sleep(duration, undefined, { signal }).catch(() => {});
  }

  /** It went well. */
  reset(): void {
    this.#next = this.#factory.next();
  }
}
