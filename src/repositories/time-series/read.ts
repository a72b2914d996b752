import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { findEntry } from './catalog.js';
import { inSeries, type SeriesName, type TimeSeriesTable, type WriteOptions } from './table.js';
import type { ReadWindow } from './window.js';

type Table<Row> = Pick<
  TimeSeriesTable<never, Row, never, WriteOptions>,
  'relation' | 'seriesColumns' | 'identity' | 'select' | 'toRow'
>;

/** The newest rows are looked for in the last day of the series first, then in 16, then in 256: TimescaleDB plans every chunk that the bounds touch. */
const NEARBY = 86_400_000_000n;
const WIDENING = 16n;

/** SELECT ... FROM relation WHERE series AND timestamp >= first AND timestamp <= last ORDER BY timestamp, id */
export async function readRange<Row>(client: Client, table: Table<Row>, given: ReadWindow): Promise<Row[]> {
  const window = await boundedWindow(client, table, given);
  if (!window) return [];
  const { text, values } = inWindow(table, window);
  return ask(client, table, window.series, {
    name: 'range',
    text: `SELECT ${selected(table)} FROM ${table.relation} WHERE ${text} ORDER BY ${order(table, 'ASC')}`,
    values,
  });
}

/** A page of about `size` rows, and the instant of its last; undefined after the last page. An instant is never cut in two. */
export async function readPage<Row>(
  client: Client,
  table: Table<Row>,
  window: ReadWindow,
  size: number,
): Promise<{ readonly rows: Row[]; readonly last: bigint | undefined }> {
  const { text, values } = inWindow(table, window);
  let last: bigint | undefined;
  const rows = await ask(
    client,
    table,
    window.series,
    {
      name: `page-${size}`, // a parameter would hide from the planner how few they are
      text: `SELECT ${selected(table)} FROM (
               SELECT * FROM ${table.relation} WHERE ${text} ORDER BY timestamp FETCH FIRST ${size} ROWS WITH TIES) AS page
             ORDER BY ${order(table, 'ASC')}`,
      values,
    },
    (timestamp) => (last = timestamp),
  );
  return { rows, last: rows.length < size ? undefined : last };
}

/** The newest `limit` rows, up to an instant where one is given, oldest of them first. */
export async function readLatest<Row>(
  client: Client,
  table: Table<Row>,
  series: SeriesName,
  limit: number,
  { until, knownAt }: { readonly until?: bigint; readonly knownAt?: Date | undefined } = {},
): Promise<Row[]> {
  const entry = await findEntry(client, table.relation, series);
  if (!entry || entry.first === null || entry.last === null) return [];
  const end = until !== undefined && until < entry.last ? until : entry.last;
  if (end < entry.first) return [];
  for (let span = NEARBY; ; span *= WIDENING) {
    const near: bigint = end - span;
    const first: bigint = near > entry.first ? near : entry.first;
    const { text, values } = inWindow(table, { series, first, last: end, knownAt });
    const place = `$${values.length + 1}::bigint`;
    const rows = await ask(client, table, series, {
      name: nameOf('latest', { knownAt }),
      // The index knows the order of the instants alone: first those, then what is among the newest.
      text: `SELECT ${selected(table)} FROM (
               SELECT * FROM ${table.relation} WHERE ${text} ORDER BY timestamp DESC FETCH FIRST (${place}) ROWS WITH TIES) AS newest
             ORDER BY ${order(table, 'DESC')} LIMIT ${place}`,
      values: [...values, limit],
    });
    if (rows.length >= limit || first === entry.first) return rows.reverse();
  }
}

export async function countRows<Row>(client: Client, table: Table<Row>, given: ReadWindow): Promise<number> {
  const window = await boundedWindow(client, table, given);
  if (!window) return 0;
  const { text, values } = inWindow(table, window);
  const { rows } = await client.query<{ count: string }>({
    name: `${table.relation}.count`,
    text: `SELECT count(*) FROM ${table.relation} WHERE ${text}`,
    values,
  });
  return Number(rows[0]!.count);
}

/** The window with both bounds inside the series, from the catalog where the caller named none; undefined where nothing can be in it. */
export async function boundedWindow(
  client: Client,
  { relation }: { readonly relation: string },
  window: ReadWindow,
): Promise<ReadWindow | undefined> {
  let { first, last } = window;
  if (window.open) {
    const entry = await findEntry(client, relation, window.series);
    if (!entry || entry.first === null || entry.last === null) return undefined;
    if (entry.first > first) first = entry.first;
    if (entry.last < last) last = entry.last;
  }
  return first <= last ? { ...window, first, last } : undefined;
}

/** The condition, and its values. */
export function inWindow(
  table: Pick<Table<unknown>, 'seriesColumns'>,
  { series, first, last, knownAt }: Omit<ReadWindow, 'open'>,
): { readonly text: string; readonly values: readonly unknown[] } {
  const [where, values] = inSeries(table, series);
  const next = values.length + 1;
  const bounds = `${where} AND timestamp >= $${next} AND timestamp <= $${next + 1}`;
  const bound = [...values, instant(first), instant(last)];
  if (!knownAt) return { text: bounds, values: bound };
  return { text: `${bounds} AND created_at <= $${next + 2}`, values: [...bound, instant(knownAt)] };
}

/** A statement with {@link inWindow} has two texts, and each is prepared under its own name. */
export function nameOf(statement: string, { knownAt }: Pick<ReadWindow, 'knownAt'>): string {
  return knownAt ? `${statement}-known` : statement;
}

export async function ask<Row>(
  client: Client,
  table: Table<Row>,
  series: SeriesName,
  query: { readonly name: string; readonly text: string; readonly values: readonly unknown[] },
  onTimestamp?: (timestamp: bigint) => void,
): Promise<Row[]> {
  const { rows } = await client.query<[string, ...unknown[]]>({
    name: `${table.relation}.${query.name}`,
    text: query.text,
    values: [...query.values],
    rowMode: 'array',
  });
  return rows.map(([at, ...fields]) => {
    const timestamp = BigInt(at);
    onTimestamp?.(timestamp);
    return table.toRow(series, timestamp, fields);
  });
}

export function selected({ select }: Pick<Table<unknown>, 'select'>): string {
  return [microseconds('timestamp'), ...select].join(', ');
}

/** Whole microseconds: pg would make a Date, which has milliseconds. */
export function microseconds(sql: string): string {
  return `(extract(epoch FROM ${sql}) * 1000000)::bigint`;
}

export function order({ identity }: Pick<Table<unknown>, 'identity'>, direction: 'ASC' | 'DESC'): string {
  return ['timestamp', ...(identity?.order ?? [])].map((term) => `${term} ${direction}`).join(', ');
}
