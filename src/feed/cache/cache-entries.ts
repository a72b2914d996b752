import type { SeriesKey } from '../../domain/series.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import type { Timeframe } from '../../domain/timeframe.js';
import { BAR_BYTES, CachedBars } from './cached-bars.js';
import { CachedBooks } from './cached-books.js';
import type { CacheSettings } from './settings.js';

/** What is held of one symbol. */
export class SymbolEntry {
  readonly bars = new Map<Timeframe, CachedBars>();
  books: CachedBooks | undefined;
  /** What it counted for in the sums. */
  rows = 0;
  bytes = 0;
}

/** Everything that is held, by symbol; the symbol that was not read for the longest time comes first, and goes first. */
export class CacheEntries {
  readonly #settings: CacheSettings;
  readonly #symbols = new Map<string, SymbolEntry>();
  rows = 0;
  bytes = 0;
  evictions = 0;

  constructor(settings: CacheSettings) {
    this.#settings = settings;
  }

  get symbols(): number {
    return this.#symbols.size;
  }

  /** What is held of it, which now was used last. */
  use(symbol: string): SymbolEntry | undefined {
    const entry = this.#symbols.get(symbol);
    if (entry === undefined) return undefined;
    this.#symbols.delete(symbol);
    this.#symbols.set(symbol, entry);
    return entry;
  }

  get(symbol: string): SymbolEntry | undefined {
    return this.#symbols.get(symbol);
  }

  /** The bars of a series, empty where nothing was held of it. */
  bars(key: SeriesKey): CachedBars {
    const entry = this.#entry(key.symbol);
    let bars = entry.bars.get(key.timeframe);
    if (!bars) {
      bars = new CachedBars({ symbol: key.symbol, timeframe: key.timeframe });
      entry.bars.set(key.timeframe, bars);
    }
    return bars;
  }

  books(symbol: MarketSymbol): CachedBooks {
    const entry = this.#entry(symbol);
    entry.books ??= new CachedBooks(symbol);
    return entry.books;
  }

  *allBars(): Generator<CachedBars> {
    for (const { bars } of this.#symbols.values()) yield* bars.values();
  }

  *allBooks(): Generator<CachedBooks> {
    for (const { books } of this.#symbols.values()) if (books) yield books;
  }

  /** Counts a symbol anew, without what is too old, and evicts others while there is too much. */
  settle(symbol: string): void {
    const entry = this.#symbols.get(symbol);
    if (!entry) return;
    const { minutes, bars: count } = this.#settings;
    const since = Date.now() - minutes * 60_000;
    let [rows, bytes] = [0, 0];
    for (const bars of entry.bars.values()) {
      bars.trim(count, since);
      rows += bars.rows + bars.pending.rows;
      bytes += bars.rows * BAR_BYTES + bars.pending.bytes;
    }
    if (entry.books) {
      entry.books.trim(since * 1000);
      rows += entry.books.rows + entry.books.pending.rows;
      bytes += entry.books.bytes + entry.books.pending.bytes;
    }
    this.rows += rows - entry.rows;
    this.bytes += bytes - entry.bytes;
    entry.rows = rows;
    entry.bytes = bytes;
    this.#evict();
  }

  clear(): void {
    this.#symbols.clear();
    this.rows = 0;
    this.bytes = 0;
  }

  #evict(): void {
    for (const [symbol, entry] of this.#symbols) {
      if (this.rows <= this.#settings.rows && this.bytes <= this.#settings.bytes) return;
      this.#symbols.delete(symbol);
      this.rows -= entry.rows;
      this.bytes -= entry.bytes;
      this.evictions += 1;
    }
  }

  #entry(symbol: string): SymbolEntry {
    let entry = this.#symbols.get(symbol);
    if (!entry) {
      entry = new SymbolEntry();
      this.#symbols.set(symbol, entry);
    }
    return entry;
  }
}
