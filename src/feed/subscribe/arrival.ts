import type { Bar } from '../../domain/bar.js';
import type { OrderBookSnapshot } from '../../domain/order-book.js';
import type { Quote } from '../../domain/quote.js';
import type { Timeframe } from '../../domain/timeframe.js';
import type { Trade } from '../../domain/trade.js';
import type { ArrivalKind } from '../../repositories/tell-arrival.js';

/** Rows of `[from, to)` were deleted. What the window has by now comes after it. */
export interface Deletion {
  readonly kind: 'deleted';
  /** What was deleted. */
  readonly of: ArrivalKind;
  readonly symbol: string;
  /** Of bars; null for the others. */
  readonly timeframe: Timeframe | null;
  /** Microseconds since the epoch. */
  readonly from: bigint;
  readonly to: bigint;
}

/** What arrived, as it is stored when it is read: of several corrections in between the last one is seen. */
export type News =
  | {
      readonly kind: 'bar';
      readonly bar: Bar;
      /** Whether it took the place of other values. */
      readonly corrected: boolean;
    }
  | { readonly kind: 'trade'; readonly trade: Trade }
  | { readonly kind: 'quote'; readonly quote: Quote }
  | { readonly kind: 'orderBook'; readonly orderBook: OrderBookSnapshot }
  | Deletion;

/** News, and where to go on: a subscription from this cursor brings all that comes after this one; what carried the same cursor may come again. */
export type Arrival = News & { readonly cursor: string };
