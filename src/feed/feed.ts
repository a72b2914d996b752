import type { Pool } from '../database/pool.js';
import type { Logger } from '../observability/logger.js';
import type { AcceptingRows } from './cache/cache-parts.js';
import { MarketCache } from './cache/market-cache.js';
import type { CacheOptions } from './cache/settings.js';
import type { Arrival } from './subscribe/arrival.js';
import { type SubscribeOptions, Subscriptions } from './subscribe/subscriptions.js';

export interface FeedParts {
  readonly pool: Pool;
  readonly log: Logger;
  readonly ingest: AcceptingRows;
  readonly cache?: CacheOptions | undefined;
}

/** What is known, and what arrives. */
export class Feed {
  /** The latest bars, books and imbalances, in memory. It begins to work when it is first read, or with `openStore({ cache: ... })`. */
  readonly cache: MarketCache;
  readonly #subscriptions: Subscriptions;

  /** @throws ConfigError */
  constructor({ pool, log, ingest, cache }: FeedParts) {
    this.#subscriptions = new Subscriptions({ pool, log });
    const { source, closed } = this.#subscriptions;
    this.cache = new MarketCache({ source, closed, ingest, options: cache });
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
