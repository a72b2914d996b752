import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { type ArrivalRow, arrivalKindOf, arrivalValues, tellArrival } from '../tell-arrival.js';
import { type AnyTable, inSeries, type SeriesName, seriesText } from './table.js';

/** A row of time_series. No row of the series lies outside its bounds (microseconds since the epoch); null: it has none. */
export interface CatalogEntry extends SeriesName {
  readonly id: string;
  readonly first: bigint | null;
  readonly last: bigint | null;
}

type Row = [id: string, symbol: string, timeframe: string, name: string, first: string | null, last: string | null];

const COLUMNS = `id, symbol, timeframe, name, (extract(epoch FROM first_timestamp) * 1000000)::bigint,
  (extract(epoch FROM last_timestamp) * 1000000)::bigint`;
const WANTED = 'unnest($2::text[], $3::text[], $4::text[]) AS wanted (symbol, timeframe, name)';

export async function findEntry(
  client: Client,
  relation: string,
  series: SeriesName,
): Promise<CatalogEntry | undefined> {
  const { rows } = await client.query<Row>({
    name: 'series.catalog',
    text: `SELECT ${COLUMNS} FROM time_series WHERE relation = $1 AND symbol = $2 AND timeframe = $3 AND name = $4`,
    values: [relation, series.symbol, series.timeframe, series.name],
    rowMode: 'array',
  });
  return rows[0] && toEntry(rows[0]);
}

/**
 * Locks series for writing until the transaction ends, making those that are new; by {@link seriesText}. Every writer locks all its series at
 * once, in one order, and makes the new ones before it locks any: writers that share some queue and never deadlock.
 */
export async function lockSeries(
  client: Client,
  relation: string,
  series: readonly SeriesName[],
): Promise<Map<string, CatalogEntry>> {
  const existing = await lockExistingSeries(client, relation, series);
  if (existing.size === series.length) return existing;
  await client.query({
    text: `INSERT INTO time_series (relation, symbol, timeframe, name)
           SELECT $1, * FROM ${WANTED} ORDER BY symbol COLLATE "C", timeframe COLLATE "C", name COLLATE "C"
           ON CONFLICT (relation, symbol, timeframe, name) DO NOTHING`,
    values: parameters(relation, series),
  });
  return lockExistingSeries(client, relation, series);
}

/** Locks series that all exist; where one does not, nothing is locked, and the answer is empty. */
export async function lockExistingSeries(
  client: Client,
  relation: string,
  series: readonly SeriesName[],
): Promise<Map<string, CatalogEntry>> {
  const { rows } = await client.query<Row>({
    name: 'series.lock',
    text: `WITH wanted AS (SELECT * FROM ${WANTED}), known AS (SELECT * FROM time_series WHERE relation = $1)
           SELECT ${COLUMNS} FROM time_series
           WHERE relation = $1 AND (symbol, timeframe, name) IN (SELECT * FROM wanted)
             AND NOT EXISTS (SELECT FROM wanted LEFT JOIN known USING (symbol, timeframe, name) WHERE id IS NULL)
           ORDER BY symbol COLLATE "C", timeframe COLLATE "C", name COLLATE "C" FOR UPDATE`,
    values: parameters(relation, series),
    rowMode: 'array',
  });
  const entries = rows.map(toEntry);
  return new Map(entries.map((entry) => [seriesText(entry), entry]));
}

/** Sets the bounds of a locked series, and tells subscribers what changed. */
export async function updateBounds(
  client: Client,
  { id }: CatalogEntry,
  bounds: { readonly first: bigint; readonly last: bigint },
  arrival: ArrivalRow | undefined,
): Promise<void> {
  const values = [id, instant(bounds.first), instant(bounds.last)];
  await client.query(
    arrival === undefined
      ? { name: 'series.bounds', text: UPDATE_BOUNDS, values }
      : { name: 'series.bounds-and-tell', text: UPDATE_AND_TELL, values: [...values, ...arrivalValues(arrival)] },
  );
}

const UPDATE_BOUNDS = 'UPDATE time_series SET first_timestamp = $2, last_timestamp = $3 WHERE id = $1';
const UPDATE_AND_TELL = `WITH told AS (${tellArrival(4)}) ${UPDATE_BOUNDS}`;

/** Brings the bounds of a locked series to the rows that it has, where some of them went. */
export async function shrinkBounds(
  client: Client,
  table: Pick<AnyTable, 'relation' | 'seriesColumns'>,
  { id, first, last, ...series }: CatalogEntry,
): Promise<void> {
  if (first === null || last === null) return;
  const [where, values] = inSeries(table, series);
  const next = values.length + 1;
  const end = (least: string) =>
    `(SELECT ${least}(timestamp) FROM ${table.relation} WHERE ${where} AND timestamp >= $${next} AND timestamp <= $${next + 1})`;
  await client.query({
    text: `UPDATE time_series SET first_timestamp = ${end('min')}, last_timestamp = ${end('max')} WHERE id = $${next + 2}`,
    values: [...values, instant(first), instant(last), id],
  });
}

/** What subscribers are told of a change of a series; undefined where nobody is told of its kind. */
export function arrivalOf(
  relation: string,
  { symbol, timeframe }: SeriesName,
  change: Pick<ArrivalRow, 'first' | 'last' | 'deleted'>,
): ArrivalRow | undefined {
  const kind = arrivalKindOf(relation);
  return kind && { kind, symbol, timeframe, knownFrom: null, ...change };
}

function parameters(relation: string, series: readonly SeriesName[]): unknown[] {
  return [relation, series.map((one) => one.symbol), series.map((one) => one.timeframe), series.map((one) => one.name)];
}

function toEntry([id, symbol, timeframe, name, first, last]: Row): CatalogEntry {
  return {
    id,
    symbol,
    timeframe,
    name,
    first: first === null ? null : BigInt(first),
    last: last === null ? null : BigInt(last),
  };
}
