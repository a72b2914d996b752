import type { BarInput } from '../../../domain/bar.js';
import { compareSeries, type SeriesKey } from '../../../domain/series.js';
import type { UpsertCounts, WriteOptions } from '../../../repositories/bars/bar-repository.js';
import type { BarWindow } from '../../../repositories/bars/bar-window.js';
import { readWindow } from '../../../repositories/bars/bar-window.js';
import { seriesName } from '../../../repositories/bars/catalog.js';
import { type CheckedBars, checkBars } from './checked-bars.js';
import { appendOwnCsv, writeOwnCsv } from './csv-file.js';
import type { Folder } from './folder.js';
import { writeOwnParquet } from './parquet-file.js';
import { SeriesBars } from './series-bars.js';
import type { SeriesCache } from './series-cache.js';
import { type FileFormat, findSeries, pathOf, type SeriesPath } from './series-path.js';

/** `kept`: so many of its first bars stand in the file as they are to stand there; 0 where that is not sure. */
interface Change {
  readonly series: SeriesBars;
  readonly kept: number;
}

/** Writes to a folder whose lock is held. */
export class FileWriter {
  readonly folder: Folder;
  readonly #cache: SeriesCache;
  readonly #newFormat: FileFormat | undefined;
  /** What a file holds as this writer wrote it, as long as the cache says that it does. */
  readonly #asWritten = new WeakSet<SeriesBars>();

  constructor(folder: Folder, cache: SeriesCache, newFormat: FileFormat | undefined) {
    this.folder = folder;
    this.#cache = cache;
    this.#newFormat = newFormat;
  }

  /**
   * Reads every value by the rules of its series; a new one has the scale of `scales`, else the option's.
   * @throws InvalidInputError naming every bad bar by its position
   */
  async check(
    bars: readonly BarInput[],
    options: WriteOptions,
    scales: ReadonlyMap<string, number> = new Map(),
  ): Promise<CheckedBars> {
    return checkBars(bars, options, async (key) => (await this.scaleOf(key)) ?? scales.get(seriesName(key)));
  }

  /** All of them or none. */
  async write({ batch, scales }: CheckedBars, now = Date.now()): Promise<UpsertCounts> {
    const total = { inserted: 0, changed: 0 };
    const changed: Change[] = [];
    for (const one of [...batch.series.values()].sort(compareSeries)) {
      const before = await this.read(one);
      const { volumeScale } = scales.get(seriesName(one))!;
      const stored = before ?? SeriesBars.empty({ symbol: one.symbol, timeframe: one.timeframe }, volumeScale);
      const { series, counts } = stored.written(one.block, one.order, now);
      const grown = before && this.#asWritten.has(before) && counts.changed === 0 && series.continues(before);
      if (counts.inserted + counts.changed > 0) changed.push({ series, kept: grown ? before.length : 0 });
      total.inserted += counts.inserted;
      total.changed += counts.changed;
    }
    await this.#put(changed);
    return { ...total, unchanged: batch.size - total.inserted - total.changed };
  }

  async delete(input: BarWindow): Promise<number> {
    const { key, from, to } = readWindow(input);
    const before = await this.read(key);
    if (!before) return 0;
    const { series, deleted } = before.without(from.getTime(), to.getTime());
    if (deleted > 0) await this.#put([{ series, kept: 0 }]);
    return deleted;
  }

  /** Makes a series' file hold exactly these bars. */
  async replace(series: SeriesBars): Promise<void> {
    await this.#put([{ series, kept: 0 }]);
  }

  async read(key: SeriesKey): Promise<SeriesBars | undefined> {
    const file = await this.#fileOf(key);
    if (!file) return undefined;
    const scales = await this.folder.volumeScales();
    return (await this.#cache.read(file, this.folder.at(file.path), scales.get(seriesName(key)))).series;
  }

  /** The decimals of a series' volumes, undefined where there is no such series. */
  async scaleOf(key: SeriesKey): Promise<number | undefined> {
    return (await this.folder.volumeScales()).get(seriesName(key)) ?? (await this.read(key))?.volumeScale;
  }

  async #put(all: readonly Change[]): Promise<void> {
    if (all.length === 0) return;
    const scales = await this.folder.volumeScales();
    let news = false;
    const files: (SeriesPath & Change)[] = [];
    for (const { series, kept } of all) {
      const { key, volumeScale } = series;
      const there = await this.#fileOf(key);
      const format = there?.format ?? (await this.#formatOfNew());
      files.push({ ...key, format, path: there?.path ?? pathOf(key, format), series, kept });
      if (scales.get(seriesName(key)) !== volumeScale) {
        news = true;
        // A series without its scale is one that somebody else wrote: what it was is kept.
        if (there) await this.folder.keepOriginal(there.path);
        scales.set(seriesName(key), volumeScale);
      }
    }
    await this.folder.replace([
      ...(news ? [this.folder.scalesFile(scales)] : []),
      ...files.map(({ path: to, format, series, kept }) => ({
        to,
        write: (path: string) => {
          if (format !== 'csv') return writeOwnParquet(path, series);
          return kept > 0 ? appendOwnCsv(path, this.folder.at(to), series, kept) : writeOwnCsv(path, series);
        },
      })),
    ]);
    for (const file of files) {
      await this.#cache.keep(file, this.folder.at(file.path), { series: file.series, own: true });
      this.#asWritten.add(file.series);
    }
  }

  async #fileOf({ symbol, timeframe }: SeriesKey): Promise<SeriesPath | undefined> {
    const found = await findSeries(this.folder.path, { symbol, timeframe });
    return found[0];
  }

  async #formatOfNew(): Promise<FileFormat> {
    if (this.#newFormat) return this.#newFormat;
    const [first] = await findSeries(this.folder.path);
    return first?.format ?? 'csv';
  }
}
