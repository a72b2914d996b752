import type { Decimal } from './decimal.js';
import type { Report } from './problem.js';
import type { MarketSymbol } from './symbol.js';

export const IMBALANCE_SECONDS = [1, 5, 15, 60] as const;
/** How long a window of imbalance is, in seconds. */
export type ImbalanceSeconds = (typeof IMBALANCE_SECONDS)[number];

/** How far the book leaned to one side over a window of time. */
export interface BookImbalance {
  readonly symbol: MarketSymbol;
  /** How long the window is. */
  readonly seconds: ImbalanceSeconds;
  /** The window's opening instant, UTC, a multiple of its length since the epoch. A book at it belongs to the window, a book at its end to the next. */
  readonly timestamp: Date;
  /**
   * The mean over time of the imbalance of the window's books, half-up to 8 decimals; -1 to 1, above zero where more was bid than asked. Null
   * where no book of the window had both sides.
   *
   * A book's own imbalance is (bidVolume - askVolume) / (bidVolume + askVolume) over all its levels, to 8 decimals, as its snapshot carries it
   * (for the best level alone: Gould and Bonart, "Queue Imbalance as a One-Tick-Ahead Price Predictor in a Limit Order Book", arXiv:1512.03492).
   * Each book counts for as long as it stood, which is until the next book or the end of the window: so a burst of books weighs no more than the
   * time that it took. A book of one side has no imbalance, and its time does not count. Neither does the time before the window's first book: the
   * book before it may long have been out of date.
   */
  readonly imbalance: Decimal | null;
  /** How many books the window has, those of one side among them. */
  readonly snapshots: number;
}

export function readImbalanceSeconds(value: unknown, path: string, report: Report): ImbalanceSeconds | undefined {
  const seconds = IMBALANCE_SECONDS.find((choice) => choice === value);
  if (seconds === undefined) {
    const rule = `imbalance is taken over ${IMBALANCE_SECONDS.join(', ')} seconds`;
    report({ code: 'CHOICE_UNKNOWN', path, value, rule });
  }
  return seconds;
}
