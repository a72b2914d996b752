import type { BarBlock } from '../../domain/bar-block.js';
import { counted } from '../../domain/counted.js';
import type { SeriesKey } from '../../domain/series.js';
import { formatInstant } from '../../domain/time.js';
import { closeOf } from '../../domain/timeframe.js';
import type { Problem } from '../../errors.js';
import { DuckDB } from '../duckdb.js';
import type { Source } from './archive/source.js';
import type { BarSource } from './bar-source.js';
import { checkDateOrder } from './date-order.js';
import { Rejections } from './file-problem.js';
import { settleSeries } from './file-series.js';
import { judgeDoubtful } from './judge-doubtful.js';
import { type NamedSeries, nameSeries, type SeriesOptions } from './named-series.js';
import { openBarSource, type SourceOptions } from './open-source.js';
import { inReadingRoom } from './reading-room.js';
import type { Rounding } from './rounding.js';
import { sortBars } from './sorted-bars.js';
import { sortedBlocks } from './sorted-blocks.js';
import { type Reading, type ReadSeries, selectSoundBars } from './sound-bars.js';
import { transcribeUnread } from './transcribe.js';
import { settleVolumeScales, type VolumeScaleOption } from './volume-scales.js';

const DAY = 86_400_000;

export interface BarFileOptions extends SourceOptions, SeriesOptions {
  /** Of a new series: volumes are multiples of 10^-volumeScale. Default: what the file or its layout says, else 0. */
  readonly volumeScale?: VolumeScaleOption;
  /** Round prices with more than 8 decimals, half-up, where they are rejected by default. */
  readonly round?: boolean | undefined;
  /** Round volumes with more decimals than their series keeps, half-up, where they are rejected by default. */
  readonly volume?: 'exact' | 'round' | undefined;
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
  /** How the file is laid out: `csv`, or a vendor's layout that was recognised by its content. */
  readonly layout: string;
  /** For each value of a bar, the column that has it, as far as the layout says; of the first symbol where each has its own. */
  readonly mapping: Readonly<Record<string, string>>;
  /** What the series are that have bars, by symbol and timeframe. */
  readonly series: readonly FileSeries[];
  /** Rows of the file: the bars of all series + `duplicates` + `rejected`. */
  readonly rows: number;
  /** Rows that were the same as an earlier one, and collapsed. */
  readonly duplicates: number;
  readonly rejected: number;
  /** How many values were rounded, where the options asked for it: of the bars, before duplicates collapsed. */
  readonly rounded: { readonly prices: number; readonly volumes: number };
  /** What was wrong with the rejected rows, by line; the first 1,000. */
  readonly problems: readonly Problem[];
  /** The columns that are not imported, by name. */
  readonly leftOut: readonly string[];
  /** What a person should know about how the file was read, as sentences. */
  readonly notices: readonly string[];
  close(): Promise<void>;
}

/**
 * Reads a file of bars and checks every row; nothing is written anywhere. The caller decides what rejected rows mean.
 * @throws InvalidInputError where the file as a whole cannot be used; MissingDependencyError
 */
