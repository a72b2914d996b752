import { copyIn } from '../../database/copy.js';
import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import type { BarBlock } from '../../domain/bar-block.js';
import { RATIO_SCALE } from '../../domain/bar-ratios.js';
import { formatScaled, PRICE } from '../../domain/decimal.js';
import type { LockedEntry } from './catalog.js';
import type { MergedBars } from './merged-bars.js';
import { optionalPrice } from './update-bars.js';

const INSERTED =
  'ohlcv_bars (symbol, timeframe, timestamp, open, high, low, close, volume, spread, spread_ratio, volume_ratio, vwap, source, created_at)';
const INSERTED_COLUMNS = 14;

/**
 * Bars up to which one statement is quicker than COPY, which takes two round trips and is planned each time: a live bar must go in within
 * 5 ms, and every round trip may meet a busy processor.
 */
const FEW = 20;

/** Writes new bars. `positions` are places in `merged`. */
export async function insertBars(
  client: Client,
  entry: LockedEntry,
  block: BarBlock,
  merged: MergedBars,
  positions: readonly number[],
): Promise<void> {
  if (positions.length === 0) return;
  if (positions.length <= FEW) await insertFew(client, entry, block, merged, positions);
  else await copyMany(client, entry, block, merged, positions);
}

async function insertFew(
  client: Client,
  entry: LockedEntry,
  block: BarBlock,
  merged: MergedBars,
  positions: readonly number[],
): Promise<void> {
  const price = (column: BigInt64Array) => positions.map((at) => formatScaled(column[merged.index[at]!]!, PRICE.scale));
  await client.query({
    name: 'bars.insert',
    text: `INSERT INTO ${INSERTED}
           SELECT $1, $2, bar.timestamp, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.high - bar.low,
                  bar.spread_ratio, bar.volume_ratio, bar.vwap, bar.source, $3
           FROM unnest($4::timestamptz[], $5::numeric[], $6::numeric[], $7::numeric[], $8::numeric[], $9::bigint[], $10::numeric[],
                       $11::numeric[], $12::numeric[], $13::text[])
             AS bar (timestamp, open, high, low, close, volume, spread_ratio, volume_ratio, vwap, source)`,
    values: [
      entry.symbol,
      entry.timeframe,
      instant(entry.knownFrom),
      positions.map((at) => instant(merged.timestamp[at]!)),
      price(block.open),
      price(block.high),
      price(block.low),
      price(block.close),
      positions.map((at) => block.volume[merged.index[at]!]!.toString()),
      positions.map((at) => formatScaled(merged.spreadRatio[at]!, RATIO_SCALE)),
      positions.map((at) => formatScaled(merged.volumeRatio[at]!, RATIO_SCALE)),
      positions.map((at) => optionalPrice(block.vwapAt(merged.index[at]!))),
      positions.map((at) => block.source[merged.index[at]!] ?? null),
    ],
  });
}

/** Newest first: that is the index's own order, in which its pages fill up. A million bars oldest first take 54 MB of it, so 30 MB. */
async function copyMany(
  client: Client,
  entry: LockedEntry,
  block: BarBlock,
  merged: MergedBars,
  positions: readonly number[],
): Promise<void> {
  const createdAt = entry.knownFrom.getTime();
  await copyIn(client, INSERTED, positions.length, (row, position) => {
    const at = positions[positions.length - 1 - position]!;
    const index = merged.index[at]!;
    row.beginRow(INSERTED_COLUMNS);
    row.text(entry.symbol);
    row.text(entry.timeframe);
    row.instant(merged.timestamp[at]!);
    row.scaled(block.open[index]!, 8);
    row.scaled(block.high[index]!, 8);
    row.scaled(block.low[index]!, 8);
    row.scaled(block.close[index]!, 8);
    row.int8(block.volume[index]!);
    row.scaled(merged.spread[at]!, 8);
    row.scaled(merged.spreadRatio[at]!, 4);
    row.scaled(merged.volumeRatio[at]!, 4);
    row.scaled(block.vwapAt(index), 8);
    row.text(block.source[index]!);
    row.instant(createdAt);
  });
}
