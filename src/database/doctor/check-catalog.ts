/** The catalogs of the series against the rows: reads go by what a catalog says. */
import { counted } from '../../domain/counted.js';
import { HYPERTABLES, type HypertableDesign } from '../layouts/hypertables.js';
import type { Client } from '../session.js';
import { checkBarSeries } from './bar-catalog.js';
import type { Difference, Findings } from './report.js';

/** Series of a catalog that are looked at where not all are. */
const SAMPLE = 20;

/** `full`: all series, in one pass over each table, which also finds rows that no catalog knows. */
export async function checkCatalog(client: Client, full: boolean): Promise<Findings> {
  const limit = full ? null : SAMPLE;
  const bars = await checkBarSeries(client, limit);
  const differences = [...bars.differences];
  const totals = [bars.total];
  for (const design of HYPERTABLES.filter(({ table }) => table !== 'ohlcv_bars')) {
    const { rows } = await client.query<{ total: number }>(
      'SELECT count(*)::int AS total FROM time_series WHERE relation = $1',
      [design.table],
    );
    totals.push(rows[0]!.total);
    if (full || rows[0]!.total > 0) differences.push(...(await checkBounds(client, design, limit)));
  }
  const total = totals.reduce((sum, count) => sum + count, 0);
  const seen = full ? total : totals.reduce((sum, count) => sum + Math.min(count, SAMPLE), 0);
  const all = counted(total, 'series', 'series');
  const sampled = seen === total ? `all of ${all}` : `${seen.toLocaleString('en-US')} of ${all}, at random`;
  const checked = full
    ? `all of ${all}, and rows of no series`
    : `${sampled}; --full looks at all, and for rows of no series`;
  return { checked, differences };
}

interface Bounds {
  readonly symbol: string;
  readonly timeframe: string | null;
  readonly name: string | null;
  readonly id: string | null;
  readonly bounds: string | null;
  readonly first: string;
  readonly last: string;
}

/** No row of a series lies outside the bounds that time_series has. They may be wider, since retention drops chunks. */
async function checkBounds(
  client: Client,
  { table, segmentBy }: HypertableDesign,
  limit: number | null,
): Promise<Difference[]> {
  // A series is what a compressed batch is of.
  const key = segmentBy.split(', ');
  const same = key.map((column) => `stored.${column} = series.${column}`).join(' AND ');
  const stored =
    limit === null
      ? `FULL JOIN (SELECT ${segmentBy}, min(timestamp) AS first, max(timestamp) AS last FROM ${table} GROUP BY ${segmentBy}) stored ON ${same}`
      : `CROSS JOIN LATERAL (SELECT min(timestamp) AS first, max(timestamp) AS last FROM ${table} stored WHERE ${same}) stored`;
  const column = (name: string) =>
    key.includes(name) ? (limit === null ? `coalesce(series.${name}, stored.${name})` : `series.${name}`) : 'NULL';
  const { rows } = await client.query<Bounds>(
    `SELECT ${column('symbol')} AS symbol, ${column('timeframe')} AS timeframe, ${column('name')} AS name, series.id::text,
            series.first_timestamp::text || ' to ' || series.last_timestamp::text AS bounds, stored.first::text, stored.last::text
     FROM (SELECT * FROM time_series WHERE relation = $1 ORDER BY random() LIMIT $2) series ${stored}
     WHERE stored.first IS NOT NULL
       AND (series.first_timestamp IS NULL OR stored.first < series.first_timestamp OR stored.last > series.last_timestamp)
     ORDER BY 1, 2, 3`,
    [table, limit],
  );
  return rows.map((row) => describe(table, row));
}

function describe(table: string, { symbol, timeframe, name, id, bounds, first, last }: Bounds): Difference {
  const object = [table, symbol, timeframe, name].filter((part) => part !== null).join(' ');
  const values = [table, symbol, timeframe ?? '', name ?? '', first, last].map(
    (value) => `'${value.replaceAll("'", "''")}'`,
  );
  return {
    object,
    expected: `bounds that contain its rows, ${first} to ${last}`,
    found: id === null ? 'no such series' : (bounds ?? 'no bounds'),
    meaning: 'reads and writes leave out the rows outside of them',
    mend:
      `INSERT INTO public.time_series AS series (relation, symbol, timeframe, name, first_timestamp, last_timestamp) VALUES (${values.join(', ')}) ` +
      'ON CONFLICT (relation, symbol, timeframe, name) DO UPDATE SET first_timestamp = least(series.first_timestamp, excluded.first_timestamp), ' +
      'last_timestamp = greatest(series.last_timestamp, excluded.last_timestamp);',
  };
}
