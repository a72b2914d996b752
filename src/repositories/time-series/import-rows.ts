import type { Client } from '../../database/session.js';
import { InvalidInputError, type Problem } from '../../errors.js';
import { appendAuditEvents } from '../audit/append.js';
import { EntryBatch } from './entry-batch.js';
import { StagedEntries } from './staged-entries.js';
import { type AnyTable, type GivenEntry, type SeriesName, seriesText, type TimeSeriesTable } from './table.js';
import type { AnyOptions } from './upsert.js';
import { BLOCK, wholeInstants } from './whole-instants.js';
import { type SeriesOutcome, writeAll } from './write-all.js';
import { writtenNow } from './written-rows.js';

/** The rows of one kind that a file has. */
export interface FileRows<Input> {
  /** Where all are of one series and in the order of time: they are written as they come. Others are staged first. */
  readonly series?: SeriesName | undefined;
  batches(): AsyncIterable<readonly Input[]>;
}

/** The import of one file. */
export interface ImportOf {
  /** The audit events carry it. */
  readonly id: string;
  /** Who imports, for the audit trail. */
  readonly actor: string;
  /** The file, as the caller named it. */
  readonly source: string;
}

export interface ImportRowsOptions {
  readonly signal?: AbortSignal | undefined;
  /** Lets a row take the place of a stored fact with its id and other values, which otherwise is a conflict. */
  readonly replace?: boolean | undefined;
  /** Answers what would be done; nothing is written and nothing is locked. */
  readonly dryRun?: boolean | undefined;
}

/** What became of the rows that a file has of one series, and by what they are found again where all that were written are new: see `WrittenRows`. */
export interface ImportOutcome extends SeriesOutcome {
  readonly knownFrom?: bigint;
  readonly checksum?: Buffer;
}

/**
 * Writes the rows of a file, with an audit event for each series, in the transaction under way. Equal rows without an id are told apart by how many
 * there are at their instant, over the whole file: however they are batched, a second import adds none.
 * @throws InvalidInputError, RowConflictError; then the transaction is to be rolled back
 */
export async function importRows<Input extends object, Row, Key, Options extends AnyOptions>(
  client: Client,
  table: TimeSeriesTable<Input, Row, Key, Options>,
  rows: FileRows<Input>,
  run: ImportOf,
  { signal, replace, dryRun, ...rules }: ImportRowsOptions & Options,
): Promise<ImportOutcome[]> {
  const reading = rules as unknown as Options;
  const writing = { signal, replace, dryRun };
  const outcomes = rows.series
    ? await writeAll(client, table, [{ series: rows.series }], writing, () =>
        wholeInstants(entriesOf(table, rows, reading, signal)),
      )
    : await writeStaged(client, table, rows, reading, writing);
  if (dryRun) return outcomes;
  await appendAuditEvents(
    client,
    outcomes.map(({ entry, inserted, changed, unchanged }) => ({
      eventType: 'TIME_SERIES_ROWS_IMPORTED',
      entityType: 'TIME_SERIES',
      entityId: entry.id,
      actor: run.actor,
      action: `imported ${inserted + changed + unchanged} ${table.subject} of ${seriesText(entry)}`,
      metadata: { relation: table.relation, source: run.source, inserted, changed, unchanged },
      correlationId: run.id,
    })),
  );
  const found: ImportOutcome[] = [];
  for (const outcome of outcomes) found.push(await remember(client, table, outcome));
  return found;
}

/** A row that was changed has lost what it was, so the import of such is not taken back. */
async function remember(client: Client, table: AnyTable, outcome: SeriesOutcome): Promise<ImportOutcome> {
  const { entry, inserted, changed, writtenFirst: first, writtenLast: last } = outcome;
  if (inserted === 0 || changed > 0 || first === null || last === null) return outcome;
  const { rows, knownFrom, checksum } = await writtenNow(client, table, entry, first, last);
  // Others are of a caller who wrote more of the series in the same transaction.
  return rows === inserted ? { ...outcome, knownFrom, checksum } : outcome;
}

async function writeStaged<Input extends object, Row, Key, Options extends AnyOptions>(
  client: Client,
  table: TimeSeriesTable<Input, Row, Key, Options>,
  rows: FileRows<Input>,
  reading: Options,
  writing: ImportRowsOptions,
): Promise<SeriesOutcome[]> {
  const staged = await StagedEntries.create(client, table);
  for await (const batch of readBatches(table, rows, reading, writing.signal)) await staged.add(batch);
  await staged.finish();
  return writeAll(client, table, staged.series, writing, (series) => staged.blocks(series, BLOCK));
}

/** The entries of the one series. */
async function* entriesOf<Input extends object, Row, Key, Options extends AnyOptions>(
  table: TimeSeriesTable<Input, Row, Key, Options>,
  rows: FileRows<Input>,
  reading: Options,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly GivenEntry[], void> {
  for await (const { series } of readBatches(table, rows, reading, signal))
    for (const { entries } of series.values()) yield entries;
}

async function* readBatches<Input extends object, Row, Key, Options extends AnyOptions>(
  table: TimeSeriesTable<Input, Row, Key, Options>,
  rows: FileRows<Input>,
  reading: Options,
  signal: AbortSignal | undefined,
): AsyncGenerator<EntryBatch, void> {
  let row = 0;
  const problems: Problem[] = [];
  for await (const inputs of rows.batches()) {
    signal?.throwIfAborted();
    const batch = new EntryBatch(row).read(table, inputs, reading);
    row += inputs.length;
    for (const problem of batch.problems) problems.push(problem);
    if (problems.length > 0) throw new InvalidInputError(problems, table.subject);
    yield batch;
  }
}
