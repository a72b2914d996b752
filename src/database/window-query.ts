import { instant } from './instant.js';
import type { Client } from './session.js';

/** A read of the bars of one window of time, `[from, to)`. */
export interface WindowQuery {
  /** Under which each connection prepares it. */
  readonly name: string;
  /** The statement, given the condition that keeps to the window. */
  readonly text: (inWindow: string) => string;
  /** Its parameters from $1 on; the window's bounds come behind them. */
  readonly values: readonly (string | number)[];
  readonly from: Date | number;
  readonly to: Date | number;
}

/** A way to run window queries on one connection; undefined for a query that it leaves to the usual way. */
export interface WindowReader {
  read(query: WindowQuery): Promise<unknown[][] | undefined>;
}

const readers = new WeakMap<Client, WindowReader>();

/** From now on window queries of this connection are the reader's, which the layout chose. */
export function readWindowsWith(client: Client, reader: WindowReader): void {
  readers.set(client, reader);
}

/** Runs it the way that is quickest in the database's layout. */
export async function queryWindow<Row extends unknown[]>(client: Client, query: WindowQuery): Promise<Row[]> {
  const read = await readers.get(client)?.read(query);
  if (read) return read as Row[];
  const { rows } = await client.query<Row>({
    name: query.name,
    text: query.text(inWindow(query)),
    values: [...query.values, instant(query.from), instant(query.to)],
    rowMode: 'array',
  });
  return rows;
}

/** The condition that keeps to the window's bounds. */
export function inWindow({ values }: WindowQuery): string {
  return `timestamp >= $${values.length + 1} AND timestamp < $${values.length + 2}`;
}
