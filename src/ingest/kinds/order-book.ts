import type { Json } from '../../domain/json.js';
import { formatMicroseconds } from '../../domain/microseconds.js';
import { type BookLevel, type OrderBookInput, readOrderBook, type ScaledLevels } from '../../domain/order-book.js';
import { ORDER_BOOKS } from '../../repositories/order-books.js';
import { upsertRows } from '../../repositories/time-series/upsert.js';
import type { Kind } from './kind.js';
import { amount, instantOf, parseMicroseconds, seriesOf, symbolOf, type TickRow } from './tick.js';

interface OrderBookRow extends TickRow {
  readonly bids: readonly BookLevel<string>[];
  readonly asks: readonly BookLevel<string>[];
}

export const ORDER_BOOK: Kind<OrderBookRow> = {
  name: 'orderBook',
  subject: ORDER_BOOKS.subject,
  read(input: OrderBookInput, options, report) {
    const symbol = symbolOf(input, report);
    const book = readOrderBook(input, options, report);
    if (!symbol || !book) return undefined;
    return { symbol, timestamp: book.timestamp, bids: levels(book.bids), asks: levels(book.asks) };
  },
  seriesOf,
  instantOf,
  idOf: () => '',
  newestWins: () => true,
  encode: (book) => ({ ...book, timestamp: formatMicroseconds(book.timestamp) }) as unknown as Json,
  decode(json) {
    const book = json as unknown as OrderBookRow & { readonly timestamp: string };
    return { ...book, timestamp: parseMicroseconds(book.timestamp) };
  },
  write: (session, books, { allowNonPositive, allowEmptySide }) =>
    upsertRows(session, ORDER_BOOKS, books, { allowNonPositive, allowEmptySide }),
};

function levels({ prices, sizes }: ScaledLevels): BookLevel<string>[] {
  return prices.map((price, index) => [amount(price), amount(sizes[index]!)] as const);
}
