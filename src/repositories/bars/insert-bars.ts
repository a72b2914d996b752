import { copyIn } from '../../database/copy.js';
import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { RATIO_SCALE } from '../../domain/bar-ratios.js';
import { formatScaled, PRICE } from '../../domain/decimal.js';
import type { StretchPlan } from './stretch-plan.js';
import { optionalPrice } from './update-bars.js';

const INSERTED =
  'ohlcv_bars (symbol, timeframe, timestamp, open, high, low, close, volume, spread, spread_ratio, volume_ratio, vwap, source, created_at)';
const INSERTED_COLUMNS = 14;

/**
 * Bars up to which one statement is quicker than COPY, which takes two round trips and is planned each time: a live bar must go in within
 * 5 ms, and every round trip may meet a busy processor.
 */
const FEW = 20;

/** Writes the new bars of all plans. */
export async function insertBars(client: Client, plans: readonly StretchPlan[]): Promise<void> {
  const count = plans.reduce((sum, { inserted }) => sum + inserted.length, 0);
  if (count === 0) return;
  if (count <= FEW) await insertFew(client, plans);
  else await copyMany(client, plans, count);
}

async function insertFew(client: Client, plans: readonly StretchPlan[]): Promise<void> {
  const ofEach = <T>(read: (plan: StretchPlan, at: number, index: number) => T): T[] =>
    plans.flatMap((plan) => plan.inserted.map((at) => read(plan, at, plan.merged.index[at]!)));
  const price = (column: 'open' | 'high' | 'low' | 'close') =>
    ofEach(({ block }, _, index) => formatScaled(block[column][index]!, PRICE.scale));
  await client.query({
    name: 'bars.insert',
    text: `INSERT INTO ${INSERTED}
           SELECT bar.symbol, bar.timeframe, bar.timestamp, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.high - bar.low,
                  bar.spread_ratio, bar.volume_ratio, bar.vwap, bar.source, bar.created_at
           FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::numeric[], $6::numeric[], $7::numeric[], $8::numeric[],
                       $9::bigint[], $10::numeric[], $11::numeric[], $12::numeric[], $13::text[])
             AS bar (symbol, timeframe, created_at, timestamp, open, high, low, close, volume, spread_ratio, volume_ratio, vwap, source)`,
    values: [
      ofEach(({ entry }) => entry.symbol),
      ofEach(({ entry }) => entry.timeframe),
      ofEach(({ entry }) => instant(entry.knownFrom)),
      ofEach(({ merged }, at) => instant(merged.timestamp[at]!)),
      price('open'),
      price('high'),
      price('low'),
      price('close'),
      ofEach(({ block }, _, index) => block.volume[index]!.toString()),
      ofEach(({ merged }, at) => formatScaled(merged.spreadRatio[at]!, RATIO_SCALE)),
      ofEach(({ merged }, at) => formatScaled(merged.volumeRatio[at]!, RATIO_SCALE)),
      ofEach(({ block }, _, index) => optionalPrice(block.vwapAt(index))),
      ofEach(({ block }, _, index) => block.source[index] ?? null),
    ],
  });
}

/** Each series newest first: that is the index's own order, in which its pages fill up. A million bars oldest first take 54 MB of it, so 30 MB. */
async function copyMany(client: Client, plans: readonly StretchPlan[], count: number): Promise<void> {
  let [next, left] = [0, 0];
  await copyIn(client, INSERTED, count, (row) => {
    while (left === 0) left = plans[next++]!.inserted.length;
    const { entry, block, merged, inserted } = plans[next - 1]!;
    left -= 1;
    const at = inserted[left]!;
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
    row.instant(entry.knownFrom.getTime());
  });
}
