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

  /**
   * What arrives of these symbols (`'*'`: of all), whichever process writes it: bars and corrections of bars, trades, quotes, order books, and that rows
   * were deleted. It ends when the store is closed; while the database is away it waits.
   *
   * At least once, and never an older value after a newer one: rows are read as they are stored by then, so of several changes in between only the
   * last is seen. Rows that are written with the values they have do not arrive.
   *
   * @throws InvalidInputError at once
   * @throws FeedGapError FEED_GAP where the cursor is older than what is kept (a day); the signal's reason
   * @example
   * for await (const arrival of store.feed.subscribe(['AAPL', 'BTCUSDT'])) {
   *   if (arrival.kind !== 'bar') continue;
   *   console.log(arrival.bar.symbol, arrival.bar.close.toFixed(2), arrival.corrected);
   *   break; // or go on: `arrival.cursor` is where another subscription would
   * }
   */
  subscribe(
    symbols: '*' | readonly string[],
    options: SubscribeOptions = {},
  ): AsyncGenerator<Arrival, void, undefined> {
    return this.#subscriptions.subscribe(symbols, options);
  }

  /**
   * This moment, as a cursor: all that is committed after it comes behind it. Take it, read what is there, and subscribe from it.
   *
   * @example
   * const cursor = await store.feed.cursor();
   * const bars = await store.bars.latest({ symbol: 'AAPL', timeframe: '1m', limit: 500 });
   * const arrivals = store.feed.subscribe(['AAPL'], { from: cursor }); // nothing lies between the two
   * await arrivals.return();
   */
  cursor(): Promise<string> {
    return this.#subscriptions.cursor();
  }
}
