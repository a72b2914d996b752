import { z } from 'zod';
import { fromScaled, PRICE } from './decimal.js';
import { type Indicator, type IndicatorInput, readIndicator, readIndicatorKey } from './indicator.js';
import {
  type BookRules,
  type OrderBookInput,
  type OrderBookSnapshot,
  readOrderBook,
  type ScaledLevels,
} from './order-book.js';
import type { Report } from './problem.js';
import { type Quote, type QuoteInput, readQuote } from './quote.js';
import { issueOf } from './schemas.js';
import { SIZE } from './size.js';
import { readSymbol } from './symbol.js';
import type { TickRules } from './tick.js';
import { readTrade, type Trade, type TradeInput } from './trade.js';

/** Trades, quotes, order books and indicators as zod schemas: what each answers is right and normalised, ready to be written. */

/** Itself a {@link TradeInput}. */
export type NewTrade = Omit<Trade, 'ordinal' | 'createdAt'>;
/** Itself a {@link QuoteInput}; the sequence is null where the caller gave none. */
export type NewQuote = Omit<Quote, 'sequence' | 'createdAt'> & { readonly sequence: bigint | null };
/** Itself an {@link OrderBookInput}. */
export type NewOrderBook = Pick<OrderBookSnapshot, 'symbol' | 'timestamp' | 'bids' | 'asks'>;
/** Itself an {@link IndicatorInput}. */
export type NewIndicator = Omit<Indicator, 'createdAt'>;

/** One trade, with no field beside its own: a price above zero unless the rules allow others, microseconds unless they cut. */
export function tradeInputSchema(rules: TickRules = {}): z.ZodType<NewTrade, TradeInput> {
  return rowSchema(['symbol', 'timestamp', 'tradeId', 'price', 'size', 'side'], (input, report) => {
    const symbol = readSymbol(input.symbol, 'symbol', report);
    const trade = readTrade(input, rules, report);
    return symbol && trade && { symbol, ...trade, price: price(trade.price), size: size(trade.size) };
  });
}

/** One quote, likewise. The bid may equal the ask, not exceed it. */
export function quoteInputSchema(rules: TickRules = {}): z.ZodType<NewQuote, QuoteInput> {
  const fields = ['symbol', 'timestamp', 'sequence', 'bidPrice', 'bidSize', 'askPrice', 'askSize'] as const;
  return rowSchema(fields, (input, report) => {
    const symbol = readSymbol(input.symbol, 'symbol', report);
    const quote = readQuote(input, rules, report);
    if (!symbol || !quote) return undefined;
    const { bidPrice, bidSize, askPrice, askSize } = quote;
    return {
      symbol,
      ...quote,
      bidPrice: bidPrice === null ? null : price(bidPrice),
      bidSize: bidSize === null ? null : size(bidSize),
      askPrice: askPrice === null ? null : price(askPrice),
      askSize: askSize === null ? null : size(askSize),
    };
  });
}

/** One book, likewise: levels sorted, best first, and the best bid below the best ask. */
export function orderBookInputSchema(rules: BookRules = {}): z.ZodType<NewOrderBook, OrderBookInput> {
  return rowSchema(['symbol', 'timestamp', 'bids', 'asks'], (input, report) => {
    const symbol = readSymbol(input.symbol, 'symbol', report);
    const book = readOrderBook(input, rules, report);
    return symbol && book && { symbol, ...book, bids: levels(book.bids), asks: levels(book.asks) };
  });
}

/** One value of an indicator, with no field beside its own. Where its series has no right name, the value is not looked at. */
export const indicatorInputSchema: z.ZodType<NewIndicator, IndicatorInput> = rowSchema(
  ['symbol', 'timeframe', 'name', 'timestamp', 'value'],
  (input: IndicatorInput, report) => {
    const key = readIndicatorKey(input, report);
    const value = key && readIndicator(input, key.timeframe, report);
    return value && { ...key, ...value };
  },
);

/** What `read` finds wrong becomes issues, as does every field that is not one of these. */
function rowSchema<Input extends object, Output>(
  fields: readonly (keyof Input & string)[],
  read: (input: Input, report: Report) => Output | undefined,
): z.ZodType<Output, Input> {
  const known = new Set<string>(fields);
  return z.custom<Input>().transform((row, context) => {
    if (typeof row !== 'object' || row === null) {
      context.addIssue({ code: 'invalid_type', expected: 'object', input: row });
      return z.NEVER;
    }
    const output = read(row, (problem) => context.addIssue(issueOf(problem)));
    const keys = Object.keys(row).filter((key) => !known.has(key));
    if (keys.length > 0) context.addIssue({ code: 'unrecognized_keys', keys });
    return output === undefined ? z.NEVER : output;
  });
}

function price(scaled: bigint) {
  return fromScaled(scaled, PRICE.scale);
}

function size(scaled: bigint) {
  return fromScaled(scaled, SIZE.scale);
}

function levels({ prices, sizes }: ScaledLevels) {
  return prices.map((scaled, index) => [price(scaled), size(sizes[index]!)] as const);
}
