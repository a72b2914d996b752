import type { UnitOfWork } from '../../../database/unit-of-work.js';
import type { BarInput } from '../../../domain/bar.js';
import type { SeriesKey } from '../../../domain/series.js';
import { ConflictError } from '../../../errors.js';
import type { WriteOptions } from '../../../repositories/bars/bar-repository.js';
import { lockSeries, seriesName, volumeScales } from '../../../repositories/bars/catalog.js';
import type { Sides } from '../../cutover/phase.js';
import { type CheckedBars, checkBars } from '../files/checked-bars.js';
import type { FileWriter } from '../files/file-writer.js';

/** The rules of a series are those of either side that has it, and both must have the same. */
export async function checkForBoth(
  unit: UnitOfWork,
  writer: FileWriter,
  sides: Sides,
  rows: readonly BarInput[],
  options: WriteOptions,
): Promise<CheckedBars> {
  if (!sides.database) return writer.check(rows, options);
  return checkBars(rows, options, async (key) => {
    const stored = await storedScale(unit, key);
    // Files that are not read, and cannot be, must not keep a write out of the database.
    const inFile = await writer.scaleOf(key).catch((error: unknown) => {
      if (sides.reads === 'files') throw error;
      return undefined;
    });
    if (stored === undefined || inFile === undefined || stored === inFile) return stored ?? inFile;
    const message = `${seriesName(key)} has volume scale ${inFile} in its file and ${stored} in the database`;
    throw new ConflictError('VOLUME_SCALE_DIFFERS', message, {
      hint: 'a series keeps the volume scale it was created with: one of the two must be made anew',
    });
  });
}

async function storedScale(unit: UnitOfWork, key: SeriesKey): Promise<number | undefined> {
  const scales = await unit.withClient((client) => volumeScales(client, [key]));
  return scales.get(seriesName(key));
}

/** Series that the database does not have yet get the scale that they have in the files. */
export async function makeSeries(unit: UnitOfWork, scales: Readonly<Record<string, number>>): Promise<void> {
  const keys = Object.keys(scales).map((name) => {
    const [symbol, timeframe] = name.split(' ');
    return { symbol, timeframe } as SeriesKey;
  });
  await unit.withClient(async (client) => {
    const stored = await volumeScales(client, keys);
    const news = keys.filter((key) => !stored.has(seriesName(key)));
    for (const scale of new Set(news.map((key) => scales[seriesName(key)]!)))
      await lockSeries(
        client,
        news.filter((key) => scales[seriesName(key)] === scale),
        scale,
      );
  });
}
