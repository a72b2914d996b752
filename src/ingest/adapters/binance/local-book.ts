import { formatScaled, PRICE } from '../../../domain/decimal.js';
import type { BookLevel } from '../../../domain/order-book.js';
import { SIZE } from '../../../domain/size.js';
import type { ScaledLevel } from './decimal-text.js';

/**
 * Levels of a side that are kept, the best ones. Exchanges give at most as many in a snapshot; those far from the best that a market leaves behind
 * would otherwise grow without end.
 */
const MOST_LEVELS = 5_000;

/**
 * One side of a book, prices and sizes x 10^8. The best level comes last: most changes are near it, and an array is moved from the place of a
 * change on. The other way round, a book of 2,000 levels takes three times as long.
 */
class Side {
  readonly #better: (a: bigint, b: bigint) => boolean;
  readonly #prices: bigint[] = [];
  readonly #sizes: bigint[] = [];

  constructor(better: (a: bigint, b: bigint) => boolean) {
    this.#better = better;
  }

  get best(): bigint | undefined {
    return this.#prices.at(-1);
  }

  /** Sets levels; those of size 0 are removed, whether they were there or not. */
  apply(levels: readonly (readonly [bigint, bigint, ...unknown[]])[]): void {
    for (const [price, size] of levels) {
      const place = this.#placeOf(price);
      const there = this.#prices[place] === price;
      if (size === 0n) {
        if (!there) continue;
        this.#prices.splice(place, 1);
        this.#sizes.splice(place, 1);
      } else if (there) {
        this.#sizes[place] = size;
      } else {
        this.#prices.splice(place, 0, price);
        this.#sizes.splice(place, 0, size);
      }
    }
    const surplus = this.#prices.length - MOST_LEVELS;
    if (surplus <= 0) return;
    this.#prices.splice(0, surplus);
    this.#sizes.splice(0, surplus);
  }

  /** Best first. */
  top(count: number): BookLevel<string>[] {
    const levels: BookLevel<string>[] = [];
    for (let place = this.#prices.length - 1; place >= 0 && levels.length < count; place -= 1)
      levels.push([formatScaled(this.#prices[place]!, PRICE.scale), formatScaled(this.#sizes[place]!, SIZE.scale)]);
    return levels;
  }

  /** Of the first level that is not worse than the price. */
  #placeOf(price: bigint): number {
    let [low, high] = [0, this.#prices.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#better(price, this.#prices[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A book that is kept up by the changes of its levels. */
export class LocalBook {
  readonly #bids = new Side((a, b) => a > b);
  readonly #asks = new Side((a, b) => a < b);

  apply({ bids, asks }: Levels): void {
    this.#bids.apply(bids);
    this.#asks.apply(asks);
  }

  /** No book of an exchange is: something was missed. */
  get crossed(): boolean {
    const [bid, ask] = [this.#bids.best, this.#asks.best];
    return bid !== undefined && ask !== undefined && bid >= ask;
  }

  /** The best levels as exact text; undefined where there are none at all. */
  top(count: number): { readonly bids: BookLevel<string>[]; readonly asks: BookLevel<string>[] } | undefined {
    const [bids, asks] = [this.#bids.top(count), this.#asks.top(count)];
    return bids.length + asks.length === 0 ? undefined : { bids, asks };
  }
}

interface Levels {
  readonly bids: readonly (readonly [...ScaledLevel, ...unknown[]])[];
  readonly asks: readonly (readonly [...ScaledLevel, ...unknown[]])[];
}
