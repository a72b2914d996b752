import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareSeries, type SeriesKey } from '../../../domain/series.js';
import { readSymbol } from '../../../domain/symbol.js';
import { TIMEFRAMES, type Timeframe } from '../../../domain/timeframe.js';
import { FilesError } from '../../../errors.js';

export const FILE_FORMATS = ['csv', 'parquet'] as const;
/** `csv`: `AAPL_1d.csv`. `parquet`: `symbol=AAPL/timeframe=1d/bars.parquet`, as hive folders are named. */
export type FileFormat = (typeof FILE_FORMATS)[number];

export interface SeriesPath extends SeriesKey {
  readonly format: FileFormat;
  /** Inside the folder. */
  readonly path: string;
}

const PARQUET_NAME = 'bars.parquet';
const CSV_NAME = new RegExp(`^(.+)_(${TIMEFRAMES.join('|')})\\.csv$`);

export function pathOf({ symbol, timeframe }: SeriesKey, format: FileFormat): string {
  const name = encodeSymbol(symbol);
  return format === 'csv' ? `${name}_${timeframe}.csv` : join(`symbol=${name}`, `timeframe=${timeframe}`, PARQUET_NAME);
}

/**
 * The files of series in a folder, or the one of a series; everything else in it is left alone.
 * @throws FilesError FILES_AMBIGUOUS where a series has two
 */
export async function findSeries(directory: string, only?: SeriesKey): Promise<SeriesPath[]> {
  if (only) {
    const there = FILE_FORMATS.map((format) => ({ ...only, format, path: pathOf(only, format) }));
    return onePerSeries(
      directory,
      there.filter(({ path }) => existsSync(join(directory, path))),
    );
  }
  return onePerSeries(directory, await findAll(directory));
}

function onePerSeries(directory: string, found: SeriesPath[]): SeriesPath[] {
  const first = new Map<string, SeriesPath>();
  for (const file of found) {
    const name = `${file.symbol} ${file.timeframe}`;
    const other = first.get(name);
    if (other) {
      const message = `${directory} has two files of ${name}: ${other.path} and ${file.path}`;
      throw new FilesError('FILES_AMBIGUOUS', message, { hint: 'move one of them out of the folder' });
    }
    first.set(name, file);
  }
  return found.sort(compareSeries);
}

async function findAll(directory: string): Promise<SeriesPath[]> {
  const found: SeriesPath[] = [];
  for (const entry of await entriesOf(directory)) {
    const [, name, timeframe] = CSV_NAME.exec(entry) ?? [];
    if (name !== undefined) {
      const symbol = decodeSymbol(name);
      if (symbol) found.push({ symbol, timeframe: timeframe as Timeframe, format: 'csv', path: entry });
    } else if (entry.startsWith('symbol=')) {
      const symbol = decodeSymbol(entry.slice('symbol='.length));
      if (symbol) found.push(...(await findHive(directory, entry, symbol)));
    }
  }
  return found;
}

async function findHive(directory: string, folder: string, symbol: SeriesKey['symbol']): Promise<SeriesPath[]> {
  const found: SeriesPath[] = [];
  for (const timeframe of TIMEFRAMES) {
    const inner = join(folder, `timeframe=${timeframe}`);
    if ((await entriesOf(join(directory, inner))).includes(PARQUET_NAME))
      found.push({ symbol, timeframe, format: 'parquet', path: join(inner, PARQUET_NAME) });
  }
  return found;
}

async function entriesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** A file's name carries no slash, and on some systems no colon. */
function encodeSymbol(symbol: string): string {
  return symbol.replaceAll('/', '%2F').replaceAll(':', '%3A');
}

/** The symbol of a name that {@link encodeSymbol} could have made, so that no two files are of one series. */
function decodeSymbol(name: string): SeriesKey['symbol'] | undefined {
  const symbol = readSymbol(name.replaceAll('%2F', '/').replaceAll('%3A', ':'), 'symbol', () => {});
  return symbol !== undefined && encodeSymbol(symbol) === name ? symbol : undefined;
}
