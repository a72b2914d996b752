import { copyIn } from '../../database/copy.js';
import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import type { BarBlock } from '../../domain/bar-block.js';
import { RATIO_SCALE } from '../../domain/bar-ratios.js';
import { formatScaled, PRICE } from '../../domain/decimal.js';
import { ConflictError } from '../../errors.js';
import type { LockedEntry } from './catalog.js';
import type { MergedBars } from './merged-bars.js';

/** Where a stored bar stands among the merged ones. */
export interface StoredChange {
  readonly at: number;
  readonly origin: number;
}

/** Rows a statement: parameters are text and travel whole, so this bounds the memory. */
const BATCH = 5_000;

/** From here on the join of a write matters, and planning it anew does not. */
const MANY = 100;

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

/** Replaces stored bars by those of the block and keeps the former values as revisions. */
export async function replaceBars(
  client: Client,
  entry: LockedEntry,
  block: BarBlock,
  merged: MergedBars,
  changes: readonly StoredChange[],
  runId: string | null,
): Promise<void> {
  const many = await planForMany(client, changes.length);
  for (let start = 0; start < changes.length; start += BATCH) {
    const batch = changes.slice(start, start + BATCH).map((change) => change.at);
    const price = (column: BigInt64Array) => batch.map((at) => formatScaled(column[merged.index[at]!]!, PRICE.scale));
    const { rowCount } = await client.query({
      ...(many ? {} : { name: 'bars.replace' }),
      text: `WITH change AS (
               SELECT * FROM unnest($5::timestamptz[], $6::numeric[], $7::numeric[], $8::numeric[], $9::numeric[], $10::bigint[],
                                    $11::numeric[], $12::text[], $13::numeric[], $14::numeric[])
                 AS change (timestamp, open, high, low, close, volume, vwap, source, spread_ratio, volume_ratio)),
             revision AS (
               INSERT INTO ohlcv_bar_revisions
                 (symbol, timeframe, timestamp, open, high, low, close, volume, vwap, source, known_from, known_until, reason, run_id)
               SELECT symbol, timeframe, timestamp, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap, bar.source,
                      bar.created_at, greatest($3, bar.created_at + interval '1 millisecond'), 'change', $4
               FROM ohlcv_bars bar JOIN change USING (timestamp)
               WHERE symbol = $1 AND timeframe = $2 AND timestamp >= $15 AND timestamp <= $16)
             UPDATE ohlcv_bars bar SET
               open = change.open, high = change.high, low = change.low, close = change.close, volume = change.volume,
               spread = change.high - change.low, spread_ratio = change.spread_ratio, volume_ratio = change.volume_ratio,
               vwap = change.vwap, source = change.source, created_at = greatest($3, bar.created_at + interval '1 millisecond')
             FROM change
             WHERE bar.symbol = $1 AND bar.timeframe = $2 AND bar.timestamp = change.timestamp
               AND bar.timestamp >= $15 AND bar.timestamp <= $16`,
      values: [
        entry.symbol,
        entry.timeframe,
        instant(entry.knownFrom),
        runId,
        batch.map((at) => instant(merged.timestamp[at]!)),
        price(block.open),
        price(block.high),
        price(block.low),
        price(block.close),
        batch.map((at) => block.volume[merged.index[at]!]!.toString()),
        batch.map((at) => optionalPrice(block.vwapAt(merged.index[at]!))),
        batch.map((at) => block.source[merged.index[at]!] ?? null),
        batch.map((at) => formatScaled(merged.spreadRatio[at]!, RATIO_SCALE)),
        batch.map((at) => formatScaled(merged.volumeRatio[at]!, RATIO_SCALE)),
        instant(merged.timestamp[batch[0]!]!),
        instant(merged.timestamp[batch[batch.length - 1]!]!),
      ],
    });
    expectRows(entry, rowCount, batch.length);
  }
  if (many) await client.query('SET LOCAL enable_nestloop = DEFAULT');
}

/** Writes the ratios that stored bars have now. They are derived: no revision. */
export async function updateRatios(
  client: Client,
  entry: LockedEntry,
  merged: MergedBars,
  changes: readonly StoredChange[],
): Promise<void> {
  const many = await planForMany(client, changes.length);
  for (let start = 0; start < changes.length; start += BATCH) {
    const batch = changes.slice(start, start + BATCH).map((change) => change.at);
    const { rowCount } = await client.query({
      ...(many ? {} : { name: 'bars.update-ratios' }),
      text: `UPDATE ohlcv_bars bar SET spread_ratio = mended.spread_ratio, volume_ratio = mended.volume_ratio
             FROM unnest($3::timestamptz[], $4::numeric[], $5::numeric[]) AS mended (timestamp, spread_ratio, volume_ratio)
             WHERE bar.symbol = $1 AND bar.timeframe = $2 AND bar.timestamp = mended.timestamp
               AND bar.timestamp >= $6 AND bar.timestamp <= $7`,
      values: [
        entry.symbol,
        entry.timeframe,
        batch.map((at) => instant(merged.timestamp[at]!)),
        batch.map((at) => formatScaled(merged.spreadRatio[at]!, RATIO_SCALE)),
        batch.map((at) => formatScaled(merged.volumeRatio[at]!, RATIO_SCALE)),
        instant(merged.timestamp[batch[0]!]!),
        instant(merged.timestamp[batch[batch.length - 1]!]!),
      ],
    });
    expectRows(entry, rowCount, batch.length);
  }
  if (many) await client.query('SET LOCAL enable_nestloop = DEFAULT');
}

/**
 * Of a series that the table's statistics do not know yet the planner expects one bar, and would compare each change with every bar in a
 * nested loop: 5,000 changes took 10 s so. The bars of a stretch are few enough to be read once and joined by their hash instead.
 */
async function planForMany(client: Client, changes: number): Promise<boolean> {
  if (changes < MANY) return false;
  await client.query('SET LOCAL enable_nestloop = off');
  return true;
}

/** A write that touched another number of rows than it must have (an old TimescaleDB, a writer that bypassed the catalog) is undone. */
function expectRows(entry: LockedEntry, touched: number | null, expected: number): void {
  if (touched === expected) return;
  const message = `${touched} of ${expected} bars of ${entry.symbol} ${entry.timeframe} were updated: someone else wrote them meanwhile`;
  throw new ConflictError('WRITE_INTERFERED', message, {
    hint: 'write bars only through the store, which locks the series',
  });
}

function optionalPrice(value: bigint | null): string | null {
  return value === null ? null : formatScaled(value, PRICE.scale);
}
