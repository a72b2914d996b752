import { BAR } from './bar.js';
import type { Kind, KindName } from './kind.js';
import { ORDER_BOOK } from './order-book.js';
import { QUOTE } from './quote.js';
import { TRADE } from './trade.js';

export const KINDS: Readonly<Record<KindName, Kind>> = {
  bar: BAR as unknown as Kind,
  trade: TRADE as unknown as Kind,
  quote: QUOTE as unknown as Kind,
  orderBook: ORDER_BOOK as unknown as Kind,
};
