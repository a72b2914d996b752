import type { Client } from '../database/session.js';
import type { BookImbalance, ImbalanceSeconds } from '../domain/book-imbalance.js';
import { divideHalfUp } from '../domain/decimal.js';
import { dateOf } from '../domain/microseconds.js';
import type { OrderBookSnapshot } from '../domain/order-book.js';
import type { MarketSymbol } from '../domain/symbol.js';
import { SECOND } from '../domain/tick-interval.js';
import { openingAt, spanText } from './time-series/buckets.js';
import { ask, boundedWindow, inWindow, microseconds, nameOf, selected } from './time-series/read.js';
import type { TimeSeriesTable, WriteOptions } from './time-series/table.js';
import type { ReadWindow } from './time-series/window.js';

type Table = Pick<
  TimeSeriesTable<never, OrderBookSnapshot, never, WriteOptions>,
  'relation' | 'seriesColumns' | 'select' | 'toRow'
>;
export type ImbalanceRow = [opening: string, weighted: string | null, weight: string | null, snapshots: string];

const IMBALANCE_DECIMALS = 8;

/** The last book of each bucket: the one whose next lies behind the bucket's end. One pass in the order of the index, without a sort of whole books. */
export async function readLastBooks(
  client: Client,
  table: Table,
  given: ReadWindow,
  span: bigint,
): Promise<OrderBookSnapshot[]> {
  const window = await boundedWindow(client, table, given);
  if (!window) return [];
  const { text, values } = inWindow(table, window);
  const place = values.length + 1;
  return ask(client, table, window.series, {
    name: nameOf('last-of-buckets', window),
    text: `SELECT ${selected(table)}
           FROM (SELECT *, lead(timestamp) OVER (ORDER BY timestamp) AS next FROM ${table.relation} WHERE ${text}) AS book
           WHERE next IS NULL OR next >= ${openingAt(place)} + $${place}::interval
           ORDER BY timestamp`,
    values: [...values, spanText(span)],
  });
}

/** Each book's imbalance times how long it stood in its bucket, summed by bucket. */
export async function readImbalances(
  client: Client,
  table: Table,
  given: ReadWindow,
  seconds: ImbalanceSeconds,
): Promise<BookImbalance[]> {
  const window = await boundedWindow(client, table, given);
  if (!window) return [];
  const { text, values } = inWindow(table, window);
  const place = values.length + 1;
  const { rows } = await client.query<ImbalanceRow>({
    name: nameOf('order_book_snapshots.imbalance', window),
    text: `${imbalancesOf(table, text, place)} ORDER BY opening`,
    values: [...values, spanText(BigInt(seconds) * SECOND)],
    rowMode: 'array',
  });
  return rows.map((row) => toImbalance(window.series.symbol as MarketSymbol, seconds, row));
}

/** SQL of an {@link ImbalanceRow} for each bucket of the books that `where` names; how long the buckets are is the parameter at `place`. */
export function imbalancesOf({ relation }: Pick<Table, 'relation'>, where: string, place: number): string {
  return `SELECT ${microseconds('opening')}, sum(imbalance * stood), sum(stood) FILTER (WHERE imbalance IS NOT NULL), count(*)
           FROM (SELECT ${openingAt(place)} AS opening, imbalance, extract(epoch FROM
                   least(lead(timestamp) OVER (ORDER BY timestamp), ${openingAt(place)} + $${place}::interval) - timestamp) AS stood
                 FROM ${relation} WHERE ${where}) AS book
           GROUP BY opening`;
}

export function toImbalance(
  symbol: MarketSymbol,
  seconds: ImbalanceSeconds,
  [opening, weighted, weight, snapshots]: ImbalanceRow,
): BookImbalance {
  return {
    symbol,
    seconds,
    timestamp: dateOf(BigInt(opening)),
    imbalance: weighted === null || weight === null ? null : divideHalfUp(weighted, weight, IMBALANCE_DECIMALS),
    snapshots: Number(snapshots),
  };
}
