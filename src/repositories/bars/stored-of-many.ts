import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { NO_PRICE } from '../../domain/bar-block.js';
import type { SeriesKey } from '../../domain/series.js';
import { spanOf, WIDENING } from './nearby.js';
import { StoredBars } from './stored-bars.js';

/** Of one series, the bars from `start` outwards to `bound`; both are instants. */
export interface ManyRequest {
  readonly key: SeriesKey;
  readonly start: number;
  readonly bound: number;
}

type Row = [place: string, timestamp: string, high: string, low: string, volume: string];
type WholeRow = [
  ...Row,
  open: string,
  close: string,
  spreadRatio: string,
  volumeRatio: string,
  vwap: string | null,
  source: string | null,
];

const RATIO_COLUMNS =
  '(extract(epoch FROM timestamp) * 1000)::bigint AS milliseconds, (high * 1e8)::bigint, (low * 1e8)::bigint, volume';
const WHOLE_COLUMNS = `${RATIO_COLUMNS}, (open * 1e8)::bigint, (close * 1e8)::bigint, (spread_ratio * 1e4)::bigint,
  (volume_ratio * 1e4)::bigint, (vwap * 1e8)::bigint, source`;

/** The up to `count` bars before `start`, of which only what ratios are made of is read; `bound` is the series' first bar. */
export function readManyBefore(
  client: Client,
  requests: readonly ManyRequest[],
  count: number,
): Promise<Map<ManyRequest, StoredBars>> {
  return widen(requests, count, -1, (asked) =>
    read<Row>(
      client,
      asked,
      RATIO_COLUMNS,
      'timestamp < start AND timestamp >= bound',
      `DESC LIMIT ${count}`,
      fillRatios,
    ),
  );
}

/** The up to `count` bars behind `start`; `bound` is the series' last bar. */
export function readManyBehind(
  client: Client,
  requests: readonly ManyRequest[],
  count: number,
): Promise<Map<ManyRequest, StoredBars>> {
  return widen(requests, count, 1, (asked) =>
    read<WholeRow>(
      client,
      asked,
      WHOLE_COLUMNS,
      'timestamp > start AND timestamp <= bound',
      `LIMIT ${count}`,
      fillWhole,
    ),
  );
}

/** All bars from `start` to `bound`, both included. */
export function readManyBetween(
  client: Client,
  requests: readonly ManyRequest[],
): Promise<Map<ManyRequest, StoredBars>> {
  return read<WholeRow>(client, requests, WHOLE_COLUMNS, 'timestamp >= start AND timestamp <= bound', '', fillWhole);
}

/** As `askNearby`, for many series: those that come back short are asked for again, from further away. */
async function widen(
  requests: readonly ManyRequest[],
  count: number,
  direction: 1 | -1,
  ask: (requests: readonly ManyRequest[]) => Promise<Map<ManyRequest, StoredBars>>,
): Promise<Map<ManyRequest, StoredBars>> {
  const found = new Map<ManyRequest, StoredBars>();
  let waiting = requests.map((request) => ({ request, span: spanOf(request.key.timeframe, count) }));
  while (waiting.length > 0) {
    const asked = new Map<ManyRequest, (typeof waiting)[number]>();
    for (const one of waiting) {
      const { key, start, bound: limit } = one.request;
      const bound = direction < 0 ? Math.max(start - one.span, limit) : Math.min(start + one.span, limit);
      asked.set({ key, start, bound }, one);
    }
    const answers = await ask([...asked.keys()]);
    waiting = [];
    for (const [asking, { request, span }] of asked) {
      const bars = answers.get(asking)!;
      if (bars.length >= count || asking.bound === request.bound) found.set(request, bars);
      else waiting.push({ request, span: span * WIDENING });
    }
  }
  return found;
}

/**
 * One statement, whose plan can only be: for each series, its rows by the index. Bounds of all of them stand beside those of each, as constants that
 * the planner sees: without them TimescaleDB would open every chunk. For the same reason it has no name: it is planned each time.
 */
async function read<R extends readonly unknown[]>(
  client: Client,
  requests: readonly ManyRequest[],
  columns: string,
  condition: string,
  limit: string,
  fill: (bars: StoredBars, index: number, row: R) => void,
): Promise<Map<ManyRequest, StoredBars>> {
  if (requests.length === 0) return new Map();
  const ends = requests.flatMap(({ start, bound }) => [start, bound]);
  const { rows } = await client.query<R & unknown[]>({
    text: `SELECT place, bar.* FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])
             WITH ORDINALITY AS wanted (wanted_symbol, wanted_timeframe, start, bound, place)
           CROSS JOIN LATERAL (
             SELECT ${columns} FROM ohlcv_bars
             WHERE symbol = wanted_symbol AND timeframe = wanted_timeframe AND ${condition} AND timestamp >= $5 AND timestamp <= $6
             ORDER BY timestamp ${limit}) AS bar
           ORDER BY place, milliseconds`,
    values: [
      requests.map(({ key }) => key.symbol),
      requests.map(({ key }) => key.timeframe),
      requests.map(({ start }) => instant(start)),
      requests.map(({ bound }) => instant(bound)),
      instant(Math.min(...ends)),
      instant(Math.max(...ends)),
    ],
    rowMode: 'array',
  });
  const found = new Map<ManyRequest, StoredBars>();
  let next = 0;
  for (const [index, request] of requests.entries()) {
    const place = String(index + 1);
    const start = next;
    while (next < rows.length && rows[next]![0] === place) next += 1;
    const bars = new StoredBars(next - start);
    for (let row = start; row < next; row += 1) fill(bars, row - start, rows[row]!);
    bars.length = next - start;
    found.set(request, bars);
  }
  return found;
}

function fillRatios(bars: StoredBars, index: number, [, timestamp, high, low, volume]: Row): void {
  bars.timestamp[index] = Number(timestamp);
  bars.high[index] = BigInt(high);
  bars.low[index] = BigInt(low);
  bars.volume[index] = BigInt(volume);
}

function fillWhole(bars: StoredBars, index: number, row: WholeRow): void {
  const [, , , , , open, close, spreadRatio, volumeRatio, vwap, source] = row;
  fillRatios(bars, index, row as unknown as Row);
  bars.open[index] = BigInt(open);
  bars.close[index] = BigInt(close);
  bars.spreadRatio[index] = BigInt(spreadRatio);
  bars.volumeRatio[index] = BigInt(volumeRatio);
  bars.vwap[index] = vwap === null ? NO_PRICE : BigInt(vwap);
  bars.source[index] = source;
}
