import type { Pool } from '../database/pool.js';
import type { Logger } from '../observability/logger.js';
import type { Arrival } from './subscribe/arrival.js';
import { type SubscribeOptions, Subscriptions } from './subscribe/subscriptions.js';

export interface FeedParts {
  readonly pool: Pool;
  readonly log: Logger;
}

/** What is known, and what arrives. */
export class Feed {
  readonly #subscriptions: Subscriptions;

  constructor(parts: FeedParts) {
    this.#subscriptions = new Subscriptions(parts);
  }

  /** As {@link Subscriptions.subscribe}. */
  subscribe(
    symbols: '*' | readonly string[],
    options: SubscribeOptions = {},
  ): AsyncGenerator<Arrival, void, undefined> {
    return this.#subscriptions.subscribe(symbols, options);
  }

  /** As {@link Subscriptions.cursor}. */
  cursor(): Promise<string> {
    return this.#subscriptions.cursor();
  }

  async close(): Promise<void> {
    await this.#subscriptions.close();
  }
}
