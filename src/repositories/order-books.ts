import type { Client, Session } from '../database/session.js';
import { type BookImbalance, type ImbalanceSeconds, readImbalanceSeconds } from '../domain/book-imbalance.js';
import { readChoice } from '../domain/choice.js';
import { Decimal } from '../domain/decimal.js';
import {
  type BookLevel,
  deriveBook,
  type OrderBookInput,
  type OrderBookSnapshot,
  readOrderBook,
} from '../domain/order-book.js';
import { readOrThrow } from '../domain/problem.js';
import type { MarketSymbol } from '../domain/symbol.js';
import { INTERVALS, intervalSpan, SECOND, type TickInterval } from '../domain/tick-interval.js';
import type { AuditContext } from './audit/append.js';
import { readImbalances, readLastBooks } from './order-book-buckets.js';
import { type BucketWindow, closedBuckets, iterateBuckets, readAt } from './time-series/buckets.js';
import { type Cell, type Column, decimal, decimals } from './time-series/column.js';
import { readRange } from './time-series/read.js';
import { TimeSeriesRepository } from './time-series/repository.js';
import { readSymbolSeries, type SymbolKey, type TickWriteOptions } from './time-series/symbol-series.js';
import type { TimeSeriesTable } from './time-series/table.js';
import type { ReadWindow } from './time-series/window.js';

/** How order books are written. */
export interface OrderBookWriteOptions extends TickWriteOptions {
  /** Takes a book of which one side has no level; never one without any. */
  readonly allowEmptySide?: boolean | undefined;
}

/** Nine decimals, which do not fill groups of four: written with twelve. */
const MID: Column = {
  name: 'mid',
  type: 'numeric',
  write: (row, cell) => row.scaled(cell === null ? null : (cell as bigint) * 1000n, 12),
  read: () => {
    throw new TypeError('mid is derived, never compared');
  },
};

type Amounts = readonly bigint[];
type Fields = [
  string[],
  string[],
  string[],
  string[],
  string | null,
  string | null,
  string,
  string,
  string | null,
  Date,
];

export const ORDER_BOOKS: TimeSeriesTable<OrderBookInput, OrderBookSnapshot, SymbolKey, OrderBookWriteOptions> = {
  relation: 'order_book_snapshots',
  subject: 'order books',
  seriesColumns: ['symbol'],
  values: [decimals('bid_prices'), decimals('bid_sizes'), decimals('ask_prices'), decimals('ask_sizes')],
  derived: {
    columns: [MID, decimal('spread'), decimal('bid_volume'), decimal('ask_volume'), decimal('imbalance')],
    of(values: readonly Cell[]) {
      const [bidPrices, bidSizes, askPrices, askSizes] = values as readonly [Amounts, Amounts, Amounts, Amounts];
      const book = { bids: { prices: bidPrices, sizes: bidSizes }, asks: { prices: askPrices, sizes: askSizes } };
      const { mid, spread, bidVolume, askVolume, imbalance } = deriveBook(book);
      return [mid, spread, bidVolume, askVolume, imbalance];
    },
  },
  // As text: pg would make floats of the elements of a NUMERIC[].
  select: [
    ...['bid_prices', 'bid_sizes', 'ask_prices', 'ask_sizes'].map((column) => `${column}::text[]`),
    ...['mid', 'spread', 'bid_volume', 'ask_volume', 'imbalance', 'created_at'],
  ],
  readSeries: readSymbolSeries,
  readEntry(input, _series, rules, report) {
    const book = readOrderBook(input, rules, report);
    if (!book) return undefined;
    const { timestamp, bids, asks } = book;
    return { timestamp, id: null, values: [bids.prices, bids.sizes, asks.prices, asks.sizes] };
  },
  toRow({ symbol }, timestamp, fields) {
    const [bidPrices, bidSizes, askPrices, askSizes, mid, spread, bidVolume, askVolume, imbalance, createdAt] =
      fields as Fields;
    return {
      symbol: symbol as MarketSymbol,
      timestamp,
      bids: levels(bidPrices, bidSizes),
      asks: levels(askPrices, askSizes),
      mid: mid === null ? null : new Decimal(mid),
      spread: spread === null ? null : new Decimal(spread),
      bidVolume: new Decimal(bidVolume),
      askVolume: new Decimal(askVolume),
      imbalance: imbalance === null ? null : new Decimal(imbalance),
      createdAt,
    };
  },
};

/** Which books: `raw` every one of the window that was there at `at`, else the last of each second or minute that had closed by `at`. */
export interface SnapshotWindow extends SymbolKey, BucketWindow {
  readonly every: 'raw' | TickInterval;
}

/** Which windows of imbalance: those that open in `[from, to)` and had closed by `at`. */
export interface ImbalanceWindow extends SymbolKey, BucketWindow {
  /** How long each window is. */
  readonly seconds: ImbalanceSeconds;
}

/** Books a page of the iterators. */
const PAGE = 5_000;

