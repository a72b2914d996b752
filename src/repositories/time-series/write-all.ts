import type { Client } from '../../database/session.js';
import { InvalidInputError, type Problem, RowConflictError } from '../../errors.js';
import { type ArrivalRow, tellArrivals } from '../tell-arrival.js';
import { type CatalogEntry, findEntry, lockSeries } from './catalog.js';
import {
  type Entry,
  type GivenEntry,
  type SeriesName,
  seriesText,
  type TimeSeriesTable,
  type WriteOptions,
} from './table.js';
import { SeriesWriter } from './write-series.js';

/** How many of the caller's rows were new, replaced others, or were there already with the same values. */
export interface RowCounts {
  readonly inserted: number;
  readonly changed: number;
  readonly unchanged: number;
}

/** What became of the rows of one series. Instants are microseconds since the epoch. */
export interface SeriesOutcome extends RowCounts {
  /** Its id is empty where the series is not there yet, and nothing was written. */
  readonly entry: CatalogEntry;
  /** Bounds of the rows that were given, of which there is one at least. */
  readonly first: bigint;
  readonly last: bigint;
  /** Bounds of those that were inserted or changed; null: none was. */
  readonly writtenFirst: bigint | null;
  readonly writtenLast: bigint | null;
}

interface WriteRules extends WriteOptions {
  readonly replace?: boolean | undefined;
  /** Answers what would be done; nothing is written and nothing is locked. */
  readonly dryRun?: boolean | undefined;
}

/**
 * Writes rows of any number of series, whose blocks come in the order of time and are cut between instants. All series are locked first, in order.
 * @throws InvalidInputError, RowConflictError
 */
export async function writeAll<
  Named extends { readonly series: SeriesName },
  Input,
  Row,
  Key,
  Options extends WriteOptions,
>(
  client: Client,
  table: TimeSeriesTable<Input, Row, Key, Options>,
  all: readonly Named[],
  rules: WriteRules,
  blocks: (one: Named) => Iterable<GivenEntry[]> | AsyncIterable<GivenEntry[]>,
): Promise<SeriesOutcome[]> {
  const { signal, replace = false, dryRun = false } = rules;
  const entries = dryRun ? new Map<string, CatalogEntry>() : await lockAll(client, table.relation, all);
  const outcomes: SeriesOutcome[] = [];
  const contradictions: Problem[] = [];
  const conflicts: Problem[] = [];
  const told: ArrivalRow[] | undefined = all.length > 1 ? [] : undefined;
  for (const one of all) {
    const { series } = one;
    const entry = entries.get(seriesText(series)) ?? (await findEntry(client, table.relation, series));
    const outcome = new Outcome(entry ?? { ...series, id: '', first: null, last: null });
    const writer = new SeriesWriter(client, table, outcome.entry, replace);
    for await (const block of blocks(one)) {
      signal?.throwIfAborted();
      const done = await writer.write(block, !dryRun && contradictions.length + conflicts.length === 0);
      for (const problem of done.contradictions) contradictions.push(problem);
      for (const problem of done.conflicts) conflicts.push(problem);
      outcome.given(block[0]!.timestamp, block.at(-1)!.timestamp);
      outcome.written(done.inserted);
      outcome.written(done.changed);
      outcome.inserted += done.inserted.length;
      outcome.changed += done.changed.length;
      outcome.unchanged += done.unchanged;
    }
    if (!dryRun) await writer.finish(told);
    outcomes.push(outcome);
  }
  await tellArrivals(client, told ?? []);
  if (contradictions.length > 0) throw new InvalidInputError(byRow(contradictions), table.subject);
  if (conflicts.length > 0) throw new RowConflictError(byRow(conflicts), table.subject);
  return outcomes;
}

export function sumOf(outcomes: readonly RowCounts[]): RowCounts {
  const sum = { inserted: 0, changed: 0, unchanged: 0 };
  for (const { inserted, changed, unchanged } of outcomes) {
    sum.inserted += inserted;
    sum.changed += changed;
    sum.unchanged += unchanged;
  }
  return sum;
}

class Outcome implements SeriesOutcome {
  inserted = 0;
  changed = 0;
  unchanged = 0;
  first = 0n;
  last = 0n;
  writtenFirst: bigint | null = null;
  writtenLast: bigint | null = null;
  #begun = false;

  constructor(readonly entry: CatalogEntry) {}

  given(first: bigint, last: bigint): void {
    if (!this.#begun) this.first = first;
    this.#begun = true;
    this.last = last;
  }

  /** In the order of their instants. */
  written(entries: readonly Entry[]): void {
    const [first, last] = [entries[0]?.timestamp, entries.at(-1)?.timestamp];
    if (first === undefined || last === undefined) return;
    if (this.writtenFirst === null || first < this.writtenFirst) this.writtenFirst = first;
    if (this.writtenLast === null || last > this.writtenLast) this.writtenLast = last;
  }
}

function lockAll(client: Client, relation: string, all: readonly { readonly series: SeriesName }[]) {
  return lockSeries(
    client,
    relation,
    all.map(({ series }) => series),
  );
}

function byRow(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => (a.row ?? 0) - (b.row ?? 0));
}
