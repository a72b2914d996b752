import { stat } from 'node:fs/promises';
import { InvalidInputError } from '../../../errors.js';
import { BarPage } from '../../../repositories/bars/bar-pages.js';
import { openBarFile } from '../../read/open-file.js';
import { isOwnCsv, readOwnCsv } from './csv-file.js';
import { readOwnParquet } from './parquet-file.js';
import { SeriesBars } from './series-bars.js';
import type { SeriesPath } from './series-path.js';

/** What a file held when it was read. */
export interface LoadedSeries {
  readonly series: SeriesBars;
  /** Whether the store wrote the file. */
  readonly own: boolean;
}

/**
 * Reads all bars of a series' file: the store's own as they were written, another's as an import would read it, at the finest scale that its volumes need
 * where none is declared.
 *
 * @throws InvalidInputError where a row is wrong: a file is used whole or not at all
 */
export async function loadSeries(file: SeriesPath, path: string, scale: number | undefined): Promise<LoadedSeries> {
  if (file.format === 'csv' && (await isOwnCsv(path)))
    return { series: await readOwnCsv(path, file, scale), own: true };
  if (file.format === 'parquet') {
    const own = await readOwnParquet(path, file, scale);
    if (own) return { series: own, own: true };
  }
  return { series: await loadForeign(file, path, scale), own: false };
}

async function loadForeign(file: SeriesPath, path: string, declared: number | undefined): Promise<SeriesBars> {
  const { symbol, timeframe } = file;
  const { mtimeMs } = await stat(path);
  for (let volumeScale = declared ?? 0; ; ) {
    const opened = await openBarFile(path, { symbol, timeframe, volumeScale });
    try {
      if (opened.rejected > 0) {
        const finer = declared === undefined ? finestVolume(opened.problems) : 0;
        if (finer <= volumeScale) throw new InvalidInputError(opened.problems, `file ${path}`);
        volumeScale = finer;
        continue;
      }
      const bars = new BarPage(opened.rows);
      for (const one of opened.series)
        for await (const block of one.blocks())
          for (let index = 0; index < block.length; index += 1) {
            const place = bars.length;
            bars.push(
              {
                timestamp: block.timestamp[index]!,
                open: block.open[index]!,
                high: block.high[index]!,
                low: block.low[index]!,
                close: block.close[index]!,
                volume: block.volume[index]!,
                vwap: block.vwapAt(index),
                source: block.source[index] ?? null,
              },
              block.origin[index]!,
            );
            bars.createdAt[place] = Math.floor(mtimeMs);
          }
      return SeriesBars.of({ symbol, timeframe }, volumeScale, bars);
    } finally {
      await opened.close();
    }
  }
}

/** How many decimals the volumes have that were too fine, 0 where none was. */
function finestVolume(problems: InvalidInputError['problems']): number {
  const decimals = problems
    .filter(({ code }) => code === 'VOLUME_TOO_PRECISE')
    .map(({ value }) => String(value).trim().replace(/0+$/, '').split('.')[1]?.length ?? 0);
  return Math.min(8, Math.max(0, ...decimals));
}
