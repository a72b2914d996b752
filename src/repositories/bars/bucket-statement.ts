import { instant } from '../../database/instant.js';
import { vwapOf, WITHOUT_VWAP } from '../../database/layouts/aggregates.js';
import type { Client } from '../../database/session.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import { type Timeframe, timeframeDuration, timeframeGrid } from '../../domain/timeframe.js';
import { knownBars } from './known-bars.js';
import { type Stretch, stampOf } from './symbol-view.js';

/** Buckets between two instants on their grid. */
export interface BucketQuery extends Stretch {
  readonly from: Timeframe;
  readonly to: Timeframe;
  /** What has them ready; undefined: they are made of the bars. */
  readonly relation: string | undefined;
  /** Where the relation may be out of date: there they are made of the bars. On the grid, oldest first. */
  readonly changed: readonly Stretch[];
  /** Only buckets whose bars had all closed by then. */
  readonly at: number;
}

/** The newest `limit` stored bars between two instants. */
export interface StoredQuery extends Stretch {
  readonly timeframe: Timeframe;
  readonly limit: number;
}

/** The number in front of the row that says whether the catalog is what it was; a query's rows have its place in the list. */
export const GUARD = -1;

/**
 * One statement for all queries, and so one snapshot. A row has: number, timestamp, open, high, low, close, volume, vwap, bars; with `stored`,
 * also spread_ratio, volume_ratio, source, created_at. The guard's `bars` is 1 where the catalog's stamp is `stamp`. Queries come in their order,
 * and the rows of each in the order of time, as PostgreSQL appends; whoever relies on it checks it. With `knownAt`, of the bars that were known
 * then, stored ones without their ratios.
 */
export function bucketStatement(
  client: Client,
  symbol: MarketSymbol,
  queries: readonly (BucketQuery | StoredQuery)[],
  stamp: string,
  stored: boolean,
  knownAt?: number,
): string {
  const literal = client.escapeLiteral(symbol);
  const nothing = stored ? ', NULL::numeric, NULL::numeric, NULL::text, NULL::timestamptz' : '';
  const rows = queries.flatMap((query, number) => {
    if (query.low >= query.high) return [];
    if ('limit' in query) return [storedRows(literal, query, number, knownAt)];
    return segmentsOf(query).map((segment) => bucketRows(literal, query, segment, number, nothing, knownAt));
  });
  const guard = `SELECT ${GUARD}::bigint, NULL::timestamptz, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric,
    (${stampOf(literal)} = ${client.escapeLiteral(stamp)})::int::bigint${nothing}`;
  return [guard, ...rows].join('\nUNION ALL ');
}

interface Segment extends Stretch {
  readonly changed: boolean;
}

/** More would take longer to plan than the bars in between to read. */
const MOST_CHANGED = 8;

/** The query's stretch, cut where `changed` begins and ends. */
export function segmentsOf({ low, high, relation, changed }: BucketQuery): Segment[] {
  if (relation === undefined) return [{ low, high, changed: true }];
  const inside = changed.filter((each) => each.high > low && each.low < high);
  const segments: Segment[] = [];
  let at = low;
  for (const each of joinedToMost(inside, MOST_CHANGED)) {
    const from = Math.max(each.low, low);
    const to = Math.min(each.high, high);
    if (from > at) segments.push({ low: at, high: from, changed: false });
    segments.push({ low: from, high: to, changed: true });
    at = to;
  }
  if (at < high) segments.push({ low: at, high, changed: false });
  return segments;
}

/** Joins those that lie nearest to each other until there are no more than `most`. */
function joinedToMost(stretches: readonly Stretch[], most: number): Stretch[] {
  const gap = (index: number) => stretches[index]!.low - stretches[index - 1]!.high;
  const places = Array.from({ length: Math.max(stretches.length - 1, 0) }, (_, index) => index + 1);
  const kept = new Set(places.sort((a, b) => gap(b) - gap(a)).slice(0, most - 1));
  const joined: Stretch[] = [];
  for (const [index, { low, high }] of stretches.entries()) {
    if (index === 0 || kept.has(index)) joined.push({ low, high });
    else joined.push({ low: joined.pop()!.low, high });
  }
  return joined;
}

/** On the grid of every timeframe, and before every bar: date_bin() of what lies before its origin was wrong until PostgreSQL 15.6. */
const ORIGIN = "TIMESTAMPTZ '1600-01-01 00:00:00+00'";

/** The bars that a query reads, for its FROM. */
function barsOf(symbol: string, timeframe: Timeframe, bounds: string, knownAt: number | undefined): string {
  const series = `symbol = ${symbol} AND timeframe = '${timeframe}'`;
  if (knownAt === undefined) return `ohlcv_bars WHERE ${series} AND ${bounds}`;
  return knownBars(bounds, series, `'${instant(knownAt)}'`);
}

function bucketRows(
  symbol: string,
  query: BucketQuery,
  segment: Segment,
  number: number,
  nothing: string,
  knownAt: number | undefined,
): string {
  const { from, to, relation, at } = query;
  const bounds = (column: string) =>
    `${column} >= '${instant(segment.low)}' AND ${column} < '${instant(segment.high)}'`;
  if (!segment.changed) {
    return `(SELECT ${number}, bucket, open, high, low, close, volume, vwap, bars${nothing}
      FROM ${relation} WHERE symbol = ${symbol} AND ${bounds('bucket')} ORDER BY bucket)`;
  }
  // An hourly bar may open at 23:45 and belongs to its day, which has not closed before it.
  const closed =
    timeframeGrid(from) < timeframeDuration(from)
      ? `HAVING max(timestamp) <= '${instant(at - timeframeDuration(from))}'`
      : '';
  return `(SELECT ${number}, date_bin(INTERVAL '${timeframeDuration(to) / 1000} seconds', timestamp, ${ORIGIN}) AS bucket,
      (array_agg(open ORDER BY timestamp))[1], max(high), min(low), (array_agg(close ORDER BY timestamp DESC))[1], sum(volume),
      ${vwapOf('sum(vwap * volume)', WITHOUT_VWAP, 'sum(volume)')}, count(*)${nothing}
    FROM ${barsOf(symbol, from, bounds('timestamp'), knownAt)} GROUP BY bucket ${closed} ORDER BY bucket)`;
}

function storedRows(
  symbol: string,
  { timeframe, low, high, limit }: StoredQuery,
  number: number,
  knownAt: number | undefined,
): string {
  const bounds = `timestamp >= '${instant(low)}' AND timestamp < '${instant(high)}'`;
  const ratios = knownAt === undefined ? 'spread_ratio, volume_ratio' : 'NULL::numeric, NULL::numeric';
  return `(SELECT ${number}, timestamp, open, high, low, close, volume::numeric, vwap, 1, ${ratios}, source, created_at
    FROM ${barsOf(symbol, timeframe, bounds, knownAt)} ORDER BY timestamp DESC LIMIT ${limit})`;
}
