import type { Bar } from '../../domain/bar.js';
import type { SeriesKey } from '../../domain/series.js';
import { formatInstant } from '../../domain/time.js';
import { seriesName } from '../../repositories/bars/catalog.js';
import type { BarStore } from '../backends/bar-store.js';

/** What the comparison of one series found. */
export interface SeriesComparison {
  /** Bars in the file. */
  readonly bars: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  /** The first ones of each kind, as sentences; none where nothing differs. */
  readonly examples: readonly string[];
}

export interface ComparedSides {
  readonly files: BarStore;
  readonly database: BarStore;
  /** The database as it was at this instant. */
  readonly knownAt: Date;
  readonly signal?: AbortSignal | undefined;
}

const EXAMPLES = 10;

/** Compares every value of every bar of a series, ratios included, with the database as it was, in one pass over both. */
export async function compareThen(key: SeriesKey, sides: ComparedSides): Promise<SeriesComparison> {
  const { knownAt, signal } = sides;
  const files = sides.files.iterate({ ...key, ...(signal && { signal }) });
  const database = sides.database.iterate({ ...key, knownAt, ...(signal && { signal }) });
  const counts = { bars: 0, missing: 0, extra: 0, different: 0 };
  const examples: string[] = [];
  let [inFiles, inDatabase] = [(await files.next()).value, (await database.next()).value];
  while (inFiles || inDatabase) {
    const [one, other] = [inFiles?.timestamp.getTime() ?? Infinity, inDatabase?.timestamp.getTime() ?? Infinity];
    const kind =
      one < other ? 'missing' : other < one ? 'extra' : sameBar(inFiles!, inDatabase!) ? undefined : 'different';
    if (kind !== undefined) {
      counts[kind] += 1;
      if (counts[kind] <= EXAMPLES)
        examples.push(describe(kind, one <= other ? inFiles! : undefined, other <= one ? inDatabase! : undefined));
    }
    if (one <= other) {
      counts.bars += 1;
      inFiles = (await files.next()).value;
    }
    if (other <= one) inDatabase = (await database.next()).value;
  }
  return { ...counts, examples };
}

const NUMBERS = ['open', 'high', 'low', 'close', 'volume', 'spread', 'spreadRatio', 'volumeRatio'] as const;

function sameBar(one: Bar, other: Bar): boolean {
  if (one.source !== other.source || NUMBERS.some((name) => !one[name].eq(other[name]))) return false;
  return one.vwap === null || other.vwap === null ? one.vwap === other.vwap : one.vwap.eq(other.vwap);
}

function describe(kind: string, files: Bar | undefined, database: Bar | undefined): string {
  const bar = (files ?? database)!;
  const where = `${seriesName(bar)} ${formatInstant(bar.timestamp)} ${kind}`;
  if (!files || !database) return `${where}: in the ${files ? 'files' : 'database'} alone`;
  const names = [...NUMBERS, 'vwap', 'source'] as const;
  const texts = names.map((name) => [name, `${files[name] ?? 'none'}`, `${database[name] ?? 'none'}`] as const);
  const [name, one, other] = texts.find(([, inFiles, inDatabase]) => inFiles !== inDatabase)!;
  return `${where}: ${name} ${one} in the files, ${other} in the database`;
}
