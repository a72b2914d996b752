import { instant } from '../database/instant.js';
import type { Client } from '../database/session.js';
import { statement } from '../database/statement.js';
import { type BookImbalance, IMBALANCE_SECONDS } from '../domain/book-imbalance.js';
import { bucketOf } from '../domain/microseconds.js';
import type { MarketSymbol } from '../domain/symbol.js';
import { SECOND } from '../domain/tick-interval.js';
import { type ImbalanceRow, imbalancesOf, toImbalance } from './order-book-buckets.js';
import { ORDER_BOOKS } from './order-books.js';
import { spanText } from './time-series/buckets.js';

/**
 * Of each length the last window of imbalance that had closed by `at`, where it has a book, in one statement; `last` is the symbol's last book by
 * `at`. With `knownAt`, of the books that are stored as they were known then. Instants in microseconds since the epoch.
 */
export async function readClosedImbalances(
  client: Client,
  symbol: MarketSymbol,
  { at, last, knownAt }: { readonly at: bigint; readonly last: bigint; readonly knownAt: number | undefined },
): Promise<BookImbalance[]> {
  const windows = IMBALANCE_SECONDS.map((seconds) => {
    const span = BigInt(seconds) * SECOND;
    const end = bucketOf(at, span);
    return { seconds, span, first: end - span, end };
  }).filter(({ first }) => last >= first);
  if (windows.length === 0) return [];
  const { rows } = await client.query<[number, ...ImbalanceRow]>({
    ...statement(windows.map((_, index) => rowsOf(index)).join('\nUNION ALL '), [
      symbol,
      knownAt === undefined ? 'infinity' : instant(knownAt),
      ...windows.flatMap(({ span, first, end }) => [instant(first), instant(end - 1n), spanText(span)]),
    ]),
    rowMode: 'array',
  });
  const found = new Map(rows.map(([index, ...row]) => [index, row]));
  return windows.flatMap(({ seconds }, index) => {
    const row = found.get(index);
    return row ? [toImbalance(symbol, seconds, row)] : [];
  });
}

/** Of the window number `index`, whose parameters follow those that all have in common. */
function rowsOf(index: number): string {
  const first = 3 + index * 3;
  const where = `symbol = $1 AND created_at <= $2 AND timestamp >= $${first} AND timestamp <= $${first + 1}`;
  return `SELECT ${index}, * FROM (${imbalancesOf(ORDER_BOOKS, where, first + 2)}) AS imbalance`;
}