/**
 * The snapshots of order books. They come back oldest first; windows are half-open. Every method throws an InvalidInputError for arguments that
 * break a rule and a DatabaseError when the database refuses.
 */
export class OrderBookRepository extends TimeSeriesRepository<
  OrderBookInput,
  OrderBookSnapshot,
  SymbolKey,
  OrderBookWriteOptions
> {
  constructor(session: Session, context: AuditContext) {
    super(ORDER_BOOKS, session, context);
  }

  /**
   * The book as it stood at the end of each second or minute: the last snapshot in it, with the instant at which it was taken, oldest first. A
   * snapshot at the end itself belongs to the next. A second without a snapshot has no book: none is carried over. For long windows there is
   * {@link iterateSnapshots}.
   *
   * @example
   * const minutes = await store.orderBooks.snapshots({
   *   symbol: 'BTCUSDT',
   *   every: '1m',
   *   from: '2024-08-08T09:00:00Z',
   *   to: '2024-08-08T10:00:00Z',
   * });
   * const spreads = minutes.map(({ spread }) => spread?.toFixed());
   */
  async snapshots(input: SnapshotWindow): Promise<OrderBookSnapshot[]> {
    const { window, read } = this.#snapshots(input);
    return this.session.withClient((client) => read(client, window));
  }

  /**
   * As {@link snapshots}, one by one, in constant memory: about 5,000 stored books a page.
   *
   * @throws the signal's reason
   * @example
   * for await (const book of store.orderBooks.iterateSnapshots({ symbol: 'BTCUSDT', every: '1s', from: '2024-08-08' })) {
   *   console.log(book.timestamp, book.bids[0], book.asks[0]);
   * }
   */
  async *iterateSnapshots(
    input: SnapshotWindow & { readonly signal?: AbortSignal },
  ): AsyncGenerator<OrderBookSnapshot, void, undefined> {
    const { window, span, read } = this.#snapshots(input);
    yield* iterateBuckets(this.session, ORDER_BOOKS, window, { span, size: PAGE, signal: input.signal }, read);
  }

  /**
   * How far the book leaned to one side over windows of 1, 5, 15 or 60 seconds: see {@link BookImbalance} for what that is. Oldest first; a window
   * without a book is not there. For long stretches there is {@link iterateImbalance}.
   *
   * @example
   * const windows = await store.orderBooks.imbalance({
   *   symbol: 'BTCUSDT',
   *   seconds: 15,
   *   from: '2024-08-08T09:00:00Z',
   *   to: '2024-08-08T10:00:00Z',
   * });
   */
  async imbalance(input: ImbalanceWindow): Promise<BookImbalance[]> {
    const { window, seconds } = this.#imbalance(input);
    return this.session.withClient((client) => readImbalances(client, ORDER_BOOKS, window, seconds));
  }

  /**
   * As {@link imbalance}, one by one, in constant memory: about 5,000 stored books a page.
   *
   * @throws the signal's reason
   * @example
   * for await (const { timestamp, imbalance } of store.orderBooks.iterateImbalance({
   *   symbol: 'BTCUSDT',
   *   seconds: 60,
   *   from: '2024-08-08',
   * })) {
   *   console.log(timestamp, imbalance);
   * }
   */
  async *iterateImbalance(
    input: ImbalanceWindow & { readonly signal?: AbortSignal },
  ): AsyncGenerator<BookImbalance, void, undefined> {
    const { window, seconds, span } = this.#imbalance(input);
    yield* iterateBuckets(
      this.session,
      ORDER_BOOKS,
      window,
      { span, size: PAGE, signal: input.signal },
      (client, page) => readImbalances(client, ORDER_BOOKS, page, seconds),
    );
  }

  #snapshots(input: SnapshotWindow) {
    const window = this.window(input);
    const every = readOrThrow('window', (report) =>
      readChoice(input.every, ['raw', ...INTERVALS] as const, 'every', 'every', report),
    );
    const at = readAt(input.at);
    if (every === 'raw') {
      const last = at < window.last ? at : window.last;
      const read = (client: Client, page: ReadWindow) => readRange(client, ORDER_BOOKS, page);
      return { window: { ...window, last, open: true }, span: 1n, read };
    }
    const span = intervalSpan(every);
    const read = (client: Client, page: ReadWindow) => readLastBooks(client, ORDER_BOOKS, page, span);
    return { window: closedBuckets(window, span, at), span, read };
  }

  #imbalance(input: ImbalanceWindow) {
    const window = this.window(input);
    const seconds = readOrThrow('window', (report) => readImbalanceSeconds(input.seconds, 'seconds', report));
    const span = BigInt(seconds) * SECOND;
    return { window: closedBuckets(window, span, readAt(input.at)), seconds, span };
  }
}

function levels(prices: readonly string[], sizes: readonly string[]): BookLevel[] {
  return prices.map((price, index) => [new Decimal(price), new Decimal(sizes[index]!)] as const);
}
