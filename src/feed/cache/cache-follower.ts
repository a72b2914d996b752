import type { Bar, BarInput } from '../../domain/bar.js';
import { RATIO_WINDOW } from '../../domain/bar-ratios.js';
import type { OrderBookInput } from '../../domain/order-book.js';
import type { SeriesKey } from '../../domain/series.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import type { Timeframe } from '../../domain/timeframe.js';
import type { ArrivalKind } from '../../repositories/tell-arrival.js';
import { changePages, insist, type PageInTime } from '../subscribe/change-pages.js';
import { pause } from '../subscribe/listener.js';
import { acceptedBar, acceptedBook } from './accepted-rows.js';
import type { CacheEntries } from './cache-entries.js';
import type { CacheParts } from './cache-parts.js';
import type { CachedBars } from './cached-bars.js';
import type { CachedBooks } from './cached-books.js';
import { barStretches, bookStretches, near } from './changed-stretches.js';
import { newestSeries } from './newest-series.js';
import { readBooks, readNewestBars, readStretches } from './read-latest.js';
import { barsToHold, type CacheSettings } from './settings.js';

export interface FollowerParts extends Omit<CacheParts, 'options'> {
  readonly settings: CacheSettings;
  readonly entries: CacheEntries;
}

/** Milliseconds without word of the database after which nothing is known for sure. It is asked every second. */
const FRESH = 5_000;
const RETRY = 1_000;
/** Series that are read between two looks at what is new. */
const FILLS = 200;

