import type { Database } from '../src/database/database.js';
import { type SeriesKey, seriesKey } from '../src/domain/series.js';
import { bySeries, loadSampleBars } from './load-bars.js';
import { loadSampleLedger } from './load-ledger.js';
import type { LoadedTable } from './loaded-table.js';
import { readSampleBars, readSampleLedger } from './sample-files.js';

export interface SeedReport {
  readonly tables: readonly LoadedTable[];
  /** Series of the sample that hold bars from elsewhere, e.g. `AAPL 1d`: made-up bars are not mixed with real ones. */
  readonly leftAlone: readonly string[];
}

/**
 * Loads the sample data: three daily series of 2024 and a ledger that fits them. Running it again adds nothing. It overwrites nothing that is
 * not its own.
 *
 * @throws ConfigError SAMPLE_DATA_INVALID; DatabaseError
 */
export async function loadSeeds(database: Database): Promise<SeedReport> {
  const bars = await readSampleBars();
  const ledger = await readSampleLedger();
  const { leftAlone, ...loaded } = await loadSampleBars(database.pool, bars);
  return { tables: [loaded, ...(await loadSampleLedger(await database.prisma(), ledger))], leftAlone };
}

/** The series of the sample data, by what its file says. @throws ConfigError SAMPLE_DATA_INVALID */
export async function sampleSeries(): Promise<(SeriesKey & { first: Date; last: Date; count: number })[]> {
  return [...bySeries(await readSampleBars()).values()].map((bars) => {
    const [first, last] = [bars[0]!, bars.at(-1)!];
    return {
      ...seriesKey(first),
      first: new Date(first.timestamp),
      last: new Date(last.timestamp),
      count: bars.length,
    };
  });
}
