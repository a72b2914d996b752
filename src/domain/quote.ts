import { readPrice } from './amount.js';
import { type Decimal, type DecimalInput, formatScaled, PRICE } from './decimal.js';
import { type MicrosecondInput, readMicroseconds } from './microseconds.js';
import type { Report } from './problem.js';
import { readSize } from './size.js';
import type { MarketSymbol } from './symbol.js';
import { readSequence, type TickRules } from './tick.js';

/** The best bid and the best ask from an instant on, as the store gives them back; itself a {@link QuoteInput}. */
export interface Quote {
  readonly symbol: MarketSymbol;
  /** Microseconds since the epoch. */
  readonly timestamp: bigint;
  /** Orders the quotes of one instant. */
  readonly sequence: bigint;
  /** Null, with its size, where the source gave no bid; likewise the ask. */
  readonly bidPrice: Decimal | null;
  readonly bidSize: Decimal | null;
  readonly askPrice: Decimal | null;
  readonly askSize: Decimal | null;
  /** When the store learned of it. */
  readonly createdAt: Date;
}

/** A quote as a caller writes it: either side may be left out, not both. The bid may equal the ask (a locked market), not exceed it. */
export interface QuoteInput {
  readonly symbol: string;
  /** Microseconds since the epoch, or an instant. */
  readonly timestamp: MicrosecondInput;
  /** The source's own number, from 0. Without one, quotes of one instant have the order in which they are given. */
  readonly sequence?: bigint | number | null | undefined;
  /** One side may be null: not updated, or nobody there. */
  readonly bidPrice?: DecimalInput | null | undefined;
  readonly bidSize?: DecimalInput | null | undefined;
  readonly askPrice?: DecimalInput | null | undefined;
  readonly askSize?: DecimalInput | null | undefined;
}

/** A quote's own values: prices and sizes x 10^8, the timestamp in microseconds since the epoch. */
export interface ScaledQuote {
  readonly timestamp: bigint;
  readonly sequence: bigint | null;
  readonly bidPrice: bigint | null;
  readonly bidSize: bigint | null;
  readonly askPrice: bigint | null;
  readonly askSize: bigint | null;
}

/** Reads the values of one quote; reports everything that is wrong with it and answers undefined if anything is. */
export function readQuote(
  input: Omit<QuoteInput, 'symbol'>,
  rules: TickRules,
  report: Report,
): ScaledQuote | undefined {
  const timestamp = readMicroseconds(input.timestamp, 'timestamp', report, rules.onCut);
  const sequence = readSequence(input.sequence, 'sequence', report);
  const bid = readSide(input.bidPrice, input.bidSize, 'bid', rules, report);
  const ask = readSide(input.askPrice, input.askSize, 'ask', rules, report);
  if (timestamp === undefined || sequence === undefined || bid === undefined || ask === undefined) return undefined;
  if (bid.price === null && ask.price === null) {
    const rule = 'a quote has a bid, an ask, or both';
    report({ code: 'QUOTE_EMPTY', path: 'bidPrice', value: input.bidPrice, rule });
    return undefined;
  }
  if (bid.price !== null && ask.price !== null && bid.price > ask.price) {
    const rule = `the bid is not above the ask (${formatScaled(ask.price, PRICE.scale)})`;
    report({ code: 'QUOTE_CROSSED', path: 'bidPrice', value: input.bidPrice, rule });
    return undefined;
  }
  return { timestamp, sequence, bidPrice: bid.price, bidSize: bid.size, askPrice: ask.price, askSize: ask.size };
}

interface ScaledSide {
  readonly price: bigint | null;
  readonly size: bigint | null;
}

function readSide(
  price: unknown,
  size: unknown,
  side: 'bid' | 'ask',
  rules: TickRules,
  report: Report,
): ScaledSide | undefined {
  const [hasPrice, hasSize] = [price !== undefined && price !== null, size !== undefined && size !== null];
  if (!hasPrice && !hasSize) return { price: null, size: null };
  if (!hasPrice || !hasSize) {
    const [path, value] = hasPrice ? [`${side}Size`, size] : [`${side}Price`, price];
    const hint = 'a source that writes 0 for "not updated" has no such side: leave both out';
    report({ code: 'QUOTE_SIDE_INCOMPLETE', path, value, rule: `the ${side} has a price and a size`, hint });
    return undefined;
  }
  const scaledPrice = readPrice(price, `${side}Price`, report, rules.allowNonPositive);
  const scaledSize = readSize(size, `${side}Size`, report);
  return scaledPrice === undefined || scaledSize === undefined ? undefined : { price: scaledPrice, size: scaledSize };
}
