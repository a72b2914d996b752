import type { Bar } from '../../domain/bar.js';
import type { SeriesKey } from '../../domain/series.js';
import { formatInstant } from '../../domain/time.js';
import { seriesName } from '../../repositories/bars/catalog.js';
import type { BarStore } from '../backends/bar-store.js';

/** A bar that is on one side alone, or has other values there. */
export interface Difference extends SeriesKey {
  /** `missing`: in the files alone. `extra`: in the database alone. */
  readonly kind: 'missing' | 'extra' | 'different';
  readonly timestamp: Date;
  readonly files: Bar | undefined;
  readonly database: Bar | undefined;
}

/** What the comparison of one series found. */
export interface SeriesComparison {
  /** Bars in the file. */
  readonly bars: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  /** The first ten of each kind. */
  readonly examples: readonly Difference[];
}

export interface ComparedSides {
  readonly files: BarStore;
  readonly database: BarStore;
  /** The database as it was at this instant; default: as it is. */
  readonly knownAt?: Date | undefined;
  readonly signal?: AbortSignal | undefined;
}

const EXAMPLES = 10;

/** Compares every value of every bar of a series, ratios included, in one pass over both sides. */
export async function compareSeriesBars(key: SeriesKey, sides: ComparedSides): Promise<SeriesComparison> {
  const { knownAt, signal } = sides;
  const files = sides.files.iterate({ ...key, ...(signal && { signal }) });
  const database = sides.database.iterate({ ...key, knownAt, ...(signal && { signal }) });
  const counts = { bars: 0, missing: 0, extra: 0, different: 0 };
  const examples: Difference[] = [];
  let [inFiles, inDatabase] = [(await files.next()).value, (await database.next()).value];
  while (inFiles || inDatabase) {
    const [one, other] = [inFiles?.timestamp.getTime() ?? Infinity, inDatabase?.timestamp.getTime() ?? Infinity];
    const kind =
      one < other ? 'missing' : other < one ? 'extra' : sameBar(inFiles!, inDatabase!) ? undefined : 'different';
    if (kind !== undefined) {
      counts[kind] += 1;
      const timestamp = new Date(Math.min(one, other));
      if (counts[kind] <= EXAMPLES)
        examples.push({
          ...{ symbol: key.symbol, timeframe: key.timeframe, kind, timestamp },
          files: one <= other ? inFiles! : undefined,
          database: other <= one ? inDatabase! : undefined,
        });
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

/** `AAPL 1d 2024-01-02T00:00:00Z different: close 187.15 in the files, 187.2 in the database`. */
export function describeDifference({ kind, timestamp, files, database, ...key }: Difference): string {
  const where = `${seriesName(key)} ${formatInstant(timestamp)}`;
  if (!files || !database) return `${where} ${kind}: in the ${files ? 'files' : 'database'} alone`;
  const names = [...NUMBERS, 'vwap', 'source'] as const;
  const texts = names.map((name) => [name, `${files[name] ?? 'none'}`, `${database[name] ?? 'none'}`] as const);
  const [name, one, other] = texts.find(([, inFiles, inDatabase]) => inFiles !== inDatabase)!;
  return `${where} ${kind}: ${name} ${one} in the files, ${other} in the database`;
}
