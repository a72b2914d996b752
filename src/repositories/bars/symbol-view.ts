import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import type { Timeframe } from '../../domain/timeframe.js';
import { DAY } from './changed-days.js';

/** From one instant up to another one, in milliseconds since the epoch. */
export interface Stretch {
  readonly low: number;
  readonly high: number;
}

export interface SeriesBounds {
  readonly volumeScale: number;
  readonly first: Date;
  readonly last: Date;
}

/** What the catalog says of a symbol's bars at one moment. */
export interface SymbolView {
  /** The series that have bars. */
  readonly series: ReadonlyMap<Timeframe, SeriesBounds>;
  /** Days whose 1m bars changed since the aggregates were refreshed, oldest first. */
  readonly changed: readonly Stretch[];
  /** Whether the relations of the aggregates are there: one that is made anew is kept in another table. */
  readonly aggregated: boolean;
  /** Another one as soon as anything of the symbol's bars has changed. */
  readonly stamp: string;
}

/** SQL for {@link SymbolView.stamp}. Each write of a series brings it a later updated_at. */
export function stampOf(symbol: string): string {
  return `(SELECT coalesce(string_agg(timeframe || updated_at, ',' ORDER BY timeframe COLLATE "C"), '') FROM bar_series WHERE symbol = ${symbol})`;
}

type Row = [
  ...[timeframe: Timeframe, volumeScale: number, first: Date | null, last: Date | null],
  ...[changed: readonly (readonly [number, number])[] | null, aggregated: boolean, stamp: string],
];

/** $2: the relations of the aggregates. Where there are none nobody asks for the days. Days that follow each other come as one stretch: after an import of years it is one row, not thousands. */
const VIEW = `
  SELECT timeframe, volume_scale, first_timestamp, last_timestamp,
         CASE WHEN cardinality($2::text[]) > 0 THEN (SELECT json_agg(json_build_array(low, high) ORDER BY low) FROM (
            SELECT min(day) - DATE '1970-01-01' AS low, max(day) - DATE '1970-01-01' + 1 AS high
            FROM (SELECT day, day - (row_number() OVER (ORDER BY day))::int AS run FROM bar_aggregate_changes WHERE symbol = $1) AS days
            GROUP BY run) AS runs) END,
         cardinality($2::text[]) > 0 AND (SELECT bool_and(to_regclass(relation) IS NOT NULL) FROM unnest($2::text[]) AS relation),
         ${stampOf('$1')}
  FROM bar_series WHERE symbol = $1`;

export async function readSymbolView(
  client: Client,
  symbol: MarketSymbol,
  aggregates: Iterable<string>,
): Promise<SymbolView> {
  const { rows } = await client.query<Row>({
    name: 'bars.symbol-view',
    text: VIEW,
    values: [symbol, [...aggregates]],
    rowMode: 'array',
  });
  const series = new Map<Timeframe, SeriesBounds>();
  for (const [timeframe, volumeScale, first, last] of rows)
    if (first && last) series.set(timeframe, { volumeScale, first, last });
  const changed = (rows[0]?.[4] ?? []).map(([low, high]) => ({ low: low * DAY, high: high * DAY }));
  return { series, changed, aggregated: rows[0]?.[5] ?? false, stamp: rows[0]?.[6] ?? '' };
}

/** $2: the instant at which it was known. A deleted bar lies where the catalog knows of none, so first and last are looked for. */
const KNOWN_VIEW = `
  SELECT timeframe, volume_scale, least(${known('ASC')}), greatest(${known('DESC')}), ${stampOf('$1')}
  FROM bar_series AS series WHERE symbol = $1`;

/** One in each table: of a union PostgreSQL would sort all bars. */
function known(direction: 'ASC' | 'DESC'): string {
  const next = (table: string, condition: string) =>
    `(SELECT timestamp FROM ${table} AS bar WHERE bar.symbol = $1 AND bar.timeframe = series.timeframe AND ${condition}
      ORDER BY timestamp ${direction} LIMIT 1)`;
  return [
    next('ohlcv_bars', 'created_at <= $2'),
    next('ohlcv_bar_revisions', 'known_from <= $2 AND known_until > $2'),
  ].join(', ');
}

/** What the catalog would have said of the bars that were known at an instant. Nothing is made ready of those. */
export async function readKnownView(client: Client, symbol: MarketSymbol, knownAt: number): Promise<SymbolView> {
  const { rows } = await client.query<[Timeframe, number, Date | null, Date | null, string]>({
    text: KNOWN_VIEW,
    values: [symbol, instant(knownAt)],
    rowMode: 'array',
  });
  const series = new Map<Timeframe, SeriesBounds>();
  for (const [timeframe, volumeScale, first, last] of rows)
    if (first && last) series.set(timeframe, { volumeScale, first, last });
  return { series, changed: [], aggregated: false, stamp: rows[0]?.[4] ?? '' };
}
