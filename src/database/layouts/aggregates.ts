import type { Timeframe } from '../../domain/timeframe.js';
import type { Client } from '../session.js';
import type { Deviation } from './hypertable-state.js';
import { HYPERTABLES } from './hypertables.js';

/**
 * Bars of a coarser timeframe made of the 1m bars: what the timescale layout adds to ohlcv_bars. The migrations do the same where TimescaleDB
 * is there when they run; a test compares the two.
 */
export interface AggregateDesign {
  readonly view: string;
  readonly timeframe: Timeframe;
  /** What it is made of: the bars, or the aggregate before it. */
  readonly source: string;
  readonly width: string;
  /** Of what it keeps. A year takes 13 chunks at most, which are planned in 1 ms. */
  readonly chunkInterval: string;
}

/** Each is made of the one before it. */
export const AGGREGATES: readonly AggregateDesign[] = [
  { view: 'ohlcv_5m', timeframe: '5m', source: 'ohlcv_bars', width: '5 minutes', chunkInterval: '30 days' },
  { view: 'ohlcv_15m', timeframe: '15m', source: 'ohlcv_5m', width: '15 minutes', chunkInterval: '90 days' },
  { view: 'ohlcv_1h', timeframe: '1h', source: 'ohlcv_15m', width: '1 hour', chunkInterval: '360 days' },
  { view: 'ohlcv_1d', timeframe: '1d', source: 'ohlcv_1h', width: '1 day', chunkInterval: '3600 days' },
];

/** sum(vwap x volume) / sum(volume), half-up to 8 decimals, in whole numbers: a quotient that was rounded before would be rounded twice. */
export function vwapOf(vwapVolume: string, withoutVwap: string, volume: string): string {
  return `CASE WHEN ${withoutVwap} = 0 AND ${volume} > 0
    THEN sign(${vwapVolume}) * div(200000000 * abs(${vwapVolume}) + ${volume}, 2 * ${volume}) * 0.00000001 END`;
}

/** The bars that lack a VWAP and would have weight in it: where there is one, the bucket has none. */
export const WITHOUT_VWAP = 'count(*) FILTER (WHERE vwap IS NULL AND volume > 0)';

function queryOf({ source, width }: AggregateDesign): string {
  if (source === 'ohlcv_bars') {
    return `SELECT symbol, time_bucket(INTERVAL '${width}', timestamp) AS bucket,
        first(open, timestamp) AS open, max(high) AS high, min(low) AS low, last(close, timestamp) AS close, sum(volume) AS volume,
        sum(vwap * volume) AS vwap_volume, ${WITHOUT_VWAP} AS without_vwap, count(*) AS bars,
        ${vwapOf('sum(vwap * volume)', WITHOUT_VWAP, 'sum(volume)')} AS vwap
      FROM public.ohlcv_bars WHERE timeframe = '1m' GROUP BY 1, 2`;
  }
  return `SELECT symbol, time_bucket(INTERVAL '${width}', bucket) AS bucket,
      first(open, bucket) AS open, max(high) AS high, min(low) AS low, last(close, bucket) AS close, sum(volume) AS volume,
      sum(vwap_volume) AS vwap_volume, sum(without_vwap)::bigint AS without_vwap, sum(bars)::bigint AS bars,
      ${vwapOf('sum(vwap_volume)', 'sum(without_vwap)::bigint', 'sum(volume)')} AS vwap
    FROM public.${source} GROUP BY 1, 2`;
}

/**
 * Makes an aggregate, with no bars in it yet, that whoever may read the bars may read. Everything that it lacks lies in the days that count as
 * changed from then on, and some more: the catalog knows the stretch. Who writes meanwhile writes its days itself; it is waited for, since two
 * that insert the same days in another order would be a deadlock.
 */
