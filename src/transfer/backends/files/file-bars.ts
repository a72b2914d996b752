import type { Bar, BarInput } from '../../../domain/bar.js';
import { readOrThrow } from '../../../domain/problem.js';
import { compareSeries, type Series, type SeriesInput, type SeriesKey } from '../../../domain/series.js';
import { readSymbol } from '../../../domain/symbol.js';
import { type InstantInput, readInstant } from '../../../domain/time.js';
import { readTimeframe, type Timeframe } from '../../../domain/timeframe.js';
import { FilesError, InvalidInputError } from '../../../errors.js';
import type { UpsertCounts, WriteOptions } from '../../../repositories/bars/bar-repository.js';
import {
  type BarWindow,
  closedBy,
  type KnownAt,
  type ReadWindow,
  readLimit,
  readWindow,
} from '../../../repositories/bars/bar-window.js';
import { batchesOf, requireIterable, type SourceFailure } from '../../../repositories/source-batches.js';
import type { BarStore } from '../bar-store.js';
import { FileWriter } from './file-writer.js';
import { Folder, unusable } from './folder.js';
import type { SeriesBars } from './series-bars.js';
import { SeriesCache } from './series-cache.js';
import { type FileFormat, findSeries } from './series-path.js';

/** Bars a page of {@link FileBars.iterate}, as of the database's. */
const PAGE = 5_000;
const BATCH = 20_000;

export interface FileBarsOptions {
  /** Of series that are new; default: that of the files which are there, CSV where there is none. */
  readonly format?: FileFormat | undefined;
  /** The folder is one side of a cutover, whose owner says when it is written: the mark in it binds the others only. */
  readonly governed?: boolean;
}

/**
 * Bars in a folder, a file a series: `AAPL_1d.csv`, or `symbol=AAPL/timeframe=1d/bars.parquet`. No database is needed. Answers are those that the
 * database gives; what it alone knows, former values (`knownAt`), is refused. A series that is read is held in memory; a write writes its file
 * anew, beside the old one, and then takes its place, so that a reader sees one or the other and a process may die at any time. Writers of one folder, of
 * any process of this machine, take turns.
 */
export class FileBars implements BarStore {
  readonly folder: Folder;
  readonly #cache = new SeriesCache();
  readonly #writer: FileWriter;
  readonly #governed: boolean;

  constructor(path: string, { format, governed = false }: FileBarsOptions = {}) {
    this.folder = new Folder(path);
    this.#writer = new FileWriter(this.folder, this.#cache, format);
    this.#governed = governed;
  }

  async range(input: BarWindow & KnownAt): Promise<Bar[]> {
    const window = readFileWindow(input);
    const series = await this.#read(window.key);
    return series ? series.slice(...placesOf(series, window)) : [];
  }

  async latest(input: SeriesInput & KnownAt & { readonly limit?: number }): Promise<Bar[]> {
    const { symbol, timeframe, knownAt } = input;
    const window = readFileWindow({ symbol, timeframe, knownAt });
    return this.#newest(window, readLimit(input.limit ?? 1));
  }

  async first(input: SeriesInput & KnownAt): Promise<Bar | undefined> {
    const { symbol, timeframe, knownAt } = input;
    const series = await this.#read(readFileWindow({ symbol, timeframe, knownAt }).key);
    return series && series.length > 0 ? series.barAt(0) : undefined;
  }

  async asOf(input: SeriesInput & KnownAt & { readonly at: InstantInput; readonly limit: number }): Promise<Bar[]> {
    const { symbol, timeframe, knownAt } = input;
    const at = readOrThrow('instant', (report) => readInstant(input.at, 'at', report));
    const limit = readLimit(input.limit);
    const window = readFileWindow({ symbol, timeframe, knownAt });
    return this.#newest(closedBy(window, at), limit);
  }

  async count(input: Omit<BarWindow, 'symbol'> & KnownAt & { readonly symbol?: string }): Promise<number> {
    const window = readFileWindow({ ...input, symbol: input.symbol ?? 'X' });
    const keys: SeriesKey[] = input.symbol === undefined ? await this.#find(window.key.timeframe) : [window.key];
    let count = 0;
    for (const key of keys) {
      const series = await this.#read(key);
      const [start, end] = series ? placesOf(series, window) : [0, 0];
      count += end - start;
    }
    return count;
  }

  async *iterate(input: BarWindow & KnownAt & { readonly signal?: AbortSignal }): AsyncGenerator<Bar, void, undefined> {
    const { signal, ...bounds } = input;
    let window = readFileWindow(bounds);
    for (;;) {
      signal?.throwIfAborted();
      const series = await this.#read(window.key);
      if (!series) return;
      const [start, end] = placesOf(series, window);
      const page = series.slice(start, Math.min(end, start + PAGE));
      yield* page;
      const last = page[PAGE - 1];
      if (!last) return;
      window = { ...window, from: new Date(last.timestamp.getTime() + 1) };
    }
  }

