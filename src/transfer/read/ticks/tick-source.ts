import { type IndicatorInput, readIndicator, readIndicatorKey } from '../../../domain/indicator.js';
import { microsecondsOf } from '../../../domain/microseconds.js';
import { type OrderBookInput, readOrderBook } from '../../../domain/order-book.js';
import type { Report } from '../../../domain/problem.js';
import { type QuoteInput, readQuote } from '../../../domain/quote.js';
import type { TickRules } from '../../../domain/tick.js';
import { readTrade, type TradeInput } from '../../../domain/trade.js';
import type { Problem } from '../../../errors.js';
import type { ReadingOptions } from '../csv-text.js';
import { Rejections } from '../file-problem.js';

/**
 * What the rows of each kind are written as. A source gives symbols in their one spelling, and instants as microseconds since the epoch, or as a Date
 * where they are those of bars.
 */
export interface TickInputs {
  readonly trades: TradeInput;
  readonly quotes: QuoteInput;
  readonly 'order-books': OrderBookInput;
  readonly indicators: IndicatorInput;
}

export const TICK_KINDS = ['trades', 'quotes', 'order-books', 'indicators'] as const;
export type TickKind = (typeof TICK_KINDS)[number];

interface BatchOf<Kind extends TickKind> {
  readonly kind: Kind;
  readonly rows: readonly TickInputs[Kind][];
  /** The line of each row. */
  readonly lines: readonly number[];
}

/** Rows of one kind, in the order of the file. */
export type TickBatch<Kind extends TickKind = TickKind> = { [K in Kind]: BatchOf<K> }[Kind];

/** How a file is read as rows. Each reading goes through the whole of it. */
export interface TickSource {
  readonly layout: string;
  /** For each value of a row, the column that has it. */
  readonly mapping: Readonly<Record<string, string>>;
  /** What the file may have. */
  readonly kinds: readonly TickKind[];
  /** Columns that are not imported, by name. */
  readonly leftOut: readonly string[];
  /** An export of ours: a store took its prices, also those at or below zero. */
  readonly own?: boolean | undefined;
  /** Rows that are read, not yet {@link checkRow checked}; where one kind is wanted, those of others may be left out. */
  batches(tally: Tally, options: ReadingOptions, wanted?: TickKind): AsyncIterable<TickBatch>;
  notices(tally: Tally): string[];
}

/** What a reading of a file counts. */
export class Tally {
  readonly rejections = new Rejections();
  /** Rows of the file. */
  rows = 0;
  /** Rows whose nanoseconds were cut. */
  cut = 0;
  /** What a source counts for its notices. */
  readonly seen = new Map<string, number>();

  note(what: string): void {
    this.seen.set(what, this.count(what) + 1);
  }

  count(what: string): number {
    return this.seen.get(what) ?? 0;
  }

  reject(line: number, problems: readonly Problem[]): void {
    this.rejections.reject(line, problems);
  }
}

/** The rules of the repositories, so that what a file gives is right before the first row is written. */
const CHECKS: {
  readonly [Kind in TickKind]: (row: TickInputs[Kind], rules: TickRules, report: Report) => unknown;
} = {
  trades: readTrade,
  quotes: readQuote,
  // Where nobody offers, a file of an exchange has no level.
  'order-books': (row, rules, report) => readOrderBook(row, { ...rules, allowEmptySide: true }, report),
  indicators(row, _rules, report) {
    const key = readIndicatorKey(row, report);
    return key && readIndicator(row, key.timeframe, report);
  },
};

/** Reads a row by the rules of its kind; answers whether all is right. */
export function checkRow<Kind extends TickKind>(
  kind: Kind,
  row: TickInputs[Kind],
  rules: TickRules,
  report: Report,
): boolean {
  const check = CHECKS[kind] as (row: TickInputs[Kind], rules: TickRules, report: Report) => unknown;
  return check(row, rules, report) !== undefined;
}

/** Of a row that a source gave: in microseconds since the epoch. */
export function instantOf({ timestamp }: TickInputs[TickKind]): bigint {
  return typeof timestamp === 'bigint' ? timestamp : microsecondsOf(timestamp as Date);
}
