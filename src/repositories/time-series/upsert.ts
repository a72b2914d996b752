import type { Session } from '../../database/session.js';
import { readChoice } from '../../domain/choice.js';
import { readOrThrow } from '../../domain/problem.js';
import { InvalidInputError, type Problem } from '../../errors.js';
import { batchesOf, requireIterable, type SourceFailure } from '../source-batches.js';
import { EntryBatch, sortEntries } from './entry-batch.js';
import { StagedEntries } from './staged-entries.js';
import type { GivenEntry, TimeSeriesTable, WriteOptions } from './table.js';
import { type RowCounts, sumOf, writeAll } from './write-all.js';

/** Rows taken from an async iterable at a time. */
const BATCH = 20_000;
/** Rows compared and copied at a time. */
const BLOCK = 20_000;

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
  return { ...sumOf(counts), cut: batch.cut };
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
    return { ...sumOf(counts), cut };
  });
}

/** Cut between instants. */
function* blocksOf(entries: GivenEntry[]): Generator<GivenEntry[]> {
  for (let start = 0, end = 0; start < entries.length; start = end) {
    end = Math.min(start + BLOCK, entries.length);
    while (end < entries.length && entries[end]!.timestamp === entries[end - 1]!.timestamp) end += 1;
    yield entries.slice(start, end);
  }
}
