import { copyStored } from '../../database/copy.js';
import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { sameCells } from './column.js';
import { keyOf } from './judge.js';
import type { AnyTable, Entry, SeriesName } from './table.js';

/** Rows of a page at least; an instant is never cut in two. */
const PAGE = 20_000;

type Table = Pick<AnyTable, 'relation' | 'seriesColumns' | 'identity' | 'values'>;

/** A row that only the caller has, only the database has, or both with different values. */
export type RowDifference<Given extends Entry> =
  | { readonly kind: 'missing'; readonly given: Given }
  | { readonly kind: 'extra'; readonly stored: Entry }
  | { readonly kind: 'value'; readonly given: Given; readonly stored: Entry };

/**
 * Compares rows of a series, in blocks that come in the order of time and are cut between instants, with the stored ones from `first` to `last`. Rows
 * that have no id are compared by how many equal ones there are at their instant. Answers how many rows are stored there.
 */
export async function compareRows<Given extends Entry>(
  client: Client,
  table: Table,
  window: { readonly series: SeriesName; readonly first: bigint; readonly last: bigint },
  blocks: AsyncIterable<readonly Given[]>,
  differs: (difference: RowDifference<Given>) => void,
  signal?: AbortSignal,
): Promise<number> {
  const stored = new StoredRows(client, table, window, signal);
  for await (const block of blocks) {
    for (let start = 0, end = 0; start < block.length; start = end) {
      const { timestamp } = block[start]!;
      while (end < block.length && block[end]!.timestamp === timestamp) end += 1;
      for (;;) {
        const next = stored.next ?? (await stored.read());
        if (next === undefined || next.timestamp >= timestamp) break;
        for (const row of stored.take()) differs({ kind: 'extra', stored: row });
      }
      const there = stored.next?.timestamp === timestamp ? stored.take() : [];
      compareInstant(table, block.slice(start, end), there, differs);
    }
  }
  while (stored.next ?? (await stored.read())) for (const row of stored.take()) differs({ kind: 'extra', stored: row });
  return stored.count;
}

function compareInstant<Given extends Entry>(
  { identity }: Table,
  given: readonly Given[],
  stored: readonly Entry[],
  differs: (difference: RowDifference<Given>) => void,
): void {
  if (sameRows(identity, given, stored)) return;
  const rest = new Map(stored.map((row) => [row.id, row]));
  const unnamed: Given[] = [];
  const seen = new Set<unknown>();
  for (const row of given) {
    if (identity && row.id === null) {
      unnamed.push(row);
      continue;
    }
    const own = rest.get(row.id);
    rest.delete(row.id);
    if (own === undefined) {
      if (!seen.has(row.id)) differs({ kind: 'missing', given: row });
    } else if (!sameCells(own.values, row.values)) differs({ kind: 'value', given: row, stored: own });
    seen.add(row.id);
  }
  const equal = new Map<string, Entry[]>();
  for (const row of rest.values()) {
    const key = keyOf(row.values);
    const others = equal.get(key);
    if (identity?.placeOf(row.id) === undefined) differs({ kind: 'extra', stored: row });
    else if (others) others.push(row);
    else equal.set(key, [row]);
  }
  for (const row of unnamed) {
    if (equal.get(keyOf(row.values))?.shift() === undefined) differs({ kind: 'missing', given: row });
  }
  for (const rows of equal.values()) for (const row of rows) differs({ kind: 'extra', stored: row });
}

/** What nearly every instant is, whose rows are stored in the order of the file or, as they are copied, the other way round. */
function sameRows(identity: Table['identity'], given: readonly Entry[], stored: readonly Entry[]): boolean {
  if (given.length !== stored.length) return false;
  const same = (one: Entry, other: Entry) =>
    (one.id === other.id || (one.id === null && identity?.placeOf(other.id) !== undefined)) &&
    sameCells(one.values, other.values);
  return (
    given.every((one, at) => same(one, stored[at]!)) ||
    given.every((one, at) => same(one, stored[given.length - 1 - at]!))
  );
}

/** The stored rows of a window in the order of time, a page in memory. */
class StoredRows {
  count = 0;
  readonly #client: Client;
  readonly #table: Table;
  readonly #where: string;
  readonly #last: string;
  readonly #signal: AbortSignal | undefined;
  #from: bigint | undefined;
  #page: Entry[] = [];
  #place = 0;

  constructor(
    client: Client,
    table: Table,
    { series, first, last }: { readonly series: SeriesName; readonly first: bigint; readonly last: bigint },
    signal: AbortSignal | undefined,
  ) {
    this.#client = client;
    this.#table = table;
    this.#where = table.seriesColumns.map((name) => `${name} = ${client.escapeLiteral(series[name])}`).join(' AND ');
    this.#last = instant(last);
    this.#from = first;
    this.#signal = signal;
  }

  /** Of the page that is there. */
  get next(): Entry | undefined {
    return this.#page[this.#place];
  }

  /** The rows of the next instant, which is in the page. */
  take(): Entry[] {
    const start = this.#place;
    const { timestamp } = this.#page[start]!;
    while (this.#page[this.#place]?.timestamp === timestamp) this.#place += 1;
    return this.#page.slice(start, this.#place);
  }

  /** The next page's first row, when the one that is there has ended. */
  async read(): Promise<Entry | undefined> {
    if (this.#from === undefined) return undefined;
    const { relation, identity, values } = this.#table;
    const columns = identity ? [identity.column, ...values] : values;
    const page: Entry[] = [];
    await copyStored(
      this.#client,
      `SELECT timestamp, ${columns.map(({ name }) => name).join(', ')} FROM ${relation}
       WHERE ${this.#where} AND timestamp >= '${instant(this.#from)}' AND timestamp <= '${this.#last}'
       ORDER BY timestamp FETCH FIRST ${PAGE} ROWS WITH TIES`,
      (row) => {
        const timestamp = row.microseconds();
        const id = identity ? identity.column.read(row) : null;
        page.push({ timestamp, id, values: values.map((column) => column.read(row)) });
      },
      this.#signal,
    );
    this.count += page.length;
    this.#page = page;
    this.#place = 0;
    this.#from = page.length < PAGE ? undefined : page.at(-1)!.timestamp + 1n;
    return page[0];
  }
}
