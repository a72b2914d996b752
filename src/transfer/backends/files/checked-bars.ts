import { readVolumeScale } from '../../../domain/amount.js';
import type { BarInput } from '../../../domain/bar.js';
import { formatScaled, PRICE } from '../../../domain/decimal.js';
import { readOrThrow } from '../../../domain/problem.js';
import type { SeriesKey } from '../../../domain/series.js';
import { BarBatch } from '../../../repositories/bars/bar-batch.js';
import type { WriteOptions } from '../../../repositories/bars/bar-repository.js';
import { seriesName } from '../../../repositories/bars/catalog.js';

/** A bar whose values were read, in a form that JSON carries. */
export type PlainBar = Readonly<
  Record<'symbol' | 'timeframe' | 'timestamp' | 'open' | 'high' | 'low' | 'close' | 'volume', string> &
    Record<'vwap' | 'source', string | null>
>;

/** Bars that break no rule: each instant of a series once. */
export interface CheckedBars {
  readonly batch: BarBatch;
  /** The series, with the scale that each has or, where it is new, is given. */
  readonly scales: ReadonlyMap<string, { readonly key: SeriesKey; readonly volumeScale: number }>;
}

/**
 * Reads every value by the rules of its series; one of which `scaleOf` knows no scale is new and has the option's.
 * @throws InvalidInputError naming every bad bar by its position
 */
export async function checkBars(
  bars: readonly BarInput[],
  { volumeScale, allowNonPositive }: WriteOptions,
  scaleOf: (key: SeriesKey) => Promise<number | undefined>,
): Promise<CheckedBars> {
  if (volumeScale !== undefined) readOrThrow('options', (report) => readVolumeScale(volumeScale, report));
  const batch = new BarBatch(bars);
  const scales = new Map<string, { key: SeriesKey; volumeScale: number }>();
  for (const [name, { symbol, timeframe }] of batch.series) {
    const key = { symbol, timeframe };
    scales.set(name, { key, volumeScale: (await scaleOf(key)) ?? volumeScale ?? 0 });
  }
  batch.readValues(scales, allowNonPositive);
  batch.findDuplicates();
  batch.rejectProblems();
  return { batch, scales };
}

/** The bars of a batch as JSON carries them, the values exact. */
export function plainBars({ batch, scales }: CheckedBars): PlainBar[] {
  const price = (value: bigint) => formatScaled(value, PRICE.scale);
  const bars: PlainBar[] = [];
  for (const one of batch.series.values()) {
    const { symbol, timeframe, block, order } = one;
    const { volumeScale } = scales.get(seriesName(one))!;
    for (const index of order) {
      const vwap = block.vwapAt(index);
      bars.push({
        ...{ symbol, timeframe, timestamp: new Date(block.timestamp[index]!).toISOString() },
        ...{ open: price(block.open[index]!), high: price(block.high[index]!) },
        ...{ low: price(block.low[index]!), close: price(block.close[index]!) },
        volume: formatScaled(block.volume[index]!, volumeScale),
        vwap: vwap === null ? null : price(vwap),
        source: block.source[index] ?? null,
      });
    }
  }
  return bars;
}
