import type { QueryResultRow } from 'pg';
import type { Client } from '../../database/session.js';
import { statement } from '../../database/statement.js';
import { UUID } from '../../domain/identifier.js';
import { type Report, readOrThrow } from '../../domain/problem.js';
import type { Where } from './where.js';

/** Part of an answer, oldest rows first. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** What to pass as `cursor` for the next part; null where there is no more. */
  readonly next: string | null;
}

/** Which part of an answer. */
export interface PageOptions {
  /** Rows a page, 1 to 10,000. Default 100. */
  readonly limit?: number | undefined;
  /** The `next` of the page before. Rows that were added meanwhile shift nothing: no row comes twice, and none that was there is left out. */
  readonly cursor?: string | undefined;
}

/** `forward` reads from the oldest row on, `backward` from the newest; the rows of a page are oldest first either way. */
export type PageOrder = 'forward' | 'backward';

/** A column that orders pages, its type, and how the server writes its values: a cursor carries them, microseconds included. */
export interface OrderColumn {
  readonly name: string;
  readonly type: 'timestamptz' | 'uuid' | 'bigint';
}

/** What is read by pages. No two rows are equal in all columns of its order. */
export interface PagedTable<Row> {
  readonly name: string;
  readonly selection: string;
  readonly order: readonly OrderColumn[];
  readonly read: (row: QueryResultRow) => Row;
}

const DEFAULT_LIMIT = 100;
const LARGEST_LIMIT = 10_000;

/** @throws InvalidInputError LIMIT_INVALID, CURSOR_INVALID */
export async function readPage<Row>(
  client: Client,
  table: PagedTable<Row>,
  where: Where,
  { limit = DEFAULT_LIMIT, cursor }: PageOptions,
  order: PageOrder,
): Promise<Page<Row>> {
  const [after, count] = readOrThrow('page', (report) => {
    const rows = readPageLimit(limit, report);
    const place = cursor === undefined ? null : readCursor(cursor, table, report);
    return rows === undefined || place === undefined ? undefined : ([place, rows] as const);
  });
  const forward = order === 'forward';
  const columns = table.order.map(({ name }) => name);
  if (after) {
    const place = table.order.map(({ type }, index) => `${where.place(after[index])}::${type}`);
    where.andThat(`(${columns.join(', ')}) ${forward ? '>' : '<'} (${place.join(', ')})`);
  }
  const places = columns.map((name, index) => `${name}::text AS page_place_${index}`);
  const text = `SELECT ${table.selection}, ${places.join(', ')} FROM ${table.name} WHERE ${where}
    ORDER BY ${columns.map((name) => (forward ? name : `${name} DESC`)).join(', ')} LIMIT ${where.place(count + 1)}`;
  const { rows } = await client.query(statement(text, where.values));
  const shown = rows.slice(0, count);
  const last = shown[count - 1];
  const next =
    rows.length > count && last
      ? writeCursor(
          table.name,
          columns.map((_, index) => last[`page_place_${index}`]),
        )
      : null;
  if (!forward) shown.reverse();
  return { rows: shown.map(table.read), next };
}

/** Every row, by pages. */
export async function readAllPages<Row>(read: (page: PageOptions) => Promise<Page<Row>>): Promise<Row[]> {
  const all: Row[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ cursor, limit: 1_000 });
    for (const row of page.rows) all.push(row);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return all;
}

function readPageLimit(limit: number, report: Report): number | undefined {
  if (Number.isInteger(limit) && limit >= 1 && limit <= LARGEST_LIMIT) return limit;
  const rule = `a page has 1 to ${LARGEST_LIMIT.toLocaleString('en-US')} rows`;
  report({ code: 'LIMIT_INVALID', path: 'limit', value: limit, rule, hint: 'read more by its cursor' });
  return undefined;
}

const WRITTEN: Readonly<Record<OrderColumn['type'], RegExp>> = {
  timestamptz: /^\d{4,6}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]) (?:[01]\d|2[0-3])(?::[0-5]\d){2}(?:\.\d{1,6})?\+00$/,
  uuid: UUID,
  bigint: /^\d{1,18}$/,
};

/** A page's end: the values of the columns that order it. */
function writeCursor(table: string, place: readonly string[]): string {
  return Buffer.from(JSON.stringify([table, ...place])).toString('base64url');
}

function readCursor(
  cursor: unknown,
  { name, order }: Pick<PagedTable<unknown>, 'name' | 'order'>,
  report: Report,
): string[] | undefined {
  try {
    const [owner, ...place] = JSON.parse(Buffer.from(String(cursor), 'base64url').toString()) as unknown[];
    const fits = order.every(({ type }, index) => typeof place[index] === 'string' && WRITTEN[type].test(place[index]));
    if (owner === name && place.length === order.length && fits) return place as string[];
  } catch {
    // Not even JSON: the same report.
  }
  const hint = 'pass the `next` of the page before, as it is';
  report({ code: 'CURSOR_INVALID', path: 'cursor', value: cursor, rule: `not a cursor of ${name}`, hint });
  return undefined;
}
