import { resolve } from 'node:path';
import type { DuckDBBigIntVector, DuckDBDecimal64Vector, DuckDBDoubleVector } from '@duckdb/node-api';
import { BarBlock, NO_PRICE } from '../../domain/bar-block.js';
import { readOrThrow } from '../../domain/problem.js';
import type { SeriesKey } from '../../domain/series.js';
import { type MarketSymbol, readSymbol } from '../../domain/symbol.js';
import { readTimeframe, type Timeframe } from '../../domain/timeframe.js';
import type { Problem } from '../../errors.js';
import { DuckDB } from '../duckdb.js';
import { judgeDoubtful } from './csv-judge.js';
import { loadRows } from './csv-load.js';
import { type ReadingOptions, scanText, sizeOfFile } from './csv-text.js';
import { seriesOfFileName } from './file-name.js';
import { fileError, Rejections } from './file-problem.js';
import { recogniseCsv } from './formats.js';
import { LocalClock } from './local-clock.js';
import { sortBars } from './sorted-bars.js';
import { selectSoundBars } from './sound-bars.js';
import { checkSpacing, describeDuration, measureSpacing, timeframeOf } from './spacing.js';

/** Bars of a block: 16 chunks of DuckDB. */
const BLOCK = 32_768;

export interface BarFileOptions extends ReadingOptions {
  /** Default: what the file's name tells, see `seriesOfFileName`. */
  readonly symbol?: string | undefined;
  /** Default: what the file's name tells, else the spacing of the bars. */
  readonly timeframe?: string | undefined;
  /** IANA zone of times that carry no offset; UTC by default. Not used for 1d bars, which keep their calendar date. */
  readonly timezone?: string | undefined;
  /** Of the series, 0 by default: volumes are multiples of 10^-volumeScale. */
  readonly volumeScale?: number | ((series: SeriesKey) => number | Promise<number>) | undefined;
}

/** The bars that a file has of one series. */
export interface FileSeries extends SeriesKey {
  readonly volumeScale: number;
  /** What {@link blocks} gives; at least one. */
  readonly bars: number;
  /** Opening instants of the first and last bar. */
  readonly first: Date;
  readonly last: Date;
  /** The bars in ascending order, each instant once, `origin` the line of the file. Can be read again from the start. */
  blocks(): AsyncIterable<BarBlock>;
}

/** A file of bars that was read, checked and sorted, and is ready to be written. Close it after use. */
export interface BarFile {
  readonly kind: 'bars';
  readonly path: string;
  /** What the series are that have bars, by symbol and timeframe. */
  readonly series: readonly FileSeries[];
  /** Rows of the file: the bars of all series + `duplicates` + `rejected`. */
  readonly rows: number;
  /** Rows that were the same as an earlier one, and collapsed. */
  readonly duplicates: number;
  readonly rejected: number;
  /** What was wrong with the rejected rows, by line; the first 1,000. */
  readonly problems: readonly Problem[];
  /** The columns that are not imported, by name. */
  readonly leftOut: readonly string[];
  /** What a person should know about how the file was read, as sentences. */
  readonly notices: readonly string[];
  close(): Promise<void>;
}

/**
 * Reads a CSV file of one series and checks every row; nothing is written anywhere. The caller decides what rejected rows mean.
 * @throws InvalidInputError where the file as a whole cannot be used; MissingDependencyError
 */
export async function openBarFile(path: string, options: BarFileOptions = {}): Promise<BarFile> {
  const { signal } = options;
  signal?.throwIfAborted();
  await sizeOfFile(path);
  const named = readSeriesOptions(path, options);
  const text = await scanText(resolve(path), options);
  const format = recogniseCsv(text.header);
  const db = await DuckDB.open();
  const interrupt = () => db.interrupt();
  signal?.addEventListener('abort', interrupt);
  const close = async () => {
    signal?.removeEventListener('abort', interrupt);
    await db.close();
  };
  try {
    await loadRows(db, text, format);
    const series = await settleSeries(db, named);
    const { clock } = named;
    const volumeScale = await scaleOf(series, options);
    const reading = { ...series, clock, volumeScale };
    await selectSoundBars(db, reading);
    const rejections = new Rejections();
    const judged = await judgeDoubtful(db, text, format, reading, rejections);
    if (judged.accepted > 0) checkSpacing(await measureSpacing(db, 'bar'), series.timeframe);
    const duplicates = await sortBars(db, rejections);
    const bounds = await db.row<{ bars: number; first: number | null; last: number | null }>(
      `SELECT count(*)::DOUBLE AS bars, min(moment)::DOUBLE AS first, max(moment)::DOUBLE AS last FROM sorted`,
    );
    const seen = await db.row<{ zoneless: boolean; slashed: boolean }>(
      'SELECT coalesce(bool_or(NOT zoned), false) AS zoneless, coalesce(bool_or(slashed), false) AS slashed FROM loaded',
    );
    await db.run('DROP TABLE loaded');
    signal?.throwIfAborted();
    const { bars, first, last } = bounds;
    return {
      kind: 'bars',
      path,
      series:
        first === null || last === null
          ? []
          : [
              {
                ...series,
                volumeScale,
                bars,
                first: new Date(first),
                last: new Date(last),
                blocks: () => readBlocks(db, signal),
              },
            ],
      rows: text.rows,
      duplicates,
      rejected: rejections.count,
      problems: rejections.problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
      leftOut: format.leftOut,
      notices: noticesOf(named, series, seen.zoneless || judged.zoneless, seen.slashed || judged.slashed),
      close,
    };
  } catch (error) {
    await close();
    signal?.throwIfAborted();
    throw error;
  }
}

