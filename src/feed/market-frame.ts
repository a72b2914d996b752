import type { Bar } from '../domain/bar.js';
import type { BookImbalance } from '../domain/book-imbalance.js';
import type { Indicator } from '../domain/indicator.js';
import type { OrderBookSnapshot } from '../domain/order-book.js';
import type { MarketSymbol } from '../domain/symbol.js';
import type { Timeframe } from '../domain/timeframe.js';
import type { Frame } from '../repositories/bars/multi-timeframe.js';

/** Everything that could be known of a symbol at an instant of market time, for a detector or a model. Plain values: see `serializeFrame`. */
export interface MarketFrame {
  readonly symbol: MarketSymbol;
  /** Market time, UTC. But for {@link lookAhead}, nothing in the frame is from after it. */
  readonly at: Date;
  /** The store's time as of which it was asked for; null: what the store knew when it was asked. */
  readonly knownAt: Date | null;
  /** The last bars of each timeframe that had closed by `at`, in the order in which they were asked for. Each says where they are from. */
  readonly timeframes: readonly Frame[];
  /** The last book that was taken at `at` or before, however long before; null where there is none. */
  readonly orderBook: OrderBookSnapshot | null;
  /** Of windows of 1, 5, 15 and 60 seconds the last that had closed by `at`. A window without a book is not there. */
  readonly imbalances: readonly BookImbalance[];
  /**
   * The last value of each indicator of the frame's timeframes, of a bar that had closed by `at`; by timeframe, as asked for, and name.
   */
  readonly indicators: readonly Indicator[];
  /** The minutes before `at`; null where they were not asked for. */
  readonly context: FrameStretch | null;
  /** The minutes AFTER `at`, which nobody could know then: for labels and charts. Null unless `lookAheadMinutes` asked for it. */
  readonly lookAhead: FrameStretch | null;
}

/** Minutes next to the instant of a frame. */
export interface FrameStretch {
  readonly from: Date;
  readonly to: Date;
  /** The finest timeframe of which a bar is stored that had closed by the frame's instant; null where there is none, and no bars. */
  readonly timeframe: Timeframe | null;
  /** Stored bars of it, oldest first: before the instant those that open at `from` or later and had closed by it; after it those that close in (from, to]. */
  readonly bars: readonly Bar[];
  /** The last book of each minute that has one, oldest first; only minutes that had closed by `to`. */
  readonly orderBooks: readonly OrderBookSnapshot[];
}
