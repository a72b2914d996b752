import { createHash } from 'node:crypto';
import type { Bar } from '../../../domain/bar.js';
import type { BarBlock } from '../../../domain/bar-block.js';
import { RATIO_SCALE, rollingRatios } from '../../../domain/bar-ratios.js';
import { fromScaled, PRICE } from '../../../domain/decimal.js';
import type { Series, SeriesKey } from '../../../domain/series.js';
import { BarPage } from '../../../repositories/bars/bar-pages.js';
import type { UpsertCounts } from '../../../repositories/bars/bar-repository.js';
import { seriesName } from '../../../repositories/bars/catalog.js';
import { KEPT, mergeBars, NEW } from '../../../repositories/bars/merged-bars.js';

/** All bars of one series, in time order, with what the store derives of them. Never changed: a write makes another one. */
export class SeriesBars {
  readonly key: SeriesKey;
  readonly volumeScale: number;
  readonly bars: BarPage;

  constructor(key: SeriesKey, volumeScale: number, bars: BarPage) {
    this.key = key;
    this.volumeScale = volumeScale;
    this.bars = bars;
  }

  static empty(key: SeriesKey, volumeScale: number): SeriesBars {
    return new SeriesBars(key, volumeScale, new BarPage(0));
  }

  /** Bars that are in time order, to which the ratios are added. */
  static of(key: SeriesKey, volumeScale: number, bars: BarPage): SeriesBars {
    bars.resize(bars.length);
    bars.spreadRatio = rollingRatios(bars.high.map((high, index) => high - bars.low[index]!));
    bars.volumeRatio = rollingRatios(bars.volume);
    return new SeriesBars(key, volumeScale, bars);
  }

  get length(): number {
    return this.bars.length;
  }

  /** The place of the first bar at or after an instant. */
  indexOf(instant: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.bars.timestamp[middle]! < instant) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** `order` names the block's bars in time order, each instant once; one that differs from the bar that is there takes its place. */
  written(
    block: BarBlock,
    order: Uint32Array,
    now: number,
  ): { readonly series: SeriesBars; readonly counts: UpsertCounts } {
    const merged = mergeBars(this.bars, block, order, true);
    const bars = new BarPage(merged.length);
    const counts = { inserted: 0, changed: 0, unchanged: 0 };
    for (let index = 0; index < merged.length; index += 1) {
      const kind = merged.kind[index]!;
      const kept = kind === KEPT;
      take(bars, kept ? this.bars : block, kept ? merged.origin[index]! : merged.index[index]!);
      bars.createdAt[index] = kept ? this.bars.createdAt[merged.origin[index]!]! : now;
      if (!kept) counts[kind === NEW ? 'inserted' : 'changed'] += 1;
    }
    bars.spreadRatio = merged.spreadRatio;
    bars.volumeRatio = merged.volumeRatio;
    counts.unchanged = order.length - counts.inserted - counts.changed;
    return { series: new SeriesBars(this.key, this.volumeScale, bars), counts };
  }

  /** Of the bars of `before`, to which others were added: whether all of these are later. */
  continues(before: SeriesBars): boolean {
    const last = before.length - 1;
    return last >= 0 && this.bars.timestamp[last] === before.bars.timestamp[last];
  }

  /** Without the bars of `[from, to)`. */
  without(from: number, to: number): { readonly series: SeriesBars; readonly deleted: number } {
    const [start, end] = [this.indexOf(from), this.indexOf(to)];
    const bars = new BarPage(this.length - (end - start));
    for (let index = 0; index < this.length; index += 1) {
      if (index >= start && index < end) continue;
      bars.createdAt[bars.length] = this.bars.createdAt[index]!;
      take(bars, this.bars, index);
    }
    return { series: SeriesBars.of(this.key, this.volumeScale, bars), deleted: end - start };
  }

  /** The bars from one place to another. */
  slice(start: number, end: number): Bar[] {
    const bars: Bar[] = [];
    for (let index = Math.max(start, 0); index < end; index += 1) bars.push(this.barAt(index));
    return bars;
  }

  barAt(index: number): Bar {
    const { bars } = this;
    const price = (value: bigint) => fromScaled(value, PRICE.scale);
    const vwap = bars.vwapAt(index);
    return {
      symbol: this.key.symbol,
      timeframe: this.key.timeframe,
      timestamp: new Date(bars.timestamp[index]!),
      open: price(bars.open[index]!),
      high: price(bars.high[index]!),
      low: price(bars.low[index]!),
      close: price(bars.close[index]!),
      volume: fromScaled(bars.volume[index]!, this.volumeScale),
      spread: price(bars.high[index]! - bars.low[index]!),
      spreadRatio: fromScaled(bars.spreadRatio[index]!, RATIO_SCALE),
      volumeRatio: fromScaled(bars.volumeRatio[index]!, RATIO_SCALE),
      vwap: vwap === null ? null : price(vwap),
      source: bars.source[index] ?? null,
      createdAt: new Date(bars.createdAt[index]!),
    };
  }

  /** As the catalog of the database has it; undefined where there are no bars. */
  get summary(): Series | undefined {
    if (this.length === 0) return undefined;
    return {
      ...this.key,
      id: seriesId(this.key),
      volumeScale: this.volumeScale,
      first: new Date(this.bars.timestamp[0]!),
      last: new Date(this.bars.timestamp[this.length - 1]!),
      count: this.length,
    };
  }
}

const COLUMNS = ['timestamp', 'open', 'high', 'low', 'close', 'volume', 'vwap', 'origin'] as const;

function take(bars: BarPage, from: BarBlock, index: number): void {
  const place = bars.length;
  for (const column of COLUMNS) bars[column][place] = from[column][index]! as never;
  bars.source[place] = from.source[index] ?? null;
  bars.length = place + 1;
}

/** A file has no catalog: its series' id is made of its name, so that it is the same in every process. A UUID of version 8. */
function seriesId(key: SeriesKey): string {
  const hash = createHash('sha256').update(seriesName(key)).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
