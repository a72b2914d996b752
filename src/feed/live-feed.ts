import type { MarketCache } from './cache/market-cache.js';
import { Feed, type FeedSources } from './feed.js';
import type { Arrival } from './subscribe/arrival.js';
import type { SubscribeOptions, Subscriptions } from './subscribe/subscriptions.js';

interface LiveFeedSources extends FeedSources {
  readonly cache: MarketCache;
  readonly subscriptions: Subscriptions;
}

/** The feed of a whole store: what was known, what is known now, and what arrives. */
export class LiveFeed extends Feed {
  /** The latest bars, books and imbalances, in memory. It begins to work when it is first read, or with `openStore({ cache: ... })`. */
  readonly cache: MarketCache;
  readonly #subscriptions: Subscriptions;

  constructor(sources: LiveFeedSources) {
    super(sources);
    this.cache = sources.cache;
    this.#subscriptions = sources.subscriptions;
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
}
