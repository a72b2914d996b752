import { type Report, readOrThrow } from '../../../domain/problem.js';
import { readWholeNumber } from '../../../domain/whole-number.js';
import type { BinanceObserver } from './observer.js';

/** What recorded and live streams have in common. */
export interface BinanceOptions {
  /** Levels of each side that the events of a book have, the best ones; 1 to 5,000. Default 20. */
  readonly levels?: number;
  /**
   * Milliseconds, of market time, that lie at least between two books of a symbol that is kept up by diff depth. Default 0: a book after every
   * message.
   */
  readonly bookInterval?: number;
  readonly observer?: BinanceObserver;
}

/** `bookInterval` in microseconds. */
export interface MarketOptions {
  readonly levels: number;
  readonly bookInterval: bigint;
  readonly observer: BinanceObserver;
}

const MOST_LEVELS = 5_000;
const DAY = 86_400_000;

/** @throws InvalidInputError */
export function readMarketOptions({ levels = 20, bookInterval = 0, observer = {} }: BinanceOptions): MarketOptions {
  return readOrThrow('options', (report) => {
    const count = readWholeNumber(levels, 'a number of levels', [1, MOST_LEVELS], 'levels', report);
    const interval = readDuration(bookInterval, 'bookInterval', 0, report);
    if (count === undefined || interval === undefined) return undefined;
    return { levels: count, bookInterval: BigInt(interval) * 1000n, observer };
  });
}

/** Reads milliseconds, at most a day. */
export function readDuration(value: unknown, path: string, least: number, report: Report): number | undefined {
  return readWholeNumber(value, 'a time in milliseconds', [least, DAY], path, report);
}