  async series(filter: { readonly symbol?: string; readonly timeframe?: Timeframe } = {}): Promise<Series[]> {
    const wanted = readOrThrow('series', (report): Partial<SeriesKey> => {
      const symbol = filter.symbol === undefined ? undefined : readSymbol(filter.symbol, 'symbol', report);
      const timeframe =
        filter.timeframe === undefined ? undefined : readTimeframe(filter.timeframe, 'timeframe', report);
      return { ...(symbol && { symbol }), ...(timeframe && { timeframe }) };
    });
    const found: Series[] = [];
    for (const key of await this.#find(wanted.timeframe)) {
      if (wanted.symbol !== undefined && key.symbol !== wanted.symbol) continue;
      const summary = (await this.#read(key))?.summary;
      if (summary) found.push(summary);
    }
    return found.sort(compareSeries);
  }

  /** As the database does, but an iterable is held in memory as a whole: so are the files that it changes. */
  async upsert(bars: Iterable<BarInput> | AsyncIterable<BarInput>, options: WriteOptions = {}): Promise<UpsertCounts> {
    const rows = await allOf(bars, options.signal);
    if (rows.length === 0) return { inserted: 0, changed: 0, unchanged: 0 };
    return this.exclusively(async (writer) => writer.write(await writer.check(rows, options)));
  }

  async delete(input: BarWindow): Promise<number> {
    readFileWindow(input);
    return this.exclusively((writer) => writer.delete(input));
  }

  /** Runs `work` with a writer while nobody else writes to the folder. @throws FilesError */
  async exclusively<T>(work: (writer: FileWriter) => Promise<T>): Promise<T> {
    return this.folder.exclusively(async () => {
      if (!this.#governed) await this.#requireUnmarked('written');
      return work(this.#writer);
    });
  }

  /** A whole series as it is held; undefined where there is none. */
  seriesBars(key: SeriesKey): Promise<SeriesBars | undefined> {
    return this.#read(key);
  }

  async close(): Promise<void> {}

  async #newest(window: ReadWindow, limit: number): Promise<Bar[]> {
    const series = await this.#read(window.key);
    if (!series) return [];
    const [start, end] = placesOf(series, window);
    return series.slice(Math.max(start, end - limit), end);
  }

  async #read(key: SeriesKey): Promise<SeriesBars | undefined> {
    await this.folder.settle();
    if (!this.#governed) await this.#requireUnmarked('read');
    try {
      return await this.#writer.read(key);
    } catch (error) {
      throw unusable(this.folder.path, error);
    }
  }

  async #find(timeframe: Timeframe | undefined): Promise<SeriesKey[]> {
    await this.folder.settle();
    const found = await findSeries(this.folder.path);
    return found.filter((key) => timeframe === undefined || key.timeframe === timeframe);
  }

  /** @throws FilesError FILES_IN_CUTOVER, where a bar would be in the files alone, or an answer would miss what is in the database alone */
  async #requireUnmarked(use: 'read' | 'written'): Promise<void> {
    const mark = await this.folder.mark();
    if (!mark || (use === 'read' && mark.state === 'dual')) return;
    const message = `the files in ${this.folder.path} are in cutover ${mark.cutover}: they are not ${use} by themselves`;
    throw new FilesError('FILES_IN_CUTOVER', message, {
      hint: 'run this process with WYCKOFF_BACKEND=dual; `wyckoff cutover rollback` gives the files back',
    });
  }
}

function placesOf(series: SeriesBars, { from, to }: ReadWindow): [start: number, end: number] {
  const start = series.indexOf(from.getTime());
  return [start, Math.max(start, series.indexOf(to.getTime()))];
}

/** @throws InvalidInputError KNOWN_AT_UNSUPPORTED */
function readFileWindow(input: BarWindow & KnownAt): ReadWindow {
  const window = readWindow(input);
  if (window.knownAt === undefined) return window;
  const rule = 'files keep no former values';
  const hint = 'ask the database: WYCKOFF_BACKEND=postgres';
  throw new InvalidInputError(
    [{ code: 'KNOWN_AT_UNSUPPORTED', path: 'knownAt', value: window.knownAt, rule, hint }],
    'window',
  );
}

/** Everything that an iterable of bars gives. @throws InvalidInputError; whatever the iterable throws */
export async function allOf(
  bars: Iterable<BarInput> | AsyncIterable<BarInput>,
  signal: AbortSignal | undefined,
): Promise<readonly BarInput[]> {
  signal?.throwIfAborted();
  if (Array.isArray(bars)) return bars;
  requireIterable(bars, 'bars');
  const failure: SourceFailure = {};
  const all: BarInput[] = [];
  for await (const batch of batchesOf(bars, BATCH, failure, signal)) for (const bar of batch) all.push(bar);
  return all;
}
