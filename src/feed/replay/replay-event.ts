import type { Bar } from '../../domain/bar.js';
import type { OrderBookSnapshot } from '../../domain/order-book.js';
import type { Quote } from '../../domain/quote.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import type { Timeframe } from '../../domain/timeframe.js';
import type { Trade } from '../../domain/trade.js';

/** In the order in which they come where they have the same instant. */
export const REPLAY_KINDS = ['bar', 'trade', 'quote', 'orderBook'] as const;
/** What a replay may bring. */
export type ReplayKind = (typeof REPLAY_KINDS)[number];

interface Happened<Kind extends ReplayKind> {
  readonly kind: Kind;
  /** When the bar closed, or the trade, quote or book happened: microseconds since the epoch. */
  readonly at: bigint;
  readonly symbol: MarketSymbol;
}

/**
 * Something that closed or happened. `at` and `bar` of a bar are accessors of the event: read them from it, since a copy (`{ ...event }`, JSON, a message
 * to a worker) has neither.
 */
export type ReplayEvent =
  | (Happened<'bar'> & {
      readonly timeframe: Timeframe;
      /** Made when it is first asked for: who looks at the hours alone does not pay for the Decimals of the minutes. */
      readonly bar: Bar;
    })
  | (Happened<'trade'> & { readonly trade: Trade })
  | (Happened<'quote'> & { readonly quote: Quote })
  | (Happened<'orderBook'> & { readonly orderBook: OrderBookSnapshot });
