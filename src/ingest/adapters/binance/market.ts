import { InvalidInputError } from '../../../errors.js';
import type { FeedEvent } from '../adapter.js';
import { BookSync } from './book-sync.js';
import { LocalBook } from './local-book.js';
import { type BinanceMessage, type BookTicker, isZero, type Snapshot, type Trade } from './messages.js';
import { tell } from './observer.js';
import type { MarketOptions } from './options.js';

export interface BinanceStats {
  /** Messages that were read. */
  readonly messages: number;
  /** Of these: of other streams, answers to subscriptions, and trades that were not of the order book. */
  readonly ignored: number;
  /** Trades that did not come, by their ids. */
  readonly missedTrades: number;
  /** How often a book began to follow its stream, and how often it lost it there. */
  readonly syncs: number;
  readonly gaps: number;
}

/** The book of a symbol that diffs keep up. */
interface KeptBook {
  readonly sync: BookSync;
  synced: boolean;
  /** Of the event that was made of it last, in microseconds since the epoch. */
  last: bigint | undefined;
}

/** What the messages of a market say, as events. */
export class BinanceMarket {
  readonly #options: MarketOptions;
  readonly #books = new Map<string, KeptBook>();
  readonly #lastTrades = new Map<string, number>();
  readonly #stats = { messages: 0, ignored: 0, missedTrades: 0, syncs: 0, gaps: 0 };
  /** A snapshot that came before the first diff. */
  #early: Snapshot | undefined;
  #events: FeedEvent[] = [];

  constructor(options: MarketOptions) {
    this.#options = options;
  }

  get stats(): BinanceStats {
    return { ...this.#stats };
  }

  /** Whether diffs of the symbol wait for a snapshot. */
  needsSnapshot(symbol: string): boolean {
    return this.#books.get(symbol)?.sync.needsSnapshot ?? false;
  }

  /**
   * `received`: when the message came, in microseconds since the epoch; it stands where the message has no time.
   * @throws InvalidInputError MESSAGE_WITHOUT_TIME, SNAPSHOT_OF_WHAT
   */
  take(message: BinanceMessage, received: bigint | undefined): FeedEvent[] {
    this.#stats.messages += 1;
    if (message.kind === 'ignored') this.#stats.ignored += 1;
    if (message.kind === 'trade') this.#takeTrade(message);
    if (message.kind === 'diff') this.#bookOf(message.symbol).sync.take(message);
    if (message.kind === 'snapshot') this.#takeSnapshot(message);
    if (message.kind === 'bookTicker') this.#takeQuote(message, timeOf(message, received));
    if (message.kind === 'partial') {
      const book = new LocalBook();
      book.apply(message);
      this.#emit(book, message.symbol, timeOf(message, received));
    }
    return this.#emitted();
  }

  /** Takes the snapshot of a book, and with it the diffs that waited for it. */
  load(symbol: string, snapshot: Snapshot): FeedEvent[] {
    this.#bookOf(symbol).sync.load(snapshot);
    return this.#emitted();
  }

  /** The streams begin anew. */
  reset(): void {
    for (const book of this.#books.values()) {
      book.sync.reset();
      book.synced = false;
    }
  }

  #emitted(): FeedEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #takeTrade({ symbol, timestamp, id, price, size, side, offBook }: Trade): void {
    const last = this.#lastTrades.get(symbol);
    if (last === undefined || id > last) this.#lastTrades.set(symbol, id);
    if (last !== undefined && id > last + 1) {
      this.#stats.missedTrades += id - last - 1;
      tell(this.#options.observer, 'missedTrades', { symbol, first: last + 1, last: id - 1 });
    }
    if (offBook) this.#stats.ignored += 1;
    else this.#events.push({ kind: 'trade', row: { symbol, timestamp, tradeId: id, price, size, side } });
  }

  #takeQuote({ symbol, updateId, ...ticker }: BookTicker, timestamp: bigint): void {
    // A side on which nobody offers has the size 0.
    const bid = isZero(ticker.bidSize) ? {} : { bidPrice: ticker.bidPrice, bidSize: ticker.bidSize };
    const ask = isZero(ticker.askSize) ? {} : { askPrice: ticker.askPrice, askSize: ticker.askSize };
    if (isZero(ticker.bidSize) && isZero(ticker.askSize)) this.#stats.ignored += 1;
    else this.#events.push({ kind: 'quote', row: { symbol, timestamp, sequence: BigInt(updateId), ...bid, ...ask } });
  }

  /** The snapshot of the REST interface does not say whose it is. */
  #takeSnapshot(snapshot: Snapshot): void {
    if (this.#books.size === 0) this.#early = snapshot;
    const [first, ...more] = [...this.#books.keys()].filter((symbol) => this.needsSnapshot(symbol));
    if (first === undefined) return;
    if (more.length > 0) {
      const rule = `a snapshot has no symbol, and ${[first, ...more].join(' and ')} wait for one`;
      const hint = 'record each symbol in a file of its own';
      const value = snapshot.lastUpdateId;
      throw new InvalidInputError([{ code: 'SNAPSHOT_OF_WHAT', path: 'lastUpdateId', value, rule, hint }], 'message');
    }
    this.#books.get(first)!.sync.load(snapshot);
  }

  #bookOf(symbol: string): KeptBook {
    const known = this.#books.get(symbol);
    if (known) return known;
    const sync = new BookSync({
      onBook: (book, { timestamp }) => {
        if (!kept.synced) {
          kept.synced = true;
          this.#stats.syncs += 1;
          tell(this.#options.observer, 'bookSynced', { symbol });
        }
        if (kept.last !== undefined && timestamp < kept.last + this.#options.bookInterval) return;
        kept.last = timestamp;
        this.#emit(book, symbol, timestamp);
      },
      onLost: (loss) => {
        if (kept.synced) this.#stats.gaps += 1;
        kept.synced = false;
        tell(this.#options.observer, 'bookLost', loss);
      },
    });
    const kept: KeptBook = { sync, synced: false, last: undefined };
    this.#books.set(symbol, kept);
    if (this.#early) sync.load(this.#early);
    this.#early = undefined;
    return kept;
  }

  #emit(book: LocalBook, symbol: string, timestamp: bigint): void {
    const top = book.top(this.#options.levels);
    if (top) this.#events.push({ kind: 'orderBook', row: { symbol, timestamp, ...top } });
  }
}

function timeOf(
  { symbol, timestamp }: { readonly symbol: string; readonly timestamp: bigint | undefined },
  received: bigint | undefined,
): bigint {
  const time = timestamp ?? received;
  if (time !== undefined) return time;
  const rule = 'a message without a time needs the time at which it was received';
  const hint = 'of spot, bookTicker and partial depth have none: record each line as "<nanoseconds> <message>"';
  throw new InvalidInputError([{ code: 'MESSAGE_WITHOUT_TIME', path: 'T', value: symbol, rule, hint }], 'message');
}
