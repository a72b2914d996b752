import type { Bar } from '../../domain/bar.js';
import type { BookImbalance } from '../../domain/book-imbalance.js';
import { type MicrosecondInput, readMicroseconds } from '../../domain/microseconds.js';
import type { OrderBookSnapshot } from '../../domain/order-book.js';
import { readOrThrow, requireObject } from '../../domain/problem.js';
import { type SeriesInput, seriesKey } from '../../domain/series.js';
import { readSymbol } from '../../domain/symbol.js';
import { type InstantInput, readInstant } from '../../domain/time.js';
import { readLimit } from '../../repositories/bars/bar-window.js';
import { CacheEntries, type SymbolEntry } from './cache-entries.js';
import { CacheFollower } from './cache-follower.js';
import type { CacheParts } from './cache-parts.js';
import { readCacheSettings } from './settings.js';

/** Reads since the cache was made, and what is held. */
export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  /** Symbols that went because there was too much. */
  readonly evictions: number;
  readonly symbols: number;
  readonly rows: number;
  /** Estimated. */
  readonly bytes: number;
}

/** Which bars. */
export interface CachedBarsInput extends SeriesInput {
  /** Default 1. */
  readonly count?: number;
  /** Default: now. */
  readonly at?: InstantInput;
}

/** As of when. */
export interface CachedBookOptions {
  /** Default: now. */
  readonly at?: MicrosecondInput;
}

/**
 * The latest bars, book and imbalances of each symbol, in memory. What the store's ingest accepts is here before it is in the database; what others write
 * comes within moments of their commit, as a subscription brings it. A read is answered only where the answer is whole: a series that is not
 * held yet, a window that reaches further back than what is held, and a database that has not been heard of for 5 seconds are misses, never a
 * wrong answer. It begins to work at the first read, and holds what was asked for and what the ingest accepts, the least recently read symbol going
 * first where there is too much. What is handed out is shared: it must not be changed.
 */
export class MarketCache {
  readonly #entries: CacheEntries;
  readonly #follower: CacheFollower;
  #hits = 0;
  #misses = 0;

  /** @throws ConfigError */
  constructor({ source, closed, ingest, options = {} }: CacheParts) {
    const settings = readCacheSettings(options);
    this.#entries = new CacheEntries(settings);
    this.#follower = new CacheFollower({ source, closed, ingest, settings, entries: this.#entries });
  }

  /** Whether it was started, or read. */
  get working(): boolean {
    return this.#follower.working;
  }

  /**
   * Fills it with what the database has that is newest, up to half of what it may hold; answers when that is done, or the feed is closed.
   *
   * @example
   * await store.feed.cache.start();
   */
  async start(): Promise<void> {
    await this.#follower.start(true);
  }

  /**
   * The newest `count` bars that had closed by `at`, oldest first: what `store.bars.asOf` answers once what was accepted is written. Undefined: a miss.
   *
   * @throws InvalidInputError
   * @example
   * const key = { symbol: 'AAPL', timeframe: '1m' } as const;
   * const at = new Date();
   * const bars = store.feed.cache.bars({ ...key, count: 50, at }) ?? (await store.bars.asOf({ ...key, limit: 50, at }));
   */
  bars(input: CachedBarsInput): readonly Bar[] | undefined {
    requireObject(input, 'bars');
    const { timeframe, count = 1, at } = input;
    const series = this.#entry(input.symbol)?.bars.get(timeframe);
    if (!series) {
      const key = seriesKey(input);
      if (key.symbol !== input.symbol) return this.bars({ ...input, symbol: key.symbol });
    }
    if (count !== 1) readLimit(count);
    const instant =
      at === undefined ? Date.now() : readOrThrow('instant', (report) => readInstant(at, 'at', report)).getTime();
    const bars = this.#follower.fresh ? series?.read(count, instant) : undefined;
    return this.#counted(bars, () => this.#follower.wantBars(series?.key ?? seriesKey(input)));
  }

  /**
   * The last book that was taken by `at`, as `store.orderBooks.latest` answers it once what was accepted is written; null where there is none. Undefined:
   * a miss, also where a later book is known already.
   *
   * @throws InvalidInputError
   * @example
   * const held = store.feed.cache.book('BTCUSDT');
   * const book = held === undefined ? (await store.orderBooks.latest({ symbol: 'BTCUSDT' }))[0] : held;
   */
  book(symbol: string, options: CachedBookOptions = {}): OrderBookSnapshot | null | undefined {
    return this.#ofBooks(symbol, options, (entry, at) => entry.books?.read(at));
  }

  /**
   * Of 1, 5, 15 and 60 seconds each the last window that had closed by `at`, where it has a book: what `store.orderBooks.imbalance` answers for
   * that window, by the same formula. Undefined: a miss.
   *
   * @throws InvalidInputError
   * @example
   * for (const { seconds, imbalance } of store.feed.cache.imbalances('BTCUSDT') ?? []) console.log(seconds, imbalance);
   */
  imbalances(symbol: string, options: CachedBookOptions = {}): BookImbalance[] | undefined {
    return this.#ofBooks(symbol, options, (entry, at) => entry.books?.imbalances(at));
  }

  /** How it did since it was made, and what it holds. */
  get stats(): CacheStats {
    const { symbols, rows, bytes, evictions } = this.#entries;
    return { hits: this.#hits, misses: this.#misses, evictions, symbols, rows, bytes };
  }

  #ofBooks<T>(
    given: string,
    { at }: CachedBookOptions,
    read: (entry: SymbolEntry, at: number) => T | undefined,
  ): T | undefined {
    let entry = this.#entry(given);
    const symbol = readOrThrow('symbol', (report) => readSymbol(given, 'symbol', report));
    if (!entry && symbol !== given) entry = this.#entry(symbol);
    const instant =
      at === undefined
        ? Date.now() * 1000
        : Number(readOrThrow('instant', (report) => readMicroseconds(at, 'at', report)));
    const answer = entry && this.#follower.fresh ? read(entry, instant) : undefined;
    return this.#counted(answer, () => this.#follower.wantBooks(symbol));
  }

  #entry(symbol: string): SymbolEntry | undefined {
    return this.#entries.use(symbol);
  }

  #counted<T>(answer: T | undefined, onMiss: () => void): T | undefined {
    if (answer !== undefined) {
      this.#hits += 1;
      return answer;
    }
    this.#misses += 1;
    onMiss();
    return undefined;
  }
}