interface NamedSeries {
  readonly symbol: MarketSymbol;
  readonly timeframe: Timeframe | undefined;
  readonly clock: LocalClock | undefined;
}

function readSeriesOptions(path: string, options: BarFileOptions): NamedSeries {
  const told = seriesOfFileName(path);
  const symbol = options.symbol ?? told.symbol;
  const timeframe = options.timeframe ?? told.timeframe;
  if (symbol === undefined) {
    const rule = 'neither --symbol nor the name of the file tells the symbol';
    const hint = 'pass --symbol, or name the file like AAPL.csv or AAPL_1d.csv';
    throw fileError({ code: 'SYMBOL_MISSING', path: 'symbol', value: path, rule, hint });
  }
  return {
    symbol: readOrThrow('symbol', (report) => readSymbol(symbol, 'symbol', report)),
    timeframe:
      timeframe === undefined
        ? undefined
        : readOrThrow('timeframe', (report) => readTimeframe(timeframe, 'timeframe', report)),
    clock: options.timezone === undefined ? undefined : new LocalClock(options.timezone),
  };
}

/** The series, with the timeframe that was named if the bars stand that far apart, or else the one that their spacing tells. */
async function settleSeries(db: DuckDB, { symbol, timeframe }: NamedSeries): Promise<SeriesKey> {
  const spacing = await measureSpacing(db, '(SELECT written AS moment FROM loaded)');
  const settled = timeframe ?? timeframeOf(spacing);
  if (settled === undefined) {
    const rule = 'neither --timeframe, the name of the file nor the spacing of the bars tells the timeframe';
    const apart = spacing.gaps > 0 ? `; these bars stand ${describeDuration(spacing.median)} apart (median)` : '';
    const hint = `pass --timeframe, or name the file like ${symbol}_1d.csv${apart}`;
    throw fileError({ code: 'TIMEFRAME_MISSING', path: 'timeframe', value: null, rule, hint });
  }
  checkSpacing(spacing, settled);
  return { symbol, timeframe: settled };
}

async function scaleOf(series: SeriesKey, { volumeScale = 0 }: BarFileOptions): Promise<number> {
  return typeof volumeScale === 'number' ? volumeScale : volumeScale(series);
}

function noticesOf(named: NamedSeries, { timeframe }: SeriesKey, zoneless: boolean, slashed: boolean): string[] {
  const notices: string[] = [];
  if (named.timeframe === undefined) notices.push(`the timeframe ${timeframe} was told by the spacing of the bars`);
  const zone = named.clock?.zone ?? 'UTC';
  if (timeframe === '1d') {
    if (named.clock) notices.push('1d bars keep the calendar date as written: the time zone was not used');
  } else if (zoneless) notices.push(`times without a zone were read as ${zone}`);
  if (slashed) notices.push('dates with slashes were read as month/day/year');
  return notices;
}

async function* readBlocks(db: DuckDB, signal: AbortSignal | undefined): AsyncGenerator<BarBlock, undefined> {
  let block = new BarBlock(BLOCK);
  const sorted = 'SELECT line::DOUBLE, moment::DOUBLE, volume, open, high, low, close, vwap FROM sorted';
  for await (const chunk of db.stream(sorted)) {
    signal?.throwIfAborted();
    const [line, moment] = [0, 1].map((column) => chunk.getColumnVector(column) as DuckDBDoubleVector);
    const volume = chunk.getColumnVector(2) as DuckDBBigIntVector;
    const [open, high, low, close, vwap] = [3, 4, 5, 6, 7].map(
      (column) => chunk.getColumnVector(column) as DuckDBDecimal64Vector,
    );
    const { rowCount } = chunk; // asked of the engine each time
    for (let row = 0; row < rowCount; row += 1) {
      const index = block.length;
      block.origin[index] = line!.getItem(row)!;
      block.timestamp[index] = moment!.getItem(row)!;
      block.open[index] = open!.getScaledValue(row)!;
      block.high[index] = high!.getScaledValue(row)!;
      block.low[index] = low!.getScaledValue(row)!;
      block.close[index] = close!.getScaledValue(row)!;
      block.volume[index] = volume.getItem(row)!;
      block.vwap[index] = vwap!.getScaledValue(row) ?? NO_PRICE;
      block.source[index] = null;
      block.length = index + 1;
      if (block.length === BLOCK) {
        yield block;
        block = new BarBlock(BLOCK);
      }
    }
  }
  if (block.length > 0) yield block;
  return undefined;
}
