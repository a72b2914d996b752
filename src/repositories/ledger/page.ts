import type { QueryResultRow } from 'pg';
import type { Client } from '../../database/session.js';
import { statement } from '../../database/statement.js';
import { readId } from '../../domain/identifier.js';
import { type Report, readOrThrow } from '../../domain/problem.js';
import type { Where } from './where.js';

/** Part of an answer, oldest rows first. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** What to pass as `cursor` for the next part; null where there is no more. */
  readonly next: string | null;
}

export interface PageOptions {
  /** Rows a page, 1 to 10,000. Default 100. */
  readonly limit?: number | undefined;
  /** The `next` of the page before. Rows that were added meanwhile shift nothing: no row comes twice, and none that was there is left out. */
  readonly cursor?: string | undefined;
}

/** `forward` reads from the oldest row on, `backward` from the newest; the rows of a page are oldest first either way. */
export type PageOrder = 'forward' | 'backward';

/** A table, or a part of one, that is read by pages: ordered by an instant, and by id among equal instants. */
export interface PagedTable<Row> {
  readonly name: string;
  readonly selection: string;
  readonly time: string;
  readonly read: (row: QueryResultRow) => Row;
}

const DEFAULT_LIMIT = 100;
const LARGEST_LIMIT = 10_000;

/** Where a page ended: the instant as the server writes it, microseconds included, and the id. */
interface Place {
  readonly time: string;
  readonly id: string;
}

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
    const place = cursor === undefined ? null : readCursor(cursor, table.name, report);
    return rows === undefined || place === undefined ? undefined : ([place, rows] as const);
  });
  const forward = order === 'forward';
  if (after) {
    const place = `(${where.place(after.time)}::timestamptz, ${where.place(after.id)}::uuid)`;
    where.andThat(`(${table.time}, id) ${forward ? '>' : '<'} ${place}`);
  }
  const direction = forward ? '' : ' DESC';
  const limited = where.place(count + 1);
  const text = `SELECT ${table.selection}, ${table.time}::text AS page_time FROM ${table.name} WHERE ${where}
    ORDER BY ${table.time}${direction}, id${direction} LIMIT ${limited}`;
  const { rows } = await client.query(statement(text, where.values));
  const shown = rows.slice(0, count);
  const last = shown[count - 1];
  const next = rows.length > count && last ? writeCursor(table.name, { time: last.page_time, id: last.id }) : null;
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

export function readPageLimit(limit: number, report: Report): number | undefined {
  if (Number.isInteger(limit) && limit >= 1 && limit <= LARGEST_LIMIT) return limit;
  const rule = `a page has 1 to ${LARGEST_LIMIT.toLocaleString('en-US')} rows`;
  report({ code: 'LIMIT_INVALID', path: 'limit', value: limit, rule, hint: 'read more by its cursor' });
  return undefined;
}

function writeCursor(table: string, { time, id }: Place): string {
  return Buffer.from(JSON.stringify([table, time, id])).toString('base64url');
}

const TIME = /^\d{4,6}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]) (?:[01]\d|2[0-3])(?::[0-5]\d){2}(?:\.\d{1,6})?\+00$/;

function readCursor(cursor: unknown, table: string, report: Report): Place | undefined {
  try {
    const [owner, time, id] = JSON.parse(Buffer.from(String(cursor), 'base64url').toString()) as unknown[];
    const place = readId(id, 'cursor', () => {});
    if (owner === table && typeof time === 'string' && TIME.test(time) && place !== undefined)
      return { time, id: place };
  } catch {
    // Not even JSON: the same report.
  }
  const hint = 'pass the `next` of the page before, as it is';
  report({ code: 'CURSOR_INVALID', path: 'cursor', value: cursor, rule: `not a cursor of ${table}`, hint });
  return undefined;
}
