import { LocalBook } from './local-book.js';
import type { DepthDiff, Snapshot } from './messages.js';

/** Why a book can no longer be trusted: updates are missing, the snapshot is older than the first update that is there, or bids meet asks. */
export type LossReason = 'gap' | 'old-snapshot' | 'crossed';

export interface BookLoss {
  readonly symbol: string;
  readonly reason: LossReason;
  /** The last update that is in the book, and the first one of the message that does not fit. */
  readonly lastUpdateId: number;
  readonly found: number;
}

export interface BookListener {
  /** The book holds everything up to this message. */
  onBook(book: LocalBook, diff: DepthDiff): void;
  onLost(loss: BookLoss): void;
}

/** Messages that wait for a snapshot; older ones go. At 100 ms a message, a quarter of an hour. */
const MOST_WAITING = 10_000;

/**
 * Keeps the book of one symbol in step with its stream. Messages wait until there is a snapshot; then those that it has already are left out, the
 * first one must reach over its end, and each one must follow the one before it. Otherwise the book is given up until the next snapshot.
 * https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/How-to-manage-a-local-order-book-correctly
 * https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams#how-to-manage-a-local-order-book-correctly
 */
export class BookSync {
  readonly #listener: BookListener;
  #book: LocalBook | undefined;
  #last = 0;
  /** A message has been applied to the snapshot. */
  #joined = false;
  #waiting: DepthDiff[] = [];

  constructor(listener: BookListener) {
    this.#listener = listener;
  }

  get needsSnapshot(): boolean {
    return this.#book === undefined;
  }

  get synced(): boolean {
    return this.#joined;
  }

  take(diff: DepthDiff): void {
    if (this.#book) {
      this.#apply(this.#book, diff);
      return;
    }
    this.#waiting.push(diff);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
  }

  load(snapshot: Snapshot): void {
    const book = new LocalBook();
    book.apply(snapshot);
    this.#book = book;
    this.#last = snapshot.lastUpdateId;
    this.#joined = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const diff of waiting) this.take(diff);
  }

  /** The stream begins anew: nothing that is here follows what comes next. */
  reset(): void {
    this.#book = undefined;
    this.#joined = false;
    this.#waiting = [];
  }

  #apply(book: LocalBook, diff: DepthDiff): void {
    const fit = this.#fitOf(diff);
    if (fit === 'old') return;
    const before = this.#last;
    if (fit === 'next') {
      book.apply(diff);
      this.#last = diff.last;
    }
    if (fit === 'next' && !book.crossed) {
      this.#joined = true;
      this.#listener.onBook(book, diff);
      return;
    }
    const reason = fit === 'next' ? 'crossed' : this.#joined ? 'gap' : 'old-snapshot';
    this.reset();
    this.#waiting.push(diff);
    this.#listener.onLost({ symbol: diff.symbol, reason, lastUpdateId: before, found: diff.first });
  }

  #fitOf({ first, last, previous }: DepthDiff): 'old' | 'next' | 'gap' {
    if (previous === undefined) return last <= this.#last ? 'old' : first <= this.#last + 1 ? 'next' : 'gap';
    if (last < this.#last || (this.#joined && last === this.#last)) return 'old';
    // Numbers of futures have gaps. Between `previous` and `first` nothing happened, so a snapshot may end there too.
    const follows = this.#joined ? previous === this.#last : previous <= this.#last;
    return follows ? 'next' : 'gap';
  }
}
