import { type BookImbalance, IMBALANCE_SECONDS, type ImbalanceSeconds } from '../../domain/book-imbalance.js';
import { divideHalfUp, formatScaled, PRICE, toScaled } from '../../domain/decimal.js';
import type { OrderBookSnapshot } from '../../domain/order-book.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import { Pending } from './pending.js';

/** When a book was taken, and its imbalance. */
export interface BookMoment {
  /** Microseconds since the epoch: below 2^53, so exact. */
  readonly time: number;
  /** x 10^8; NaN where a side was empty. */
  readonly imbalance: number;
}

/** Estimated, in bytes. */
export const MOMENT_BYTES = 16;
export const LEVEL_BYTES = 320;

const IMBALANCE_DECIMALS = 8;

/** The latest book of a symbol, and the imbalances of those before it: without a gap, from an instant on. */
export class CachedBooks {
  readonly symbol: MarketSymbol;
  readonly #pending = new Pending<OrderBookSnapshot>(levelBytes);
  #times: number[] = [];
  #imbalances: number[] = [];
  /** Every book from this instant on is held. */
  #since = Number.POSITIVE_INFINITY;
  #latest: OrderBookSnapshot | undefined;
  #ready = false;

  constructor(symbol: MarketSymbol) {
    this.symbol = symbol;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Microseconds since the epoch. */
  get since(): number {
    return this.#since;
  }

  get rows(): number {
    return this.#times.length;
  }

  get bytes(): number {
    return this.#times.length * MOMENT_BYTES + (this.#latest ? levelBytes(this.#latest) : 0);
  }

  get pending(): Pick<Pending<OrderBookSnapshot>, 'rows' | 'bytes'> {
    return this.#pending;
  }

  /** The last book that was taken by `at` (microseconds since the epoch); null, there is none; undefined, it is not held. */
  read(at: number): OrderBookSnapshot | null | undefined {
    if (!this.#ready) return undefined;
    if (this.#latest === undefined) return null;
    return Number(this.#latest.timestamp) <= at ? this.#latest : undefined;
  }

  /** Of each length the last window that had closed by `at`, where it has a book; undefined where not all books of it are held. */
  imbalances(at: number): BookImbalance[] | undefined {
    if (!this.#ready) return undefined;
    const found: BookImbalance[] = [];
    for (const seconds of IMBALANCE_SECONDS) {
      const span = seconds * 1_000_000;
      const end = Math.floor(at / span) * span;
      if (end - span < this.#since) return undefined;
      const imbalance = this.#window(seconds, end - span, end);
      if (imbalance) found.push(imbalance);
    }
    return found;
  }

  /** Puts what the database has in the place of what is held, from `since` on. */
  fill(since: number, moments: readonly BookMoment[], latest: OrderBookSnapshot | undefined): void {
    this.#since = since;
    this.#times = [];
    this.#imbalances = [];
    this.#ready = true;
    this.replace(since, moments, latest);
  }

  empty(): void {
    this.#ready = false;
  }

  /** Likewise, from `from` on alone. */
  replace(from: number, moments: readonly BookMoment[], latest: OrderBookSnapshot | undefined): void {
    const start = this.#place(from);
    this.#times.length = start;
    this.#imbalances.length = start;
    for (const { time, imbalance } of moments) {
      this.#times.push(time);
      this.#imbalances.push(imbalance);
    }
    this.#latest = latest;
    for (const row of this.#pending.shown()) {
      row.agreed = this.#has(row.value);
      this.#show(row.value);
    }
  }

  /** A book on its way to the database. */
  accept(book: OrderBookSnapshot): void {
    const same = this.#ready && this.#has(book);
    if (this.#pending.accept(Number(book.timestamp), book, same) && this.#ready) this.#show(book);
  }

  settle(time: number): void {
    this.#pending.settle(time);
  }

  /** As {@link Pending.forget}. */
  forgetSettled(readFrom: number): boolean {
    return this.#pending.forget(readFrom);
  }

  trim(since: number): void {
    const drop = this.#place(since);
    // Not one by one: each time costs as much as what is held is long.
    if (drop < 64 || drop < this.#times.length / 8) return;
    this.#times.splice(0, drop);
    this.#imbalances.splice(0, drop);
    this.#since = Math.max(this.#since, since);
    this.#pending.forgetBefore(since);
  }

  /** Whether it changes nothing of what is held. */
  #has(book: OrderBookSnapshot): boolean {
    const time = Number(book.timestamp);
    if (this.#latest === undefined || book.timestamp > this.#latest.timestamp) return false;
    if (book.timestamp === this.#latest.timestamp && !sameLevels(book, this.#latest)) return false;
    const place = this.#place(time);
    return time < this.#since || (this.#times[place] === time && Object.is(this.#imbalances[place], imbalanceOf(book)));
  }

  #show(book: OrderBookSnapshot): void {
    if (this.#has(book)) return;
    const time = Number(book.timestamp);
    if (this.#latest === undefined || book.timestamp >= this.#latest.timestamp) this.#latest = book;
    if (time < this.#since) return;
    const imbalance = imbalanceOf(book);
    const place = this.#place(time);
    const there = this.#times[place] === time ? 1 : 0;
    this.#times.splice(place, there, time);
    this.#imbalances.splice(place, there, imbalance);
  }

  /** As `readImbalances` in SQL: each book's imbalance times how long it stood. Below 2^53 all along: 10^8 x 60 s. */
  #window(seconds: ImbalanceSeconds, from: number, to: number): BookImbalance | undefined {
    const start = this.#place(from);
    const end = this.#place(to);
    if (start === end) return undefined;
    let [weighted, weight] = [0, 0];
    for (let index = start; index < end; index += 1) {
      const imbalance = this.#imbalances[index]!;
      if (Number.isNaN(imbalance)) continue;
      const stood = (index + 1 < end ? this.#times[index + 1]! : to) - this.#times[index]!;
      weighted += imbalance * stood;
      weight += stood;
    }
    const dividend = () => formatScaled(BigInt(weighted), PRICE.scale);
    return {
      symbol: this.symbol,
      seconds,
      timestamp: new Date(from / 1000),
      imbalance: weight === 0 ? null : divideHalfUp(dividend(), String(weight), IMBALANCE_DECIMALS),
      snapshots: end - start,
    };
  }

  /** Where the first book is that was taken at this instant or later. */
  #place(time: number): number {
    let [low, high] = [0, this.#times.length];
    if (high === 0 || this.#times[high - 1]! < time) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#times[middle]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function levelBytes({ bids, asks }: OrderBookSnapshot): number {
  return (bids.length + asks.length) * LEVEL_BYTES;
}

function sameLevels(one: OrderBookSnapshot, other: OrderBookSnapshot): boolean {
  return (['bids', 'asks'] as const).every(
    (side) =>
      one[side].length === other[side].length &&
      one[side].every(([price, size], index) => {
        const [otherPrice, otherSize] = other[side][index]!;
        return price.eq(otherPrice) && size.eq(otherSize);
      }),
  );
}

function imbalanceOf({ imbalance }: Pick<OrderBookSnapshot, 'imbalance'>): number {
  return imbalance === null ? Number.NaN : Number(toScaled(imbalance, IMBALANCE_DECIMALS)!);
}