function creation(design: AggregateDesign): string {
  const { view, width, chunkInterval } = design;
  return `DO $$
    DECLARE
      reader text;
    BEGIN
      CREATE MATERIALIZED VIEW public.${view} WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
        ${queryOf(design)} WITH NO DATA;
      PERFORM set_chunk_time_interval(format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass,
        INTERVAL '${chunkInterval}') FROM timescaledb_information.continuous_aggregates WHERE view_schema = 'public' AND view_name = '${view}';
      COMMENT ON VIEW public.${view} IS
        'Bars of ${width} made of the 1m bars. A day that has a row in bar_aggregate_changes may be out of date.';
      FOR reader IN SELECT grantee::regrole FROM pg_class, aclexplode(relacl)
                    WHERE pg_class.oid = 'public.ohlcv_bars'::regclass AND privilege_type = 'SELECT' AND grantee NOT IN (0, relowner)
      LOOP
        EXECUTE format('GRANT SELECT ON public.${view} TO %s', reader);
      END LOOP;
      LOCK TABLE public.bar_aggregate_changes IN SHARE ROW EXCLUSIVE MODE;
      INSERT INTO public.bar_aggregate_changes AS changes (symbol, day, changed_at)
      SELECT symbol, days.day::date, updated_at
      FROM public.bar_series, generate_series((first_timestamp AT TIME ZONE 'UTC')::date, (last_timestamp AT TIME ZONE 'UTC')::date,
                                              INTERVAL '1 day') AS days (day)
      WHERE timeframe = '1m'
      -- A refresh that is under way has made the other aggregates, not this one: the days must look changed to it.
      ON CONFLICT ON CONSTRAINT pk_bar_aggregate_changes
      DO UPDATE SET changed_at = greatest(excluded.changed_at, changes.changed_at) + INTERVAL '1 microsecond';
    END $$`;
}

interface Row {
  readonly view: string;
  readonly relation: string;
}

/** The aggregates of this database, by the table in which TimescaleDB keeps their bars. */
export async function readAggregates(client: Client): Promise<ReadonlyMap<Timeframe, string>> {
  const { rows } = await client.query<Row>(
    `SELECT view_name AS view, format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) AS relation
     FROM timescaledb_information.continuous_aggregates WHERE view_schema = 'public'`,
  );
  return new Map(
    AGGREGATES.flatMap(({ view, timeframe }) => {
      const found = rows.find((row) => row.view === view);
      return found ? [[timeframe, found.relation] as const] : [];
    }),
  );
}

/** Aggregates of the store's hypertables that somebody else has made. The store can live with them. */
export async function readForeignAggregates(client: Client): Promise<Deviation[]> {
  const { rows } = await client.query<{ name: string; table: string }>(
    `SELECT format('%I.%I', view_schema, view_name) AS name, hypertable_name AS table FROM timescaledb_information.continuous_aggregates
     WHERE hypertable_schema = 'public' AND hypertable_name = ANY ($1) AND NOT (view_schema = 'public' AND view_name = ANY ($2)) ORDER BY 1`,
    [HYPERTABLES.map(({ table }) => table), AGGREGATES.map(({ view }) => view)],
  );
  return rows.map(({ name, table }) => ({
    what: `${name} is a continuous aggregate of ${table} that is not the store's: it makes every write cost more, and keeps what retention removes`,
    statement: `DROP MATERIALIZED VIEW ${name}`,
  }));
}

/** What `wyckoff storage apply` brings; nothing where the license of the extension has no continuous aggregates. */
export async function readMissingAggregates(client: Client): Promise<Deviation[]> {
  const { rows } = await client.query<{ possible: boolean }>(
    `SELECT current_setting('timescaledb.license') = 'timescale' AND EXISTS (
       SELECT FROM timescaledb_information.hypertables WHERE hypertable_schema = 'public' AND hypertable_name = 'ohlcv_bars') AS possible`,
  );
  if (!rows[0]!.possible) return [];
  const there = await readAggregates(client);
  return AGGREGATES.filter(({ timeframe }) => !there.has(timeframe)).map((design) => ({
    what: `the continuous aggregate ${design.view} is missing`,
    statement: creation(design),
  }));
}
