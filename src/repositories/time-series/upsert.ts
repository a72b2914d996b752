import type { Client, Session } from '../../database/session.js';
import { readChoice } from '../../domain/choice.js';
import { readOrThrow } from '../../domain/problem.js';
import { InvalidInputError, type Problem, RowConflictError } from '../../errors.js';
import { batchesOf, requireIterable, type SourceFailure } from '../source-batches.js';
import { type ArrivalRow, tellArrivals } from '../tell-arrival.js';
import { type CatalogEntry, lockSeries } from './catalog.js';
import { EntryBatch, sortEntries } from './entry-batch.js';
import { StagedEntries } from './staged-entries.js';
import { type GivenEntry, type SeriesName, seriesText, type TimeSeriesTable, type WriteOptions } from './table.js';
import { SeriesWriter } from './write-series.js';

/** Rows taken from an async iterable at a time. */
const BATCH = 20_000;
/** Rows compared and copied at a time. */
const BLOCK = 20_000;

/** How many of the caller's rows were new, replaced others, or were there already with the same values. */
export interface RowCounts {
  readonly inserted: number;
  readonly changed: number;
  readonly unchanged: number;
}

/** How to take what is finer than a microsecond. */
export interface NanosecondOption {
  /** `reject` (the default) or `cut`, which counts the rows that it cut. */
  readonly nanoseconds?: 'reject' | 'cut' | undefined;
}

/** What the options of every table may have; those that a table does not know are not in its type. */
export type AnyOptions = WriteOptions & NanosecondOption & { readonly replace?: boolean | undefined };

/** Likewise, and how many rows had nanoseconds that were cut. */
export interface TickCounts extends RowCounts {
  readonly cut: number;
}

/** Writes rows of any series in one transaction: all of them, or none. */
export async function upsertRows<Input extends object, Row, Key, Options extends AnyOptions>(
  session: Session,
  table: TimeSeriesTable<Input, Row, Key, Options>,
  rows: Iterable<Input> | AsyncIterable<Input>,
  options: Options,
): Promise<TickCounts> {
  options.signal?.throwIfAborted();
  const { nanoseconds = 'reject' } = options;
  readOrThrow('options', (report) => readChoice(nanoseconds, ['reject', 'cut'], 'nanoseconds', 'nanoseconds', report));
  if (Array.isArray(rows)) return upsertArray(session, table, rows, options);
  requireIterable(rows, table.subject);
  const failure: SourceFailure = {};
  const source = batchesOf(rows, BATCH, failure, options.signal);
  const { value: head, done } = await source.next();
  if (done) return { inserted: 0, changed: 0, unchanged: 0, cut: 0 };
  if (head.length < BATCH) return upsertArray(session, table, head, options);
  try {
    return await upsertStream(session, table, head, source, options);
  } catch (error) {
    throw 'error' in failure ? failure.error : error;
  } finally {
    await source.return(undefined);
  }
}

/** Everything is known at once: lock the series in order, then write each. */
async function upsertArray<Input extends object, Row, Key, Options extends AnyOptions>(
  session: Session,
  table: TimeSeriesTable<Input, Row, Key, Options>,
  rows: readonly Input[],
  options: Options,
): Promise<TickCounts> {
  const batch = new EntryBatch().read(table, rows, options);
  if (batch.problems.length > 0) throw new InvalidInputError(batch.problems, table.subject);
  if (batch.series.size === 0) return { inserted: 0, changed: 0, unchanged: 0, cut: 0 };
  const counts = await session.transaction((client) =>
    writeAll(client, table, [...batch.series.values()], options, ({ entries }) => {
      sortEntries(entries);
      return blocksOf(entries);
    }),
  );
  return { ...counts, cut: batch.cut };
}

/**
 * Which series a stream holds is known only at its end, and a series locked out of order can deadlock: so the stream is staged, in a
 * temporary table, and then written in order. The memory stays that of a batch.
 */
async function upsertStream<Input extends object, Row, Key, Options extends AnyOptions>(
  session: Session,
  table: TimeSeriesTable<Input, Row, Key, Options>,
  head: readonly Input[],
  rest: AsyncIterable<Input[]>,
  options: Options,
): Promise<TickCounts> {
  return session.transaction(async (client) => {
    const staged = await StagedEntries.create(client, table);
    const problems: Problem[] = [];
    let [row, cut] = [0, 0];
    const add = async (rows: readonly Input[]) => {
      const batch = new EntryBatch(row).read(table, rows, options);
      row += rows.length;
      cut += batch.cut;
      for (const problem of batch.problems) problems.push(problem);
      // Nothing will be written: go on only to find what else is wrong.
      if (problems.length === 0) await staged.add(batch);
    };
    await add(head);
    for await (const rows of rest) await add(rows);
    if (problems.length > 0) throw new InvalidInputError(problems, table.subject);
    await staged.finish();
    const counts = await writeAll(client, table, staged.series, options, (series) => staged.blocks(series, BLOCK));
    return { ...counts, cut };
  });
}

async function writeAll<Named extends { readonly series: SeriesName }, Input, Row, Key, Options extends AnyOptions>(
  client: Client,
  table: TimeSeriesTable<Input, Row, Key, Options>,
  all: readonly Named[],
  options: Options,
  blocks: (one: Named) => Iterable<GivenEntry[]> | AsyncIterable<GivenEntry[]>,
): Promise<RowCounts> {
  const locked = await lockSeries(
    client,
    table.relation,
    all.map(({ series }) => series),
  );
  const total = { inserted: 0, changed: 0, unchanged: 0 };
  const contradictions: Problem[] = [];
  const conflicts: Problem[] = [];
  const told: ArrivalRow[] | undefined = all.length > 1 ? [] : undefined;
  for (const one of all) {
    const writer = new SeriesWriter(
      client,
      table,
      locked.get(seriesText(one.series)) as CatalogEntry,
      options.replace ?? false,
    );
    for await (const block of blocks(one)) {
      options.signal?.throwIfAborted();
      const done = await writer.write(block, contradictions.length + conflicts.length === 0);
      for (const problem of done.contradictions) contradictions.push(problem);
      for (const problem of done.conflicts) conflicts.push(problem);
      total.inserted += done.inserted.length;
      total.changed += done.changed.length;
      total.unchanged += done.unchanged;
    }
    await writer.finish(told);
  }
  await tellArrivals(client, told ?? []);
  if (contradictions.length > 0) throw new InvalidInputError(byRow(contradictions), table.subject);
  if (conflicts.length > 0) throw new RowConflictError(byRow(conflicts), table.subject);
  return total;
}

/** Cut between instants. */
function* blocksOf(entries: GivenEntry[]): Generator<GivenEntry[]> {
  for (let start = 0, end = 0; start < entries.length; start = end) {
    end = Math.min(start + BLOCK, entries.length);
    while (end < entries.length && entries[end]!.timestamp === entries[end - 1]!.timestamp) end += 1;
    yield entries.slice(start, end);
  }
}

function byRow(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => (a.row ?? 0) - (b.row ?? 0));
}