export async function readBarFile(file: Source, options: BarFileOptions): Promise<BarFile> {
  const { signal } = options;
  const source = await openBarSource(file, options);
  const named = nameSeries(file, options, source.told);
  const db = await DuckDB.open();
  const interrupt = () => db.interrupt();
  signal?.addEventListener('abort', interrupt);
  const close = async () => {
    signal?.removeEventListener('abort', interrupt);
    await db.close();
    await file.close();
  };
  try {
    const read = await inReadingRoom(source.rows, async () => {
      signal?.throwIfAborted();
      const bars = await readBars(db, source, named, options);
      await db.rest();
      return bars;
    });
    signal?.throwIfAborted();
    return {
      kind: 'bars',
      path: file.name,
      layout: source.layout,
      mapping: source.mapping ?? {},
      rows: source.rows,
      leftOut: source.leftOut,
      ...read,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type ReadBars = Pick<BarFile, 'series' | 'duplicates' | 'rejected' | 'problems' | 'rounded' | 'notices'>;

async function readBars(db: DuckDB, source: BarSource, named: NamedSeries, options: BarFileOptions): Promise<ReadBars> {
  const rounding: Rounding = { round: options.round ?? false, volume: options.volume ?? 'exact' };
  await source.load(db, rounding);
  await transcribeUnread(db, source, rounding);
  const settled = await settleSeries(db, source, named);
  await checkDateOrder(db, source, settled);
  const scales = await settleVolumeScales(db, source, settled.keys, options.volumeScale);
  const series = settled.keys.map((key, index): ReadSeries => ({ ...key, volumeScale: scales[index]! }));
  const reading: Reading = { series, clock: named.clock, rounding, source };
  const inOrder = await selectSoundBars(db, reading);
  const rejections = new Rejections();
  await judgeDoubtful(db, reading, settled, rejections);
  const rounded = await countRounded(db, rounding);
  const notices = [...source.notices, ...settled.notices, ...(await noticesOf(db, reading, settled.guessed))];
  const duplicates = await sortBars(db, source, inOrder, rejections);
  const bounds = await db.rows<{ series: number; bars: number; first: number; last: number }>(
    `SELECT series::DOUBLE AS series, count(*)::DOUBLE AS bars, min(moment)::DOUBLE AS first, max(moment)::DOUBLE AS last
     FROM sorted GROUP BY series ORDER BY series`,
  );
  const found = bounds.map(
    ({ series: position, bars, first, last }): FileSeries => ({
      ...series[position]!,
      bars,
      first: new Date(first),
      last: new Date(last),
      blocks: () => sortedBlocks(db, source, position, bars, options.signal),
    }),
  );
  return {
    series: found,
    duplicates,
    rejected: rejections.count,
    problems: rejections.problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    rounded,
    notices: [...notices, ...noticesOfOpenBars(found)],
  };
}

/** Vendors write today's bar, too, as it stands. */
function noticesOfOpenBars(series: readonly FileSeries[]): string[] {
  const now = Date.now();
  const [first, ...others] = series.filter(({ last, timeframe }) => closeOf(last, timeframe).getTime() > now);
  if (!first) return [];
  const more = others.length > 0 ? ` and ${counted(others.length, 'other series', 'other series')}` : '';
  const name = `${first.symbol} ${first.timeframe}${more}`;
  return [
    `${name}: the last bar, ${formatInstant(first.last)}, has not closed yet. It may still change (import it again then), or its date is wrong`,
  ];
}

async function countRounded(db: DuckDB, { round, volume }: Rounding): Promise<BarFile['rounded']> {
  if (!round && volume === 'exact') return { prices: 0, volumes: 0 };
  return db.row<{ prices: number; volumes: number }>(
    `SELECT coalesce(sum(rounded), 0)::DOUBLE AS prices, coalesce(sum(volume_rounded), 0)::DOUBLE AS volumes FROM bar`,
  );
}

async function noticesOf(db: DuckDB, { series, clock, source }: Reading, guessed: boolean): Promise<string[]> {
  const { zoneless, slashed, sessions } = await db.row<Record<'zoneless' | 'slashed' | 'sessions', boolean>>(
    `SELECT coalesce(bool_or(NOT zoned AND NOT daily), false) AS zoneless, coalesce(bool_or(slashed), false) AS slashed,
       coalesce(bool_or(daily AND written % ${DAY} <> 0), false) AS sessions FROM tested`,
  );
  const notices: string[] = [];
  const daily = series.some(({ timeframe }) => timeframe === '1d');
  if (guessed) {
    const timeframes = [...new Set(series.map(({ timeframe }) => timeframe))].join(', ');
    notices.push(`the timeframe ${timeframes} was told by the spacing of the bars`);
  }
  if (source.told.sessionTimes && sessions) {
    const date = clock ? `that the clocks of ${clock.zone} showed` : 'as written, and of UTC where no offset is';
    notices.push(`1d bars keep the date ${date}; their time of day was left out`);
  } else if (daily && source.dateZone) {
    notices.push(`the date of a 1d bar is that of ${source.dateZone}`);
  } else if (daily && clock) {
    notices.push('1d bars keep the calendar date as written: the time zone was not used');
  }
  if (zoneless) notices.push(`times without a zone were read as ${clock?.zone ?? 'UTC'}`);
  if (slashed) notices.push('dates with slashes were read as month/day/year');
  return notices;
}
