import type { Session } from '../src/database/session.js';
import { BarRepository } from '../src/repositories/bars/bar-repository.js';
import type { LoadedTable } from './loaded-table.js';
import type { SampleBar } from './sample-files.js';

/** Who the audit trail would name; upserts leave no event. */
const ACTOR = 'wyckoff seed';

/** Writes the sample's bars, series by series, except those that somebody has bars of his own in. */
export async function loadSampleBars(
  session: Session,
  sample: readonly SampleBar[],
): Promise<LoadedTable & { leftAlone: string[] }> {
  const repository = new BarRepository(session, { actor: ACTOR });
  const leftAlone: string[] = [];
  const writable: SampleBar[] = [];
  for (const [name, bars] of bySeries(sample)) {
    if (await holdsOtherBars(repository, bars)) leftAlone.push(name);
    else writable.push(...bars);
  }
  const { inserted, changed, unchanged } = await repository.upsert(writable);
  const counts = { rows: sample.length, added: inserted, same: unchanged, reset: changed };
  return { table: 'ohlcv_bars', ...counts, differing: [], leftAlone };
}

/** The sample's bars by series, in their order. */
export function bySeries(sample: readonly SampleBar[]): Map<string, SampleBar[]> {
  const series = new Map<string, SampleBar[]>();
  for (const bar of sample) {
    const name = `${bar.symbol} ${bar.timeframe}`;
    series.set(name, [...(series.get(name) ?? []), bar]);
  }
  return series;
}

async function holdsOtherBars(repository: BarRepository, sample: readonly SampleBar[]): Promise<boolean> {
  const { symbol, timeframe, source } = sample[0]!;
  const [series] = await repository.series({ symbol, timeframe });
  if (!series) return false;
  const [first, last] = [new Date(sample[0]!.timestamp), new Date(sample.at(-1)!.timestamp)];
  if (series.first < first || series.last > last) return true;
  const stored = await repository.range({ symbol, timeframe });
  return stored.some((bar) => bar.source !== source);
}
