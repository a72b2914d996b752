import { instant } from '../../database/instant.js';
import type { Client, Session } from '../../database/session.js';
import type { BarBlock } from '../../domain/bar-block.js';
import { InvalidInputError } from '../../errors.js';
import { compareBars, type FileRun, importBars, type SeriesImport } from '../../repositories/bars/import-run.js';
import type { KnownFile, RecordedKind, RecordedSeries } from '../../repositories/imports/files.js';
import type { BarFile, FileSeries } from '../read/bar-file.js';
import { fileError } from '../read/file-problem.js';
import type { TickFile } from '../read/ticks/tick-file.js';
import type { FileMeter } from './progress.js';
import type { ImportedSeries } from './result.js';
import { importTickFile, type TickImport } from './tick-import.js';

/** A file that was read and checked, of bars or of ticks. */
export type ReadFile = BarFile | TickFile;

interface Watch {
  readonly meter: FileMeter;
  readonly signal: AbortSignal | undefined;
}

/** What was written, for the result and for the record. */
export interface WrittenRows {
  readonly series: readonly ImportedSeries[];
  readonly recorded: readonly RecordedSeries[];
}

/** @throws InvalidInputError where nothing of the file is to be written: rows are wrong, or none is of a kind that is kept */
export function requireRows(file: ReadFile, onError: 'stop' | 'skip'): void {
  const { rows, rejected, problems, path } = file;
  const empty = file.kind === 'bars' ? file.series.length === 0 : file.parts.length === 0;
  if (empty && rejected === 0) {
    const rule = `none of its ${rows} rows is one that can be imported`;
    throw fileError({ code: 'FILE_HAS_NO_ROWS', path: '', value: path, rule, hint: file.notices.join('; ') });
  }
  if (empty || (rejected > 0 && onError === 'stop'))
    throw new InvalidInputError(problems, `file, ${rejected} of ${rows} rows`);
}

/** Writes the rows in the transaction under way. */
export async function writeRows(client: Client, file: ReadFile, run: FileRun, watch: Watch): Promise<WrittenRows> {
  if (file.kind === 'bars') {
    const written = await importBars(client, watched(file.series, watch), run);
    const recorded = written.map((one) => ({ kind: 'bar' as const, name: '', ...one }));
    return { series: written.map(ofBars), recorded };
  }
  const written = await importTickFile(client, file, run, tickOptions(file, watch));
  watch.signal?.throwIfAborted(); // nothing is committed yet
  return { series: written.map(ofTicks), recorded: written.map((one) => ({ ...one, kind: RECORDED[one.kind] })) };
}

/** What {@link writeRows} would do; nothing is written. */
export async function compareFile(session: Session, file: ReadFile, watch: Watch): Promise<ImportedSeries[]> {
  if (file.kind === 'bars') {
    const compared = await session.withClient((client) => compareBars(client, watched(file.series, watch)));
    return compared.map(ofBars);
  }
  const run = { id: '', actor: '', source: file.path };
  // Rows of many series are sorted in a temporary table, which goes with the transaction.
  const compared = await session.transaction(async (client) => {
    await client.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    return importTickFile(client, file, run, { ...tickOptions(file, watch), dryRun: true });
  });
  return compared.map(ofTicks);
}

/** All of a file that was imported before is unchanged now. */
export function ofKnown({ series }: KnownFile): ImportedSeries[] {
  return series.map(({ kind, symbol, timeframe, name, first, last, rows: unchanged }) => {
    return { kind: KINDS[kind], symbol, timeframe, name, first, last, inserted: 0, changed: 0, unchanged };
  });
}

const RECORDED = { trades: 'trade', quotes: 'quote', 'order-books': 'orderBook', indicators: 'indicator' } as const;

const KINDS: Readonly<Record<RecordedKind, ImportedSeries['kind']>> = {
  bar: 'bars',
  trade: 'trades',
  quote: 'quotes',
  orderBook: 'order-books',
  indicator: 'indicators',
};

function ofBars({ symbol, timeframe, inserted, changed, unchanged, first, last }: SeriesImport): ImportedSeries {
  return { kind: 'bars', symbol, timeframe, name: '', inserted, changed, unchanged, first, last };
}

function ofTicks(one: TickImport): ImportedSeries {
  const { kind, symbol, timeframe, name, inserted, changed, unchanged } = one;
  const [first, last] = [one.first, one.last].map((at) => new Date(instant(at))) as [Date, Date];
  return { kind, symbol, timeframe, name, inserted, changed, unchanged, first, last };
}

function tickOptions({ parts }: TickFile, { meter, signal }: Watch) {
  const total = parts.reduce((sum, { rows }) => sum + rows, 0);
  return { signal, onProgress: (done: number) => meter.show('write', done, total) };
}

/** The series, and word of each block that was taken. */
function watched(series: readonly FileSeries[], { meter, signal }: Watch): FileSeries[] {
  const total = series.reduce((sum, { bars }) => sum + bars, 0);
  let done = 0;
  return series.map((one) => ({
    ...one,
    async *blocks(): AsyncGenerator<BarBlock> {
      for await (const block of one.blocks()) {
        yield block;
        done += block.length;
        meter.show('write', done, total);
        signal?.throwIfAborted(); // after the last block too: nothing is committed yet
      }
    },
  }));
}
