import type { BookLoss } from './book-sync.js';

/** What happens beside the events. What an observer throws becomes a warning of the process and changes nothing. */
export interface BinanceObserver {
  /** Trades did not come: their ids lie between two that did. Most often the connection was lost meanwhile. */
  missedTrades?(event: { readonly symbol: string; readonly first: number; readonly last: number }): void;
  /** A book follows its stream, so its events come. */
  bookSynced?(event: { readonly symbol: string }): void;
  /** A book does not follow its stream any more: no events of it come until there is another snapshot. */
  bookLost?(event: BookLoss): void;
  /** Live only, like all that follows: a connection is open. */
  connected?(event: { readonly url: string }): void;
  /** A connection has ended, or could not be made, and there will be another one in so many milliseconds. */
  disconnected?(event: {
    /** RFC 6455: 1006 where the connection broke. */
    readonly code: number;
    readonly reason: string;
    readonly error: Error | undefined;
    readonly retryIn: number;
  }): void;
  /** A message cannot be read, and is left out. */
  badMessage?(event: { readonly text: string; readonly error: Error }): void;
  /** A snapshot of a book could not be had, and is asked for again. */
  snapshotFailed?(event: { readonly symbol: string; readonly error: unknown }): void;
}

type Event<Name extends keyof BinanceObserver> = Parameters<NonNullable<BinanceObserver[Name]>>[0];

export function tell<Name extends keyof BinanceObserver>(
  observer: BinanceObserver,
  name: Name,
  event: Event<Name>,
): void {
  try {
    (observer[name] as ((event: Event<Name>) => void) | undefined)?.call(observer, event);
  } catch (error) {
    process.emitWarning(`an observer of a Binance feed failed at ${name}: ${String(error)}`);
  }
}
