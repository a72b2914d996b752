import { instant } from '../database/instant.js';
import type { Client } from '../database/session.js';
import { statement } from '../database/statement.js';
import type { Indicator } from '../domain/indicator.js';
import type { Json } from '../domain/json.js';
import type { MarketSymbol } from '../domain/symbol.js';
import { type Timeframe, timeframeDuration } from '../domain/timeframe.js';
import { spanOf, WIDENING } from './bars/nearby.js';

interface Wanted {
  readonly timeframe: Timeframe;
  readonly name: string;
  /** The opening instants of the series' first bar and of the last that had closed, in milliseconds since the epoch. */
  readonly first: number;
  readonly last: number;
}

/**
 * The last value of each indicator of these timeframes, of bars that had closed by `at`; by timeframe and name. With `knownAt`, only values that
 * are stored as they were known then.
 */
export async function readLatestIndicators(
  client: Client,
  symbol: MarketSymbol,
  timeframes: readonly Timeframe[],
  at: number,
  knownAt: number | undefined,
): Promise<Indicator[]> {
  const series = await readSeries(client, symbol, timeframes, at);
  const found = new Map<Wanted, Indicator>();
  // TimescaleDB plans every chunk that the bounds touch: first where the last bars are, then further back.
  for (let [missing, reach] = [series, 1]; missing.length > 0; reach *= WIDENING) {
    const lowOf = ({ timeframe, first, last }: Wanted) => Math.max(last - spanOf(timeframe, 1) * reach, first);
    const ask = missing;
    const { rows } = await client.query<[number, Date, Json, Date]>({
      ...statement(ask.map((_, index) => lastOf(index)).join('\nUNION ALL '), [
        symbol,
        knownAt === undefined ? 'infinity' : instant(knownAt),
        ...ask.flatMap((each) => [each.timeframe, each.name, instant(lowOf(each)), instant(each.last)]),
      ]),
      rowMode: 'array',
    });
    for (const [index, timestamp, value, createdAt] of rows) {
      const { timeframe, name } = ask[index]!;
      found.set(ask[index]!, { symbol, timeframe, name, timestamp, value, createdAt });
    }
    missing = ask.filter((each) => !found.has(each) && lowOf(each) > each.first);
  }
  return series.flatMap((each) => found.get(each) ?? []);
}

/** The last value of the series number `index`, whose parameters follow the symbol and the knownAt that all have in common. */
function lastOf(index: number): string {
  const [timeframe, name, low, last] = [3, 4, 5, 6].map((place) => `$${place + index * 4}`);
  return `(SELECT ${index}, timestamp, value, created_at FROM indicators
    WHERE symbol = $1 AND timeframe = ${timeframe} AND name = ${name} AND timestamp >= ${low} AND timestamp <= ${last} AND created_at <= $2
    ORDER BY timestamp DESC LIMIT 1)`;
}

async function readSeries(
  client: Client,
  symbol: MarketSymbol,
  timeframes: readonly Timeframe[],
  at: number,
): Promise<Wanted[]> {
  const { rows } = await client.query<[Timeframe, string, Date, Date]>({
    name: 'indicators.of-symbol',
    text: `SELECT timeframe, name, first_timestamp, last_timestamp FROM time_series
           WHERE relation = 'indicators' AND symbol = $1 AND timeframe = ANY ($2) AND first_timestamp IS NOT NULL
           ORDER BY array_position($2, timeframe::text), name COLLATE "C"`,
    values: [symbol, [...timeframes]],
    rowMode: 'array',
  });
  return rows.flatMap(([timeframe, name, first, last]) => {
    const closed = Math.min(last.getTime(), at - timeframeDuration(timeframe));
    return closed < first.getTime() ? [] : [{ timeframe, name, first: first.getTime(), last: closed }];
  });
}
