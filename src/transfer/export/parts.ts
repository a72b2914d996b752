import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { microsecondsOf } from '../../domain/microseconds.js';
import { TIMEFRAMES } from '../../domain/timeframe.js';
import type { ExportPart } from './column.js';
import type { ExportTable } from './kinds.js';
import type { Selection } from './selection.js';

/** Bounds with all of their microseconds, as text that means the same in every session. */
const BOUNDS = ['first', 'last'].map(
  (end) => `to_char(${end}_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${end}`,
);

const BAR_SERIES = `SELECT symbol, timeframe, NULL::text AS name, volume_scale, ${BOUNDS} FROM bar_series WHERE bar_count > 0`;
const TIME_SERIES = `SELECT symbol, timeframe, name, NULL::int AS volume_scale, ${BOUNDS} FROM time_series WHERE relation = $3 AND first_timestamp IS NOT NULL`;

interface SeriesRow {
  readonly symbol: string;
  readonly timeframe: string;
  readonly name: string | null;
  readonly volume_scale: number | null;
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

function partOf(client: Client, row: SeriesRow, table: ExportTable, selection: Selection): ExportPart | undefined {
  // As the catalog's bounds are written: texts with fewer decimals have another order.
  const [from, to] = [selection.from, selection.to].map((at) => at && instant(microsecondsOf(at)));
  const first = from && from > row.first ? from : row.first;
  if (first > row.last || (to && first >= to)) return undefined;
  const { symbol, timeframe, name } = row;
  const conditions = [
    `stored.symbol = ${client.escapeLiteral(symbol)}`,
    ...(table.timeframe ? [`stored.timeframe = ${client.escapeLiteral(timeframe)}`] : []),
    ...(name ? [`stored.name = ${client.escapeLiteral(name)}`] : []),
    `stored.timestamp >= '${first}'`,
    to && to <= row.last ? `stored.timestamp < '${to}'` : `stored.timestamp <= '${row.last}'`,
  ];
  return {
    symbol,
    ...(table.timeframe && { timeframe }),
    ...(name && { name }),
    ...(row.volume_scale !== null && { volumeScale: row.volume_scale }),
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