/** Keeps what the cache holds as the database has it, and adds what the ingest accepts. All reads of the database are made one after the other. */
export class CacheFollower {
  readonly #parts: FollowerParts;
  /** By name, and not the thing itself: what was evicted meanwhile is not kept by it. */
  readonly #wanted = new Map<string, { readonly symbol: string; readonly timeframe?: Timeframe }>();
  #running: Promise<void> | undefined;
  #filling: { readonly done: Promise<void>; readonly resolve: () => void } | undefined;
  /** By `performance.now()`: all that was committed by then is here. */
  #asOf = Number.NEGATIVE_INFINITY;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  get working(): boolean {
    return this.#running !== undefined;
  }

  get fresh(): boolean {
    return performance.now() - this.#asOf < FRESH;
  }

  /** Answers when all that is wanted is there; with `newest`, what the database has that is newest is wanted. */
  async start(newest: boolean): Promise<void> {
    const { closed, source, entries, settings } = this.#parts;
    if (closed.aborted) return;
    this.#running ??= this.#run();
    if (newest) {
      const found = await insist(source, closed, (client) => newestSeries(client, settings));
      for (const key of found?.bars ?? []) this.#want(entries.bars(key));
      for (const symbol of found?.books ?? []) this.#want(entries.books(symbol));
    }
    if (!this.#filling) {
      let resolve = () => {};
      const done = new Promise<void>((settle) => {
        resolve = settle;
      });
      this.#filling = { done, resolve };
    }
    source.listener.wake();
    await Promise.race([this.#filling.done, this.#running]);
  }

  wantBars(key: SeriesKey): void {
    this.#running ??= this.#run();
    const bars = this.#parts.entries.bars(key);
    if (!bars.ready) this.#want(bars);
  }

  wantBooks(symbol: MarketSymbol): void {
    this.#running ??= this.#run();
    const books = this.#parts.entries.books(symbol);
    if (!books.ready) this.#want(books);
  }

  #want(held: CachedBars | CachedBooks): void {
    const before = this.#wanted.size;
    if ('symbol' in held) this.#wanted.set(held.symbol, { symbol: held.symbol });
    else this.#wanted.set(`${held.key.symbol} ${held.key.timeframe}`, held.key);
    if (before === 0) this.#parts.source.listener.wake();
  }

  async #run(): Promise<void> {
    const { source, closed, ingest, entries } = this.#parts;
    const stopObserving = ingest.observe({
      accepted: ({ kind, rows }) => this.#accept(kind, rows),
      settled: ({ kind, rows, written }) => this.#settle(kind, rows, written),
    });
    try {
      while (!closed.aborted) {
        try {
          for await (const page of changePages(source, { kinds: ['bar', 'orderBook'] }, undefined, closed))
            await this.#take(page);
        } catch (err) {
          source.log.warn({ err }, 'the cache has lost the thread: it reads everything again');
          this.#asOf = Number.NEGATIVE_INFINITY;
          await pause(RETRY, closed);
        }
        for (const held of [...entries.allBars(), ...entries.allBooks()]) this.#again(held);
      }
    } finally {
      stopObserving();
      entries.clear();
      this.#asOf = Number.NEGATIVE_INFINITY;
    }
  }

  async #take(page: PageInTime): Promise<void> {
    const { entries } = this.#parts;
    await this.#replaceBars(page);
    await this.#replaceBooks(page);
    await this.#fill();
    if (page.full) return;
    for (const held of [...entries.allBars(), ...entries.allBooks()]) {
      const before = held.pending.rows;
      if (held.forgetSettled(page.asked)) this.#again(held);
      if (held.pending.rows < before) entries.settle('symbol' in held ? held.symbol : held.key.symbol);
    }
    this.#asOf = page.asked;
    if (this.#wanted.size > 0) this.#parts.source.listener.wake();
    else {
      this.#filling?.resolve();
      this.#filling = undefined;
    }
  }

  async #replaceBars({ changes }: PageInTime): Promise<void> {
    const { source, closed, entries, settings } = this.#parts;
    const { stretches, lost } = barStretches(changes, entries, settings);
    for (const bars of lost) this.#again(bars);
    for (const together of near(stretches)) {
      const asked = together.map(({ bars, low, high }) => ({ ...bars.key, low, high }));
      const found = await insist(source, closed, (client) => readStretches(client, asked));
      if (!found) return;
      const bySeries = new Map<string, Bar[]>();
      for (const bar of found) {
        const name = `${bar.symbol} ${bar.timeframe}`;
        const own = bySeries.get(name);
        if (own) own.push(bar);
        else bySeries.set(name, [bar]);
      }
      for (const { bars, low, high } of together) {
        bars.replace(low, high, bySeries.get(`${bars.key.symbol} ${bars.key.timeframe}`) ?? []);
        // So much was deleted that there are bars before what is held to be had.
        if (!bars.whole && bars.rows < settings.bars + RATIO_WINDOW) this.#again(bars);
        entries.settle(bars.key.symbol);
      }
    }
  }

  async #replaceBooks({ changes }: PageInTime): Promise<void> {
    const { source, closed, entries } = this.#parts;
    for (const { books, from } of bookStretches(changes, entries)) {
      const found = await insist(source, closed, (client) => readBooks(client, books.symbol, from));
      if (!found) return;
      books.replace(from, found.moments, found.latest);
      entries.settle(books.symbol);
    }
  }

  async #fill(): Promise<void> {
    const { source, closed, settings, entries } = this.#parts;
    for (const [name, { symbol, timeframe }] of [...this.#wanted].slice(0, FILLS)) {
      this.#wanted.delete(name);
      const entry = entries.get(symbol);
      const held = timeframe === undefined ? entry?.books : entry?.bars.get(timeframe);
      if (!held) continue;
      if ('symbol' in held) {
        const since = (Date.now() - settings.minutes * 60_000) * 1000;
        const found = await insist(source, closed, (client) => readBooks(client, held.symbol, since));
        if (!found) return;
        held.fill(since, found.moments, found.latest);
        entries.settle(held.symbol);
      } else {
        const limit = barsToHold(settings, held.key.timeframe);
        const found = await insist(source, closed, (client) => readNewestBars(client, held.key, limit));
        if (!found) return;
        held.fill(found, found.length < limit);
        entries.settle(held.key.symbol);
      }
    }
  }

  #accept(kind: ArrivalKind, rows: readonly object[]): void {
    const { entries } = this.#parts;
    const now = new Date();
    const symbols = new Set<string>();
    if (kind === 'bar')
      for (const row of rows as readonly BarInput[]) {
        const bar = acceptedBar(row, now);
        const bars = entries.bars(bar);
        bars.accept(bar);
        if (!bars.ready) this.#want(bars);
        symbols.add(bar.symbol);
      }
    else if (kind === 'orderBook')
      for (const row of rows as readonly OrderBookInput[]) {
        const book = acceptedBook(row, now);
        const books = entries.books(book.symbol);
        books.accept(book);
        if (!books.ready) this.#want(books);
        symbols.add(book.symbol);
      }
    for (const symbol of symbols) entries.settle(symbol);
  }

  #settle(kind: ArrivalKind, rows: readonly object[], written: boolean): void {
    const { entries } = this.#parts;
    for (const row of rows) {
      if (kind === 'bar') {
        const { symbol, timeframe, timestamp } = row as BarInput;
        const bars = entries.get(symbol)?.bars.get(timeframe);
        bars?.settle((timestamp as Date).getTime());
        if (bars && !written) this.#again(bars);
      } else if (kind === 'orderBook') {
        const { symbol, timestamp } = row as OrderBookInput;
        const books = entries.get(symbol)?.books;
        books?.settle(Number(timestamp as bigint));
        if (books && !written) this.#again(books);
      }
    }
  }

  /** Is to be read anew; until then it answers nothing. */
  #again(held: CachedBars | CachedBooks): void {
    held.empty();
    this.#want(held);
  }
}
