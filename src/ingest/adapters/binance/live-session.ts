import { InvalidInputError } from '../../../errors.js';
import type { FeedEvent } from '../adapter.js';
import type { EventQueue } from '../event-queue.js';
import { listen } from './connection.js';
import type { LiveSettings } from './live-options.js';
import { BinanceMarket, type BinanceStats } from './market.js';
import { type BinanceMessage, readMessage } from './messages.js';
import { tell } from './observer.js';
import { Pauses } from './pauses.js';
import { fetchSnapshot } from './snapshot-source.js';

export interface BinanceLiveStats extends BinanceStats {
  /** Whether a connection is open. */
  readonly connected: boolean;
  /** Connections after the first. */
  readonly reconnects: number;
  /** Messages that could not be read. */
  readonly badMessages: number;
  readonly snapshotFailures: number;
}

/** The snapshots that one book needs during one connection. */
interface Asking {
  readonly pauses: Pauses;
  /** `performance.now()` of the last snapshot that was loaded. */
  loaded: number | undefined;
  asked: boolean;
  running: Promise<void> | undefined;
}

/** Connections, one after the other, whose messages become events. */
export class LiveSession {
  readonly #settings: LiveSettings;
  readonly #queue: EventQueue;
  readonly #market: BinanceMarket;
  readonly #failed = new AbortController();
  #connected = false;
  #connections = 0;
  #badMessages = 0;
  #snapshotFailures = 0;

  constructor(settings: LiveSettings, queue: EventQueue) {
    this.#settings = settings;
    this.#queue = queue;
    this.#market = new BinanceMarket(settings.market);
  }

  get stats(): BinanceLiveStats {
    return {
      ...this.#market.stats,
      connected: this.#connected,
      reconnects: Math.max(0, this.#connections - 1),
      badMessages: this.#badMessages,
      snapshotFailures: this.#snapshotFailures,
    };
  }

  /** Until the signal is aborted. @throws InvalidInputError SNAPSHOT_SOURCE_MISSING */
  async run(stop: AbortSignal): Promise<void> {
    const { reconnect, market } = this.#settings;
    const signal = AbortSignal.any([stop, this.#failed.signal]);
    const pauses = new Pauses(reconnect);
    while (!signal.aborted) {
      const { code, reason, error, lasted } = await this.#serve(signal);
      if (signal.aborted) break;
      // One that was cut at once, each time, must not be asked for all the time.
      if (lasted > reconnect.maxDelay) pauses.reset();
      tell(market.observer, 'disconnected', { code, reason, error, retryIn: Math.round(pauses.duration) });
      await pauses.pause(signal);
    }
    if (this.#failed.signal.aborted) throw this.#failed.signal.reason;
  }

  async #serve(signal: AbortSignal) {
    const { url, silence, market } = this.#settings;
    const over = new AbortController();
    const books = new Map<string, Asking>();
    try {
      return await listen({
        url,
        silence,
        signal,
        onOpen: () => {
          this.#connected = true;
          this.#connections += 1;
          tell(market.observer, 'connected', { url });
        },
        onMessage: (text) => {
          this.#take(text, books, over.signal);
          return this.#queue.full ? this.#queue.room() : undefined;
        },
      });
    } finally {
      this.#connected = false;
      over.abort();
      await Promise.all([...books.values()].map(({ running }) => running));
      this.#market.reset();
    }
  }

  #take(text: string, books: Map<string, Asking>, signal: AbortSignal): void {
    try {
      const message = readMessage(text);
      this.#give(this.#market.take(message, BigInt(Date.now()) * 1000n));
      this.#askFor(message, books, signal);
    } catch (error) {
      if (error instanceof InvalidInputError) {
        this.#badMessages += 1;
        tell(this.#settings.market.observer, 'badMessage', { text, error });
      } else {
        this.#failed.abort(error);
      }
    }
  }

  #askFor(message: BinanceMessage, books: Map<string, Asking>, signal: AbortSignal): void {
    if (message.kind !== 'diff' || !this.#market.needsSnapshot(message.symbol)) return;
    const { symbol } = message;
    const { reconnect } = this.#settings;
    const book = books.get(symbol) ?? {
      ...{ pauses: new Pauses(reconnect), loaded: undefined, asked: false, running: undefined },
    };
    books.set(symbol, book);
    if (book.running) return;
    if (book.loaded !== undefined && performance.now() - book.loaded > reconnect.maxDelay) {
      book.pauses.reset();
      book.asked = false;
    }
    book.running = this.#sync(symbol, book, signal).finally(() => {
      book.running = undefined;
    });
  }

  /** The first snapshot is asked for at once; another one, after some time. */
  async #sync(symbol: string, book: Asking, signal: AbortSignal): Promise<void> {
    const { snapshot: source, market } = this.#settings;
    if (!source) return this.#fail(symbol);
    while (this.#market.needsSnapshot(symbol)) {
      if (book.asked) await book.pauses.pause(signal);
      if (signal.aborted) return;
      book.asked = true;
      try {
        const snapshot = await fetchSnapshot(source, symbol, signal);
        if (signal.aborted) return;
        this.#give(this.#market.load(symbol, snapshot));
        book.loaded = performance.now();
      } catch (error) {
        if (signal.aborted) return;
        this.#snapshotFailures += 1;
        tell(market.observer, 'snapshotFailed', { symbol, error });
      }
    }
  }

  #give(events: readonly FeedEvent[]): void {
    for (const event of events) this.#queue.push(event);
  }

  #fail(symbol: string): void {
    const rule = 'diff depth needs snapshots to begin with';
    const hint = "pass snapshot: 'https://fapi.binance.com/fapi/v1/depth?limit=1000', or take a partial depth stream";
    const problem = { code: 'SNAPSHOT_SOURCE_MISSING', path: 'snapshot', value: symbol, rule, hint };
    this.#failed.abort(new InvalidInputError([problem], 'options'));
  }
}
