import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { ORDER_BOOKS } from '../../repositories/order-books.js';
import { QUOTES } from '../../repositories/quotes.js';
import type { ArrivalKind } from '../../repositories/tell-arrival.js';
import { ask, inWindow, order, selected } from '../../repositories/time-series/read.js';
import { TRADES } from '../../repositories/trades.js';
import type { News } from './arrival.js';
import type { ChangedWindow } from './series-changes.js';

export type TickKind = Exclude<ArrivalKind, 'bar'>;

/**
 * The trades, quotes or books that are news in one window from an instant on, oldest first: about `limit`, since an instant is never cut in two. `next`
 * is where to go on; undefined, that was all.
 */
export async function readTickPage(
  client: Client,
  kind: TickKind,
  symbol: string,
  window: ChangedWindow,
  from: bigint,
  limit: number,
): Promise<{ readonly news: News[]; readonly next: bigint | undefined }> {
  const read = async <Row extends { readonly timestamp: bigint }>(
    table: Parameters<typeof ask<Row>>[1],
    toNews: (row: Row) => News,
  ) => {
    const series = { symbol, timeframe: '', name: '' };
    const { text, values } = inWindow(table, { series, first: from, last: window.last });
    const known = `$${values.length + 1}::timestamptz[]`;
    const rows = await ask(client, table, series, {
      name: 'news',
      text: `SELECT ${selected(table)} FROM (
               SELECT * FROM ${table.relation} WHERE ${text} AND (${known} IS NULL OR created_at = ANY (${known}))
               ORDER BY timestamp FETCH FIRST ${limit} ROWS WITH TIES) AS page
             ORDER BY ${order(table, 'ASC')}`,
      values: [...values, window.knownFrom?.map(instant) ?? null],
    });
    const last = rows.at(-1)?.timestamp;
    return { news: rows.map(toNews), next: last === undefined || rows.length < limit ? undefined : last + 1n };
  };
  if (kind === 'trade') return read(TRADES, (trade) => ({ kind, trade }));
  if (kind === 'quote') return read(QUOTES, (quote) => ({ kind, quote }));
  return read(ORDER_BOOKS, (orderBook) => ({ kind, orderBook }));
}
