import { basename, resolve } from 'node:path';
import { readOrThrow } from '../../../domain/problem.js';
import { readSymbol } from '../../../domain/symbol.js';
import { seriesOfFileName, seriesOfFolders } from '../file-name.js';
import { fileError } from '../file-problem.js';
import { LocalDay, readDate } from './local-day.js';

/** A file on the disk, and the paths that may tell what it has, the most telling first. */
export interface PlacedFile {
  readonly path: string;
  readonly tellingNames: readonly string[];
}

/** What a person may tell of a file whose rows do not say it. */
export interface NamingOptions {
  /** Default: what a folder like `symbol=AAPL` tells, else the file's name. */
  readonly symbol?: string | undefined;
  /** Of times of day, as `2013-10-07`. Default: what the file's name tells. */
  readonly date?: string | undefined;
  /** IANA zone of times of day: America/New_York by default. Instants that count from the epoch have none. */
  readonly timezone?: string | undefined;
  /** Cuts times to microseconds, and counts it; a file with finer ones is otherwise rejected. */
  readonly round?: boolean | undefined;
}

/** Words of a name that are no symbol. */
const WORDS = /^(?:lean|equity|usa|ticks?|trades?|quotes?|messages?|orderbook|aggtrades?|\d+)$/i;

interface Told {
  readonly symbol: string | undefined;
  readonly date: string | undefined;
}

function toldBy({ tellingNames }: PlacedFile): Told {
  const told = tellingNames.map(nameOf);
  const symbols = [...tellingNames.map((name) => seriesOfFolders(resolve(name))), ...told].map(({ symbol }) => symbol);
  return { symbol: symbols.find(Boolean), date: told.find(({ date }) => date)?.date };
}

/**
 * What the parts of a file's name tell: `20131007_spy_Trade_Tick.csv`, `lean_SPY_trades_20131007.csv`,
 * `AAPL_2012-06-21_34200000_57600000_message_10.csv`, `BTCUSDT-aggTrades-2025-01-31.csv`.
 */
function nameOf(path: string): Told {
  const stem = basename(path).replace(/(?:\.(?:csv|txt|zip|gz))+$/i, '');
  const [, ofExchange] = /^([A-Z0-9_]+)-(?:trades|aggTrades)-/.exec(stem) ?? [];
  if (ofExchange) return { symbol: ofExchange, date: undefined };
  const parts = stem.split('_');
  const date = parts.map(readDate).find((found) => found !== undefined);
  const others = parts.filter((part) => !WORDS.test(part) && readDate(part) === undefined);
  const telling = others.length === 1 && parts.length > 1;
  return { symbol: telling ? others[0]!.toUpperCase() : seriesOfFileName(path).symbol, date };
}

/** @throws InvalidInputError `SYMBOL_MISSING` */
export function symbolOf(file: PlacedFile, { symbol }: NamingOptions): string {
  const named = symbol ?? toldBy(file).symbol;
  if (named !== undefined) return readOrThrow('symbol', (report) => readSymbol(named, 'symbol', report));
  const rule = 'neither --symbol nor the name of the file tells the symbol';
  const hint = 'pass --symbol, or name the file like SPY_trades_20131007.csv or BTCUSDT-trades-2024-05-31.csv';
  throw fileError({ code: 'SYMBOL_MISSING', path: 'symbol', value: file.tellingNames[0], rule, hint });
}

/** @throws InvalidInputError `DATE_MISSING`, `DATE_INVALID`, `TIMEZONE_UNKNOWN` */
export function dayOf(file: PlacedFile, options: NamingOptions): LocalDay {
  const { timezone, round } = options;
  const text = options.date ?? toldBy(file).date;
  if (text === undefined) {
    const rule = 'the rows have times of day, and neither --date nor the name of the file tells the date';
    const hint = 'pass --date 2013-10-07, or name the file like SPY_trades_20131007.csv';
    throw fileError({ code: 'DATE_MISSING', path: 'date', value: file.tellingNames[0], rule, hint });
  }
  const date = readDate(text);
  if (date !== undefined) return new LocalDay({ date, timezone, round });
  throw fileError({ code: 'DATE_INVALID', path: 'date', value: text, rule: 'a date is written as 2013-10-07' });
}
