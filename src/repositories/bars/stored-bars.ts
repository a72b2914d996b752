import { copyOut } from '../../database/copy.js';
import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { type BarBlock, NO_PRICE } from '../../domain/bar-block.js';
import type { SeriesKey } from '../../domain/series.js';

/** What {@link readStoredBars} selects, in its order. The spread is high - low and need not travel. */
export const STORED_COLUMNS = 'timestamp, open, high, low, close, volume, spread_ratio, volume_ratio, vwap';

const FIRST_CAPACITY = 1024;

const COLUMNS = ['timestamp', 'open', 'high', 'low', 'close', 'volume', 'spreadRatio', 'volumeRatio', 'vwap'] as const;

/** Bars as the table has them, in columns of integers: prices x 10^8, ratios x 10^4, volumes in units of their series. */
export class StoredBars {
  length = 0;
  timestamp: Float64Array;
  open: BigInt64Array;
  high: BigInt64Array;
  low: BigInt64Array;
  close: BigInt64Array;
  volume: BigInt64Array;
  spreadRatio: BigInt64Array;
  volumeRatio: BigInt64Array;
  /** {@link NO_PRICE} where there is none. */
  vwap: BigInt64Array;
  readonly source: (string | null)[] = [];

  /** Takes `capacity` bars before it must be resized. */
  constructor(capacity: number) {
    this.timestamp = new Float64Array(capacity);
    this.open = new BigInt64Array(capacity);
    this.high = new BigInt64Array(capacity);
    this.low = new BigInt64Array(capacity);
    this.close = new BigInt64Array(capacity);
    this.volume = new BigInt64Array(capacity);
    this.spreadRatio = new BigInt64Array(capacity);
    this.volumeRatio = new BigInt64Array(capacity);
    this.vwap = new BigInt64Array(capacity);
  }

  /** Bars of several reads, each of which ends before the next begins. */
  static join(parts: readonly StoredBars[]): StoredBars {
    const joined = new StoredBars(parts.reduce((sum, part) => sum + part.length, 0));
    for (const part of parts) {
      for (const column of COLUMNS) joined[column].set(part[column].subarray(0, part.length) as never, joined.length);
      for (const source of part.source) joined.source.push(source);
      joined.length += part.length;
    }
    return joined;
  }

  /** Whether a stored bar and one of a block have the same values; derived ratios do not count. */
  sameValues(index: number, block: BarBlock, other: number): boolean {
    return (
      this.close[index] === block.close[other] &&
      this.volume[index] === block.volume[other] &&
      this.open[index] === block.open[other] &&
      this.high[index] === block.high[other] &&
      this.low[index] === block.low[other] &&
      this.vwap[index] === block.vwap[other] &&
      this.source[index] === block.source[other]
    );
  }

  /** Makes every column exactly as long as there are bars,. */
  resize(capacity: number): void {
    this.timestamp = resized(Float64Array, this.timestamp, capacity);
    this.open = resized(BigInt64Array, this.open, capacity);
    this.high = resized(BigInt64Array, this.high, capacity);
    this.low = resized(BigInt64Array, this.low, capacity);
    this.close = resized(BigInt64Array, this.close, capacity);
    this.volume = resized(BigInt64Array, this.volume, capacity);
    this.spreadRatio = resized(BigInt64Array, this.spreadRatio, capacity);
    this.volumeRatio = resized(BigInt64Array, this.volumeRatio, capacity);
    this.vwap = resized(BigInt64Array, this.vwap, capacity);
  }
}

/** Reads `SELECT {@link STORED_COLUMNS} ...`, or, `withSource`, that and the source after it, by binary COPY. */
export async function readStoredBars(
  client: Client,
  query: string,
  withSource: boolean,
  signal?: AbortSignal,
): Promise<StoredBars> {
  const bars = new StoredBars(FIRST_CAPACITY);
  const read = (row: Parameters<Parameters<typeof copyOut>[2]>[0]) => {
    const index = bars.length;
    if (index === bars.timestamp.length) bars.resize(index * 2);
    bars.timestamp[index] = row.instant();
    bars.open[index] = row.scaled(8, 0n);
    bars.high[index] = row.scaled(8, 0n);
    bars.low[index] = row.scaled(8, 0n);
    bars.close[index] = row.scaled(8, 0n);
    bars.volume[index] = row.int8();
    bars.spreadRatio[index] = row.scaled(4, 0n);
    bars.volumeRatio[index] = row.scaled(4, 0n);
    bars.vwap[index] = row.scaled(8, NO_PRICE);
    if (withSource) bars.source[index] = row.text();
    bars.length = index + 1;
  };
  await copyOut(client, query, read, signal);
  bars.resize(bars.length);
  return bars;
}

type NeighbourRow = [Date, string, string, string, string, string, string, string, string | null, string | null];

/**
 * Reads the up to `count` bars next to `start`, which itself is left out, on the side where `bound` (inclusive) lies; oldest first. A few
 * rows only: a named statement is quicker for them than COPY, which is planned each time.
 */
export async function readNeighbours(
  client: Client,
  key: SeriesKey,
  start: number,
  bound: number,
  count: number,
): Promise<StoredBars> {
  const forward = bound > start;
  const { rows } = await client.query<NeighbourRow>({
    name: forward ? 'bars.behind' : 'bars.before',
    text: `SELECT timestamp, (open * 1e8)::bigint, (high * 1e8)::bigint, (low * 1e8)::bigint, (close * 1e8)::bigint, volume,
                  (spread_ratio * 1e4)::bigint, (volume_ratio * 1e4)::bigint, (vwap * 1e8)::bigint, source
           FROM ohlcv_bars WHERE symbol = $1 AND timeframe = $2 AND timestamp ${forward ? '> $3 AND timestamp <= $4' : '< $3 AND timestamp >= $4'}
           ORDER BY timestamp ${forward ? 'ASC' : 'DESC'} LIMIT $5`,
    values: [key.symbol, key.timeframe, instant(start), instant(bound), count],
    rowMode: 'array',
  });
  if (!forward) rows.reverse();
  const bars = new StoredBars(rows.length);
  for (const [index, row] of rows.entries()) {
    bars.timestamp[index] = row[0].getTime();
    bars.open[index] = BigInt(row[1]);
    bars.high[index] = BigInt(row[2]);
    bars.low[index] = BigInt(row[3]);
    bars.close[index] = BigInt(row[4]);
    bars.volume[index] = BigInt(row[5]);
    bars.spreadRatio[index] = BigInt(row[6]);
    bars.volumeRatio[index] = BigInt(row[7]);
    bars.vwap[index] = row[8] === null ? NO_PRICE : BigInt(row[8]);
    bars.source[index] = row[9];
  }
  bars.length = rows.length;
  return bars;
}

function resized<T extends Float64Array | BigInt64Array>(type: new (length: number) => T, from: T, length: number): T {
  const to = new type(length);
  to.set((from.length > length ? from.subarray(0, length) : from) as never);
  return to;
}
