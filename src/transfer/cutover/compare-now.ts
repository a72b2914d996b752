import type { Session } from '../../database/session.js';
import type { SeriesKey } from '../../domain/series.js';
import { formatInstant } from '../../domain/time.js';
import { findEntry, seriesName } from '../../repositories/bars/catalog.js';
import type { FileBars } from '../backends/files/file-bars.js';
import type { FileSeries } from '../read/bar-file.js';
import type { Differences } from '../verify/verification.js';
import { verifySeries } from '../verify/verify-series.js';
import type { SeriesComparison } from './compare-then.js';

/** Compares a series of the files with the database as it is, in integers and in one snapshot, its rules, ratios and catalog included. */
export async function compareNow(
  session: Session,
  files: FileBars,
  key: SeriesKey,
  signal: AbortSignal | undefined,
): Promise<SeriesComparison> {
  const series = await files.seriesBars(key);
  const summary = series?.summary;
  const entry = await session.withClient((client) => findEntry(client, key));
  const outside = (count: number) => ({
    ...{ bars: summary?.count ?? 0, missing: 0, extra: count, different: 0 },
    examples: count === 0 ? [] : [`${seriesName(key)} extra: ${count} bars in the database alone`],
  });
  if (!series || !summary) return outside(entry?.count ?? 0);
  const file: FileSeries = { ...summary, bars: summary.count, blocks: () => blocksOf(series.bars) };
  const { stored, differences } = await verifySeries(session, file, { signal });
  const beside = outside(Math.max(0, (entry?.count ?? 0) - stored));
  const count = (kinds: readonly string[]) =>
    differences.reduce((sum, one) => sum + (kinds.includes(one.kind) ? one.count : 0), 0);
  const missing = count(['missing', 'series-missing']);
  const extra = count(['extra']);
  return {
    ...{ bars: summary.count, missing, extra: extra + beside.extra },
    different: differences.reduce((sum, one) => sum + one.count, 0) - missing - extra,
    examples: [...differences.flatMap((one) => describe(key, one)), ...beside.examples],
  };
}

async function* blocksOf<Block>(block: Block): AsyncGenerator<Block, undefined> {
  yield block;
  return undefined;
}

function describe(key: SeriesKey, { kind, examples }: Differences): string[] {
  return examples.map(({ timestamp, field, expected, found }) => {
    const where = timestamp ? ` ${formatInstant(timestamp)}` : '';
    const values =
      expected === null && found === null
        ? ''
        : `: ${expected ?? 'none'} in the files, ${found ?? 'none'} in the database`;
    return `${seriesName(key)}${where} ${kind}${field ? ` ${field}` : ''}${values}`;
  });
}
