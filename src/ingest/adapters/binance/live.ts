import type { FeedAdapter, FeedEvent } from '../adapter.js';
import { EventQueue } from '../event-queue.js';
import { type BinanceLiveOptions, type LiveSettings, readLiveOptions } from './live-options.js';
import { type BinanceLiveStats, LiveSession } from './live-session.js';

/**
 * Binance's streams as they come by WebSocket, spot or futures: trades, quotes (bookTicker), books (partial depth), and books that diff depth
 * keeps up, beginning with a snapshot of the REST interface.
 *
 * A connection that ends or falls silent is made anew, for as long as it takes. Events of a kept-up book come only while it follows its
 * stream without a gap; after a gap, and with each new connection, it begins with a new snapshot. What was traded while there was no
 * connection does not come, nor is it in bars that are made of the trades; `stats.missedTrades` and the observer tell of it. A reader that is slow
 * slows the connection down, until the exchange ends it.
 */
export class BinanceLive implements FeedAdapter {
  readonly #settings: LiveSettings;
  #session: LiveSession;

  /** @throws InvalidInputError */
  constructor(options: BinanceLiveOptions) {
    this.#settings = readLiveOptions(options);
    this.#session = new LiveSession(this.#settings, new EventQueue());
  }

  /** Since `events` was last called. */
  get stats(): BinanceLiveStats {
    return this.#session.stats;
  }

  /** Until the signal is aborted; then what has come is still given. @throws InvalidInputError SNAPSHOT_SOURCE_MISSING, on diff depth */
  async *events({
    signal,
  }: {
    readonly signal?: AbortSignal | undefined;
  } = {}): AsyncGenerator<FeedEvent, void, undefined> {
    const left = new AbortController();
    const queue = new EventQueue();
    const session = new LiveSession(this.#settings, queue);
    this.#session = session;
    const running = session.run(signal ? AbortSignal.any([signal, left.signal]) : left.signal).then(
      () => queue.end(),
      (error: unknown) => queue.end({ error }),
    );
    try {
      for (let events = await queue.take(); events; events = await queue.take()) yield* events;
    } finally {
      left.abort();
      queue.end();
      await running;
    }
  }
}
