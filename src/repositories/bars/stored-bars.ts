import { copyStored } from '../../database/copy.js';
import type { BinaryRowReader } from '../../database/copy-reader.js';
import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { BarBlock, NO_PRICE, resized } from '../../domain/bar-block.js';
import type { SeriesKey } from '../../domain/series.js';

/** What {@link readStoredBars} selects, in its order. The spread is high - low and need not travel. */
export const STORED_COLUMNS = 'timestamp, open, high, low, close, volume, spread_ratio, volume_ratio, vwap';

const FIRST_CAPACITY = 1024;

const COLUMNS = ['timestamp', 'open', 'high', 'low', 'close', 'volume', 'vwap', 'spreadRatio', 'volumeRatio'] as const;

type WideColumn = 'open' | 'high' | 'low' | 'close' | 'volume' | 'vwap' | 'spreadRatio' | 'volumeRatio';

function halvesOf(bars: Readonly<Record<WideColumn, BigInt64Array>>): Record<WideColumn, Int32Array> {
  const { open, high, low, close, volume, vwap, spreadRatio, volumeRatio } = bars;
  const halves = ({ buffer }: BigInt64Array) => new Int32Array(buffer);
  return {
    ...{ open: halves(open), high: halves(high), low: halves(low), close: halves(close), volume: halves(volume) },
    ...{ vwap: halves(vwap), spreadRatio: halves(spreadRatio), volumeRatio: halves(volumeRatio) },
  };
}

/** Bars as the table has them: a block with their ratios, x 10^4. */
export class StoredBars extends BarBlock {
  spreadRatio: BigInt64Array;
  volumeRatio: BigInt64Array;
  /** The columns' own memory. */
  #halves: Readonly<Record<WideColumn, Int32Array>>;

  constructor(capacity: number) {
    super(capacity);
    this.spreadRatio = new BigInt64Array(this.timestamp.length);
    this.volumeRatio = new BigInt64Array(this.timestamp.length);
    this.#halves = halvesOf(this);
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

  override resize(capacity: number): void {
    super.resize(capacity);
    this.spreadRatio = resized(this.spreadRatio, capacity);
    this.volumeRatio = resized(this.volumeRatio, capacity);
    this.#halves = halvesOf(this);
  }

  /** Takes {@link STORED_COLUMNS} of a row behind the bars that are there; answers its place. */
  append(row: BinaryRowReader): number {
    const index = this.length;
    if (index === this.timestamp.length) this.resize(index * 2);
    this.timestamp[index] = row.instant();
    const { open, high, low, close, volume, spreadRatio, volumeRatio, vwap } = this.#halves;
    row.scaledTo(8, open, index);
    row.scaledTo(8, high, index);
    row.scaledTo(8, low, index);
    row.scaledTo(8, close, index);
    row.int8To(volume, index);
    row.scaledTo(4, spreadRatio, index);
    row.scaledTo(4, volumeRatio, index);
    if (!row.scaledTo(8, vwap, index)) this.vwap[index] = NO_PRICE;
    this.length = index + 1;
    return index;
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
  const read = (row: BinaryRowReader) => {
    const index = bars.append(row);
    if (withSource) bars.source[index] = row.text();
  };
  await copyStored(client, query, read, signal);
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
