import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { RATIO_SCALE } from '../../domain/bar-ratios.js';
import { formatScaled, PRICE } from '../../domain/decimal.js';
import { ConflictError } from '../../errors.js';
import type { LockedEntry } from './catalog.js';
import type { MergedBars } from './merged-bars.js';
import type { StretchPlan } from './stretch-plan.js';

/** Rows a statement: parameters are text and travel whole, so this bounds the memory. */
const BATCH = 5_000;

/** From here on the join of a write matters, and planning it anew does not. */
const MANY = 100;

/** $1 symbol, $2 timeframe, $3 and $4 the first and last timestamp, $5 the timestamps; then what {@link columns} answers, from $6. */
interface BarUpdate {
  readonly name: string;
  readonly text: string;
  columns(positions: readonly number[]): unknown[];
}

/** Replaces stored bars by those of the block and keeps the former values as revisions. */
export async function replaceBars(
  client: Client,
  { entry, block, merged, replaced }: StretchPlan,
  runId: string | null,
  reason: 'change' | 'undo' = 'change',
): Promise<void> {
  const written = <T>(batch: readonly number[], read: (index: number) => T) =>
    batch.map((at) => read(merged.index[at]!));
  const prices = (batch: readonly number[], column: BigInt64Array) =>
    written(batch, (index) => formatScaled(column[index]!, PRICE.scale));
  await updateBars(client, entry, merged, replaced, {
    name: 'bars.replace',
    text: `WITH change AS (
             SELECT * FROM unnest($5::timestamptz[], $6::numeric[], $7::numeric[], $8::numeric[], $9::numeric[], $10::bigint[],
                                  $11::numeric[], $12::text[], $13::numeric[], $14::numeric[])
               AS change (timestamp, open, high, low, close, volume, vwap, source, spread_ratio, volume_ratio)),
           revision AS (
             INSERT INTO ohlcv_bar_revisions
               (symbol, timeframe, timestamp, open, high, low, close, volume, vwap, source, known_from, known_until, reason, run_id)
             SELECT symbol, timeframe, timestamp, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap, bar.source,
                    bar.created_at, greatest($15, bar.created_at + interval '1 millisecond'), $17, $16
             FROM ohlcv_bars bar JOIN change USING (timestamp)
             WHERE symbol = $1 AND timeframe = $2 AND timestamp >= $3 AND timestamp <= $4)
           UPDATE ohlcv_bars bar SET
             open = change.open, high = change.high, low = change.low, close = change.close, volume = change.volume,
             spread = change.high - change.low, spread_ratio = change.spread_ratio, volume_ratio = change.volume_ratio,
             vwap = change.vwap, source = change.source, created_at = greatest($15, bar.created_at + interval '1 millisecond')
           FROM change
           WHERE bar.symbol = $1 AND bar.timeframe = $2 AND bar.timestamp = change.timestamp
             AND bar.timestamp >= $3 AND bar.timestamp <= $4`,
    columns: (batch) => [
      prices(batch, block.open),
      prices(batch, block.high),
      prices(batch, block.low),
      prices(batch, block.close),
      written(batch, (index) => block.volume[index]!.toString()),
      written(batch, (index) => optionalPrice(block.vwapAt(index))),
      written(batch, (index) => block.source[index] ?? null),
      ...ratios(merged, batch),
      instant(entry.knownFrom),
      runId,
      reason,
    ],
  });
}

/** Writes the ratios that stored bars have now. They are derived: no revision. */
export async function updateRatios(client: Client, { entry, merged, mended }: StretchPlan): Promise<void> {
  await updateBars(client, entry, merged, mended, {
    name: 'bars.update-ratios',
    text: `UPDATE ohlcv_bars bar SET spread_ratio = mended.spread_ratio, volume_ratio = mended.volume_ratio
           FROM unnest($5::timestamptz[], $6::numeric[], $7::numeric[]) AS mended (timestamp, spread_ratio, volume_ratio)
           WHERE bar.symbol = $1 AND bar.timeframe = $2 AND bar.timestamp = mended.timestamp
             AND bar.timestamp >= $3 AND bar.timestamp <= $4`,
    columns: (batch) => ratios(merged, batch),
  });
}

/**
 * Of a series that the table's statistics do not know yet the planner expects one bar, and would compare each change with every bar in a
 * nested loop: 5,000 changes took 10 s so. The bars of a stretch are few enough to be read once and joined by their hash instead.
 */
async function updateBars(
  client: Client,
  entry: LockedEntry,
  merged: MergedBars,
  positions: readonly number[],
  { name, text, columns }: BarUpdate,
): Promise<void> {
  const many = positions.length >= MANY;
  if (many) await client.query('SET LOCAL enable_nestloop = off');
  for (let start = 0; start < positions.length; start += BATCH) {
    const batch = positions.slice(start, start + BATCH);
    const timestamps = batch.map((at) => instant(merged.timestamp[at]!));
    const { rowCount } = await client.query({
      ...(many ? {} : { name }),
      text,
      values: [entry.symbol, entry.timeframe, timestamps[0], timestamps.at(-1), timestamps, ...columns(batch)],
    });
    if (rowCount !== batch.length) throw interfered(entry, rowCount, batch.length);
  }
  if (many) await client.query('SET LOCAL enable_nestloop = DEFAULT');
}

/** A write that touched another number of rows than it must have (an old TimescaleDB, a writer that bypassed the catalog) is undone. */
function interfered({ symbol, timeframe }: LockedEntry, touched: number | null, expected: number): ConflictError {
  const message = `${touched} of ${expected} bars of ${symbol} ${timeframe} were updated: someone else wrote them meanwhile`;
  const hint = 'write bars only through the store, which locks the series';
  return new ConflictError('WRITE_INTERFERED', message, { hint });
}

function ratios(merged: MergedBars, batch: readonly number[]): string[][] {
  return [merged.spreadRatio, merged.volumeRatio].map((column) =>
    batch.map((at) => formatScaled(column[at]!, RATIO_SCALE)),
  );
}

export function optionalPrice(value: bigint | null): string | null {
  return value === null ? null : formatScaled(value, PRICE.scale);
}
