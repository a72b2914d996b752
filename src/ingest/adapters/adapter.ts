import type { OrderBookInput } from '../../domain/order-book.js';
import type { QuoteInput } from '../../domain/quote.js';
import type { TradeInput } from '../../domain/trade.js';

/**
 * Something that a market told: a trade, a quote, or how the book stands. Trades should have ids: of those without, equal ones of one instant may
 * count as one, since they may come into different calls of the ingest.
 */
export type FeedEvent =
  | { readonly kind: 'trade'; readonly row: TradeInput }
  | { readonly kind: 'quote'; readonly row: QuoteInput }
  | { readonly kind: 'orderBook'; readonly row: OrderBookInput };

/** Where events come from. One for another exchange is an object with this method. */
export interface FeedAdapter {
  /**
   * The events in the order in which they came. They are made while they are asked for, so that a slow reader slows the source down. It ends
   * where the source ends, and, without an error, soon after the signal is aborted.
   */
  events(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<FeedEvent>;
}
