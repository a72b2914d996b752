import { readPrice } from './amount.js';
import { type Decimal, type DecimalInput, formatScaled, PRICE } from './decimal.js';
import { type MicrosecondInput, readMicroseconds } from './microseconds.js';
import type { Report } from './problem.js';
import { readSize } from './size.js';
import type { MarketSymbol } from './symbol.js';
import type { TickRules } from './tick.js';

/** One level of a book: its price, and how much is offered there. */
export type BookLevel<Amount = Decimal> = readonly [price: Amount, size: Amount];

/** The book at an instant, as the store gives it back; itself an {@link OrderBookInput}. */
export interface OrderBookSnapshot {
  readonly symbol: MarketSymbol;
  /** Microseconds since the epoch. */
  readonly timestamp: bigint;
  /** Best first: the highest bid, the lowest ask. */
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
  /** (best bid + best ask) / 2, exact, so with up to 9 decimals. Null where a side is empty, as are spread and imbalance. */
  readonly mid: Decimal | null;
  /** best ask - best bid. */
  readonly spread: Decimal | null;
  /** The sum of the sizes. */
  readonly bidVolume: Decimal;
  readonly askVolume: Decimal;
  /** (bidVolume - askVolume) / (bidVolume + askVolume), half-up to 8 decimals; -1 to 1. */
  readonly imbalance: Decimal | null;
  /** When the store learned of it. */
  readonly createdAt: Date;
}

/** A book as a caller writes it: levels best first, bids below asks. */
export interface OrderBookInput {
  readonly symbol: string;
  /** When it was taken. */
  readonly timestamp: MicrosecondInput;
  /** Best first: prices fall. */
  readonly bids: readonly BookLevel<DecimalInput>[];
  /** Best first: prices rise. */
  readonly asks: readonly BookLevel<DecimalInput>[];
}

/** One side's levels, prices and sizes x 10^8. */
export interface ScaledLevels {
  readonly prices: readonly bigint[];
  readonly sizes: readonly bigint[];
}

/** The timestamp is in microseconds since the epoch. */
export interface ScaledBook {
  readonly timestamp: bigint;
  readonly bids: ScaledLevels;
  readonly asks: ScaledLevels;
}

export interface BookRules extends TickRules {
  /** Takes a book of which one side has no level; never one without any. */
  readonly allowEmptySide?: boolean | undefined;
}

/** Exchanges give up to 5,000; the sums of so many sizes fit their columns. */
const MOST_LEVELS = 5_000;

/** Reads one book; reports everything that is wrong with it and answers undefined if anything is. */
export function readOrderBook(
  input: Omit<OrderBookInput, 'symbol'>,
  rules: BookRules,
  report: Report,
): ScaledBook | undefined {
  const timestamp = readMicroseconds(input.timestamp, 'timestamp', report, rules.onCut);
  const bids = readLevels(input.bids, 'bids', rules, report);
  const asks = readLevels(input.asks, 'asks', rules, report);
  if (timestamp === undefined || bids === undefined || asks === undefined) return undefined;
  const [bid, ask] = [bids.prices[0], asks.prices[0]];
  if (bid === undefined || ask === undefined) {
    if (rules.allowEmptySide && (bid !== undefined || ask !== undefined)) return { timestamp, bids, asks };
    const [path, value] = bid === undefined ? ['bids', input.bids] : ['asks', input.asks];
    const rule = rules.allowEmptySide ? 'a book has a level at least' : 'a side of the book is empty';
    const hint = rules.allowEmptySide ? {} : { hint: 'pass allowEmptySide where nobody really offers' };
    report({ code: 'BOOK_SIDE_EMPTY', path, value, rule, ...hint });
    return undefined;
  }
  if (bid < ask) return { timestamp, bids, asks };
  const rule = `the best bid is below the best ask (${formatScaled(ask, PRICE.scale)})`;
  report({ code: 'BOOK_CROSSED', path: 'bids.0', value: input.bids[0], rule });
  return undefined;
}

function readLevels(
  levels: unknown,
  path: 'bids' | 'asks',
  rules: BookRules,
  report: Report,
): ScaledLevels | undefined {
  if (!Array.isArray(levels) || levels.length > MOST_LEVELS) {
    const value = Array.isArray(levels) ? `${levels.length} levels` : levels;
    const rule = `a side is an array of at most ${MOST_LEVELS} levels`;
    report({ code: 'BOOK_LEVELS_INVALID', path, value, rule });
    return undefined;
  }
  const prices: bigint[] = [];
  const sizes: bigint[] = [];
  let sound = true;
  for (let index = 0; index < levels.length; index += 1) {
    const level: unknown = levels[index];
    const place = `${path}.${index}`;
    if (!Array.isArray(level) || level.length < 2) {
      report({ code: 'BOOK_LEVEL_INVALID', path: place, value: level, rule: 'a level is [price, size]' });
      sound = false;
      continue;
    }
    const price = readPrice(level[0], place, report, rules.allowNonPositive);
    const size = readSize(level[1], place, report);
    if (price === undefined || size === undefined) {
      sound = false;
      continue;
    }
    const previous = prices.at(-1);
    if (previous !== undefined && (path === 'bids' ? price >= previous : price <= previous)) {
      const rule = `${path} are sorted, best first, each price once: ${path === 'bids' ? 'below' : 'above'} ${formatScaled(previous, PRICE.scale)}`;
      report({ code: 'BOOK_LEVELS_UNSORTED', path: place, value: level[0], rule });
      sound = false;
    }
    prices.push(price);
    sizes.push(size);
  }
  return sound ? { prices, sizes } : undefined;
}

/** What follows from a book's levels. */
export interface DerivedBook {
  /** x 10^9: half of the eighth decimal is a ninth. */
  readonly mid: bigint | null;
  /** x 10^8, as are the volumes and the imbalance. */
  readonly spread: bigint | null;
  readonly bidVolume: bigint;
  readonly askVolume: bigint;
  readonly imbalance: bigint | null;
}

export const MID_SCALE = 9;
const ONE = 10n ** 8n;

export function deriveBook({ bids, asks }: Pick<ScaledBook, 'bids' | 'asks'>): DerivedBook {
  const [bid, ask] = [bids.prices[0], asks.prices[0]];
  const bidVolume = sum(bids.sizes);
  const askVolume = sum(asks.sizes);
  if (bid === undefined || ask === undefined) return { mid: null, spread: null, bidVolume, askVolume, imbalance: null };
  const imbalance = divideHalfUp((bidVolume - askVolume) * ONE, bidVolume + askVolume);
  return { mid: (bid + ask) * 5n, spread: ask - bid, bidVolume, askVolume, imbalance };
}

function sum(values: readonly bigint[]): bigint {
  let total = 0n;
  for (const value of values) total += value;
  return total;
}

/** `dividend / divisor`, a half away from zero. The divisor is above zero. */
function divideHalfUp(dividend: bigint, divisor: bigint): bigint {
  const magnitude = ((dividend < 0n ? -dividend : dividend) * 2n + divisor) / (2n * divisor);
  return dividend < 0n ? -magnitude : magnitude;
}
