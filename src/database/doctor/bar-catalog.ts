import type { SeriesKey } from '../../domain/series.js';
import type { Client } from '../session.js';
import type { Difference } from './report.js';

interface Row {
  readonly symbol: string;
  readonly timeframe: string;
  readonly known: boolean;
  readonly count: string;
  readonly first: string | null;
  readonly last: string | null;
  readonly barCount: string;
  readonly barFirst: string | null;
  readonly barLast: string | null;
}

const SAMPLED = `
  FROM (SELECT * FROM bar_series ORDER BY random() LIMIT $1) series
  CROSS JOIN LATERAL (SELECT count(*) AS bars, min(timestamp) AS first, max(timestamp) AS last
                      FROM ohlcv_bars WHERE symbol = series.symbol AND timeframe = series.timeframe) stored`;

const ONE = `
  FROM (SELECT * FROM bar_series WHERE symbol = $1 AND timeframe = $2) series
  FULL JOIN (SELECT symbol, timeframe, count(*) AS bars, min(timestamp) AS first, max(timestamp) AS last
             FROM ohlcv_bars WHERE symbol = $1 AND timeframe = $2 GROUP BY symbol, timeframe) stored USING (symbol, timeframe)`;

const ALL = `
  FROM (SELECT * FROM bar_series LIMIT $1) series
  FULL JOIN (SELECT symbol, timeframe, count(*) AS bars, min(timestamp) AS first, max(timestamp) AS last
             FROM ohlcv_bars GROUP BY symbol, timeframe) stored USING (symbol, timeframe)`;

/**
 * Whether bar_series has the first, the last and the number of the bars of each series; `limit`: of so many at random, null: of all.
 */
export async function checkBarSeries(
  client: Client,
  limit: number | null,
): Promise<{ total: number; differences: Difference[] }> {
  const { rows: totals } = await client.query<{ total: number }>('SELECT count(*)::int AS total FROM bar_series');
  const rows = await compare(client, limit === null ? ALL : SAMPLED, [limit]);
  return { total: totals[0]!.total, differences: rows.map(describe) };
}

/** Likewise, of one series; undefined where nothing is wrong. */
export async function checkBarSeriesOf(client: Client, key: SeriesKey): Promise<Difference | undefined> {
  const [row] = await compare(client, ONE, [key.symbol, key.timeframe]);
  return row && describe(row);
}

async function compare(client: Client, from: string, values: readonly (string | number | null)[]): Promise<Row[]> {
  const { rows } = await client.query<Row>(
    `SELECT * FROM (
       SELECT symbol, timeframe, series.id IS NOT NULL AS known,
              coalesce(series.bar_count, 0)::text AS count, series.first_timestamp::text AS first, series.last_timestamp::text AS last,
              coalesce(stored.bars, 0)::text AS "barCount", stored.first::text AS "barFirst", stored.last::text AS "barLast"
       ${from}) AS compared
     WHERE (count, first, last) IS DISTINCT FROM ("barCount", "barFirst", "barLast") ORDER BY symbol, timeframe`,
    [...values],
  );
  return rows;
}

function describe({ symbol, timeframe, known, ...row }: Row): Difference {
  const [name, of] = [`'${symbol.replaceAll("'", "''")}'`, `'${timeframe}'`];
  const where = `symbol = ${name} AND timeframe = ${of}`;
  // Whoever wrote 1m bars past the catalog has not noted their days either: those that it knew of and those that there are.
  const changed =
    timeframe === '1m'
      ? 'INSERT INTO public.bar_aggregate_changes (symbol, day, changed_at) SELECT symbol, days.day::date, clock_timestamp() ' +
        "FROM public.bar_series, generate_series((first_timestamp AT TIME ZONE 'UTC')::date, (last_timestamp AT TIME ZONE 'UTC')::date, " +
        `INTERVAL '1 day') AS days (day) WHERE ${where} ON CONFLICT (symbol, day) DO UPDATE SET changed_at = excluded.changed_at; `
      : '';
  const stored = `SELECT count(*), min(timestamp), max(timestamp) FROM public.ohlcv_bars WHERE ${where}`;
  return {
    object: `${symbol} ${timeframe}`,
    expected: bars(row.barCount, row.barFirst, row.barLast),
    found: known ? `in the catalog ${bars(row.count, row.first, row.last)}` : 'no such series in the catalog',
    meaning:
      'count, first and last are wrong, and "latest" starts from the wrong bar; if bars were lost, restore them first',
    // The lock first: a writer that is under way counts before this does.
    mend: known
      ? `BEGIN; SELECT FROM public.bar_series WHERE ${where} FOR UPDATE; ${changed}` +
        `UPDATE public.bar_series SET (bar_count, first_timestamp, last_timestamp) = (${stored}) WHERE ${where}; ${changed}COMMIT;`
      : `BEGIN; INSERT INTO public.bar_series (symbol, timeframe, bar_count, first_timestamp, last_timestamp) SELECT ${name}, ${of}, stored.* FROM (${stored}) AS stored; ${changed}COMMIT;`,
  };
}

function bars(count: string, first: string | null, last: string | null): string {
  return `${Number(count).toLocaleString('en-US')} ${count === '1' ? 'bar' : 'bars'}${first === null ? '' : `, ${first} to ${last}`}`;
}
