import type { Client } from '../database/session.js';
import { readChoice } from '../domain/choice.js';
import { bucketOf, type MicrosecondInput } from '../domain/microseconds.js';
import type { OrderBookSnapshot } from '../domain/order-book.js';
import { readOrThrow, requireObject } from '../domain/problem.js';
import { INTERVALS, intervalSpan, type TickInterval } from '../domain/tick-interval.js';
import { ORDER_BOOKS } from '../repositories/order-books.js';
import { readAt } from '../repositories/time-series/buckets.js';
import { readLatest } from '../repositories/time-series/read.js';
import { readSymbolSeries } from '../repositories/time-series/symbol-series.js';

/** Which order books. */
export interface BookInput {
  readonly symbol: string;
  /** Books of `[from, to)`. Without either bound: the last book. */
  readonly from?: MicrosecondInput | undefined;
  readonly to?: MicrosecondInput | undefined;
  /** Market time: no book from after it, and no second or minute that had not closed by it. Default: now. */
  readonly at?: MicrosecondInput | undefined;
  /** Default: `raw`, every book. */
  readonly aggregation?: 'raw' | TickInterval | undefined;
}

/** The last book that there was at `at`. @throws InvalidInputError */
export async function readBookAt(client: Client, input: BookInput): Promise<OrderBookSnapshot[]> {
  requireObject(input, 'order book');
  const { series, aggregation } = readOrThrow('order book', (report) => {
    const named = readSymbolSeries(input, report);
    const choices = ['raw', ...INTERVALS] as const;
    const every = readChoice(input.aggregation ?? 'raw', choices, 'an aggregation', 'aggregation', report);
    return named && every && { series: named, aggregation: every };
  });
  const at = readAt(input.at);
  const until = aggregation === 'raw' ? at : bucketOf(at, intervalSpan(aggregation)) - 1n;
  return readLatest(client, ORDER_BOOKS, series, 1, { until });
}
