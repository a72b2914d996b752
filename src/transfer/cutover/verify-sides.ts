import { counted } from '../../domain/counted.js';
import type { SeriesKey } from '../../domain/series.js';
import { seriesName } from '../../repositories/bars/catalog.js';
import type { BarStore } from '../backends/bar-store.js';
import { drainOutbox } from '../backends/dual/outbox.js';
import { compareNow } from './compare-now.js';
import { compareThen, type SeriesComparison } from './compare-then.js';
import type { CopyParts } from './copy-in.js';
import type { CutoverState } from './phase.js';

export interface CutoverVerification {
  /** Whether every bar of the files is in the database, with the same values, and none beside them. */
  readonly equal: boolean;
  readonly series: number;
  /** Of the files. */
  readonly bars: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  /** The first ones, a hundred at most, as sentences. */
  readonly examples: readonly string[];
  /** Series that the database alone has; they do not count as a difference. */
  readonly others: readonly string[];
  readonly seconds: number;
}

interface Options {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
}

const EXAMPLES = 100;

/** Compares the series of the files. One that differs is compared again while nobody writes: a write that was under way is on one side first. */
export async function verifySides(
  { files, session }: CopyParts,
  database: BarStore,
  { stoppedAt }: CutoverState,
  { signal, onProgress }: Options,
): Promise<CutoverVerification> {
  const started = performance.now();
  const total = { bars: 0, missing: 0, extra: 0, different: 0 };
  const examples: string[] = [];
  const compare = (key: SeriesKey): Promise<SeriesComparison> =>
    stoppedAt === null
      ? compareNow(session, files, key, signal)
      : compareThen(key, { files, database, knownAt: stoppedAt, signal });
  const series = await files.series();
  for (const key of series) {
    signal?.throwIfAborted();
    let found = await compare(key);
    if (found.examples.length > 0)
      found = await files.exclusively(async (writer) => {
        await drainOutbox(session, writer);
        return compare(key);
      });
    for (const count of ['bars', 'missing', 'extra', 'different'] as const) total[count] += found[count];
    examples.push(...found.examples.slice(0, EXAMPLES - examples.length));
    onProgress?.(`${seriesName(key)}: ${counted(found.bars, 'bar')} compared`);
  }
  const names = new Set(series.map(seriesName));
  return {
    ...{ ...total, series: series.length, examples },
    equal: examples.length === 0,
    others: (await database.series()).map(seriesName).filter((name) => !names.has(name)),
    seconds: (performance.now() - started) / 1000,
  };
}
