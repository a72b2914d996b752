import type { Bar, BarInput } from '../../domain/bar.js';
import { Decimal, fromScaled, PRICE } from '../../domain/decimal.js';
import {
  deriveBook,
  MID_SCALE,
  type OrderBookInput,
  type OrderBookSnapshot,
  readOrderBook,
  type ScaledLevels,
} from '../../domain/order-book.js';
import type { MarketSymbol } from '../../domain/symbol.js';

/** A bar that the ingest took, with exact text for decimals, as the database will have it but for its ratios. */
export function acceptedBar(input: BarInput, now: Date): Bar {
  const high = new Decimal(input.high);
  const low = new Decimal(input.low);
  return {
    symbol: input.symbol as MarketSymbol,
    timeframe: input.timeframe,
    timestamp: input.timestamp as Date,
    open: new Decimal(input.open),
    high,
    low,
    close: new Decimal(input.close),
    volume: new Decimal(input.volume),
    spread: high.minus(low),
    spreadRatio: new Decimal(1),
    volumeRatio: new Decimal(1),
    vwap: input.vwap === undefined || input.vwap === null ? null : new Decimal(input.vwap),
    source: input.source ?? null,
    createdAt: now,
  };
}

/** Likewise a book. */
export function acceptedBook(input: OrderBookInput, now: Date): OrderBookSnapshot {
  const book = readOrderBook(input, { allowEmptySide: true, allowNonPositive: true }, unexpected)!;
  const { mid, spread, bidVolume, askVolume, imbalance } = deriveBook(book);
  const amount = (scaled: bigint) => fromScaled(scaled, PRICE.scale);
  const levels = ({ prices, sizes }: ScaledLevels) =>
    prices.map((price, index) => [amount(price), amount(sizes[index]!)] as const);
  return {
    symbol: input.symbol as MarketSymbol,
    timestamp: book.timestamp,
    bids: levels(book.bids),
    asks: levels(book.asks),
    mid: mid === null ? null : fromScaled(mid, MID_SCALE),
    spread: spread === null ? null : amount(spread),
    bidVolume: amount(bidVolume),
    askVolume: amount(askVolume),
    imbalance: imbalance === null ? null : amount(imbalance),
    createdAt: now,
  };
}

/** The ingest has read the row before. */
function unexpected(problem: { readonly rule: string }): never {
  throw new TypeError(problem.rule);
}
