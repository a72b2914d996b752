/** What a subscription tells of. */
export const ARRIVAL_KINDS = ['bar', 'trade', 'quote', 'orderBook'] as const;
export type ArrivalKind = (typeof ARRIVAL_KINDS)[number];

/** Of the relations whose writes are told. */
export const ARRIVAL_KIND_OF: Readonly<Record<string, ArrivalKind>> = {
  trades: 'trade',
  quotes: 'quote',
  order_book_snapshots: 'orderBook',
};

/** SQL for each value. */
interface ArrivalSql {
  readonly kind: string;
  readonly symbol: string;
  readonly timeframe: string;
  readonly first: string;
  readonly last: string;
  readonly knownFrom: string;
  readonly deleted: string;
}

/** The statement that tells subscribers what a transaction changed; it belongs into the statement that updates the catalog, which costs no round trip. */
export function tellArrival({ kind, symbol, timeframe, first, last, knownFrom, deleted }: ArrivalSql): string {
  return `INSERT INTO arrivals (kind, symbol, timeframe, first_timestamp, last_timestamp, known_from, deleted)
    VALUES (${[kind, symbol, timeframe, first, last, knownFrom, deleted].join(', ')})`;
}
