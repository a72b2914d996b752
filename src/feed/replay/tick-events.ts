import type { Client } from '../../database/session.js';
import { bucketOf, dateOf } from '../../domain/microseconds.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import { ORDER_BOOKS } from '../../repositories/order-books.js';
import { QUOTES } from '../../repositories/quotes.js';
import { findEntry } from '../../repositories/time-series/catalog.js';
import { boundedWindow, readPage } from '../../repositories/time-series/read.js';
import type { TimeSeriesTable, WriteOptions } from '../../repositories/time-series/table.js';
import type { ReadWindow } from '../../repositories/time-series/window.js';
import { TRADES } from '../../repositories/trades.js';
import type { EventPage, ReadPage } from './event-stream.js';
import type { ReplayEvent, ReplayKind } from './replay-event.js';

type Table<Row> = Pick<
  TimeSeriesTable<never, Row, never, WriteOptions>,
  'relation' | 'seriesColumns' | 'identity' | 'select' | 'toRow'
>;

interface Tick {
  readonly symbol: MarketSymbol;
  readonly timestamp: bigint;
}

class TickEvents<Row extends Tick> implements EventPage {
  readonly length: number;

  constructor(
    readonly rows: readonly Row[],
    readonly toEvent: (row: Row) => ReplayEvent,
  ) {
    this.length = rows.length;
  }

  millisecond(index: number): number {
    return dateOf(this.rows[index]!.timestamp).getTime();
  }

  microsecond(index: number): number {
    const { timestamp } = this.rows[index]!;
    return Number(timestamp - bucketOf(timestamp, 1000n));
  }

  event(index: number): ReplayEvent {
    return this.toEvent(this.rows[index]!);
  }
}

/** What a symbol has of one kind in `[from, to)`; undefined where the store has never had any. */
export async function tickEvents(
  client: Client,
  kind: Exclude<ReplayKind, 'bar'>,
  window: { readonly symbol: MarketSymbol; readonly from: bigint; readonly to: bigint },
  size: number,
): Promise<ReadPage | undefined> {
  switch (kind) {
    case 'trade':
      return pagesOf(client, TRADES, window, size, (trade) => ({ kind, ...whenAndWhat(trade), trade }));
    case 'quote':
      return pagesOf(client, QUOTES, window, size, (quote) => ({ kind, ...whenAndWhat(quote), quote }));
    case 'orderBook':
      return pagesOf(client, ORDER_BOOKS, window, size, (orderBook) => ({
        kind,
        ...whenAndWhat(orderBook),
        orderBook,
      }));
  }
}

function whenAndWhat({ symbol, timestamp }: Tick) {
  return { at: timestamp, symbol };
}

async function pagesOf<Row extends Tick>(
  client: Client,
  table: Table<Row>,
  { symbol, from, to }: { readonly symbol: MarketSymbol; readonly from: bigint; readonly to: bigint },
  size: number,
  toEvent: (row: Row) => ReplayEvent,
): Promise<ReadPage | undefined> {
  const series = { symbol, timeframe: '', name: '' };
  const entry = await findEntry(client, table.relation, series);
  if (!entry || entry.first === null) return undefined;
  let left: ReadWindow | undefined = await boundedWindow(client, table, {
    series,
    first: from,
    last: to - 1n,
    open: true,
  });
  return async (reader) => {
    if (!left) return undefined;
    const { rows, last }: { rows: Row[]; last: bigint | undefined } = await readPage(reader, table, left, size);
    left = last === undefined || last >= left.last ? undefined : { ...left, first: last + 1n };
    return rows.length === 0 ? undefined : new TickEvents(rows, toEvent);
  };
}
