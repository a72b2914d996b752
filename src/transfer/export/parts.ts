import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { TIMEFRAMES } from '../../domain/timeframe.js';
import type { ExportPart } from './column.js';
import type { ExportTable } from './kinds.js';
import type { Selection } from './selection.js';

/** Bounds with all of their microseconds, as text that means the same in every session. */
const BOUNDS = ['first', 'last'].map(
  (end) => `to_char(${end}_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${end}`,
);

const BAR_SERIES = `SELECT symbol, timeframe, NULL::text AS name, volume_scale, bar_count, ${BOUNDS} FROM bar_series WHERE bar_count > 0`;
const TIME_SERIES = `SELECT symbol, timeframe, name, NULL::int AS volume_scale, NULL::bigint AS bar_count, ${BOUNDS} FROM time_series WHERE relation = $3 AND first_timestamp IS NOT NULL`;

interface SeriesRow {
  readonly symbol: string;
  readonly timeframe: string;
  readonly name: string | null;
  readonly volume_scale: number | null;
  readonly bar_count: string | null;
  readonly first: string;
  readonly last: string;
}

/** The parts of a table that the selection has: its series, in the order of their symbols, each with the bounds that keep to its chunks. */
export async function listParts(client: Client, table: ExportTable, selection: Selection): Promise<ExportPart[]> {
  if (table.catalog === undefined) return [{ where: whereOf(client, table, selection) }];
  const catalog = table.catalog === 'bar_series' ? BAR_SERIES : TIME_SERIES;
  const { rows } = await client.query<SeriesRow>({
    text: `SELECT * FROM (${catalog}) AS series
           WHERE ($1::text[] IS NULL OR symbol = ANY($1)) AND ($2::text[] IS NULL OR timeframe = ANY($2))
           ORDER BY symbol COLLATE "C", array_position('{${TIMEFRAMES.join(',')}}'::text[], timeframe::text), name COLLATE "C"`,
    values: [
      selection.symbols,
      table.timeframe ? selection.timeframes : undefined,
      ...(table.catalog === 'bar_series' ? [] : [table.relation]),
    ],
  });
  return rows.flatMap((row) => partOf(client, row, table, selection) ?? []);
}

function partOf(client: Client, row: SeriesRow, table: ExportTable, { from, to }: Selection): ExportPart | undefined {
  const first = from && instant(from) > row.first ? instant(from) : row.first;
  if (first > row.last || (to && first >= instant(to))) return undefined;
  const { symbol, timeframe, name } = row;
  const conditions = [
    `stored.symbol = ${client.escapeLiteral(symbol)}`,
    ...(table.timeframe ? [`stored.timeframe = ${client.escapeLiteral(timeframe)}`] : []),
    ...(name ? [`stored.name = ${client.escapeLiteral(name)}`] : []),
    `stored.timestamp >= '${first}'`,
    to && instant(to) <= row.last ? `stored.timestamp < '${instant(to)}'` : `stored.timestamp <= '${row.last}'`,
  ];
  return {
    symbol,
    ...(table.timeframe && { timeframe }),
    ...(name && { name }),
    ...(row.volume_scale !== null && { volumeScale: row.volume_scale }),
    ...(row.bar_count !== null && !from && !to && { expected: Number(row.bar_count) }),
    where: conditions.join(' AND '),
  };
}

function whereOf(client: Client, { time }: ExportTable, { symbols, timeframes, from, to }: Selection): string {
  const within = (column: string, values: readonly string[]) =>
    `stored.${column} IN (${values.map((value) => client.escapeLiteral(value)).join(', ')})`;
  const conditions = [
    ...(symbols ? [within('symbol', symbols)] : []),
    ...(timeframes ? [within('timeframe', timeframes)] : []),
    ...(from ? [`stored.${time} >= '${instant(from)}'`] : []),
    ...(to ? [`stored.${time} < '${instant(to)}'`] : []),
  ];
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}
