import { LARGEST_VOLUME_SCALE, readVolumeScale } from '../../domain/amount.js';
import { readOrThrow } from '../../domain/problem.js';
import type { SeriesKey } from '../../domain/series.js';
import type { DuckDB } from '../duckdb.js';
import type { BarSource } from './bar-source.js';
import { FRACTION_DIGITS } from './plain-values.js';

/** How many decimals the volumes of a series have: 0 to 8, or as many as the file's have, up to 8. */
export type VolumeScale = number | 'auto';

/** Undefined: what the file or its layout says, else 0. A function is asked for each series: a stored one keeps the scale it has. */
export type VolumeScaleOption =
  | VolumeScale
  | undefined
  | ((series: SeriesKey) => VolumeScale | undefined | Promise<VolumeScale | undefined>);

/** @throws InvalidInputError `VOLUME_SCALE_INVALID` */
export async function settleVolumeScales(
  db: DuckDB,
  source: BarSource,
  keys: readonly SeriesKey[],
  option: VolumeScaleOption,
): Promise<number[]> {
  const scales: VolumeScale[] = [];
  let written: Map<number, number> | undefined;
  for (const [series, key] of keys.entries()) {
    let scale = typeof option === 'function' ? await option(key) : option;
    if (scale === undefined && source.columns.has('volume_scale')) {
      written ??= await each(db, 'max(volume_scale)');
      scale = written.get(series);
    }
    scales.push(scale ?? source.told.volumeScale ?? 0);
  }
  const decimals = scales.includes('auto') ? await each(db, `max(${decimalsOf('fraction')})`) : undefined;
  return scales.map((scale, series) => {
    const settled = scale === 'auto' ? (decimals?.get(series) ?? 0) : scale;
    return readOrThrow('volume scale', (report) => readVolumeScale(settled, report));
  });
}

async function each(db: DuckDB, aggregate: string): Promise<Map<number, number>> {
  const rows = await db.rows<{ series: number; scale: number }>(
    `SELECT series::DOUBLE AS series, ${aggregate}::DOUBLE AS scale FROM placed
     WHERE series IS NOT NULL GROUP BY ALL HAVING scale IS NOT NULL`,
  );
  return new Map(rows.map(({ series, scale }) => [series, scale]));
}

function decimalsOf(fraction: string): string {
  const cases = Array.from(
    { length: LARGEST_VOLUME_SCALE },
    (_, places) => `WHEN ${fraction} % ${10n ** BigInt(FRACTION_DIGITS - places)} = 0 THEN ${places}`,
  );
  return `CASE WHEN ${fraction} IS NULL THEN NULL ${cases.join(' ')} ELSE ${LARGEST_VOLUME_SCALE} END`;
}
