import { basename } from 'node:path';
import { LARGEST_VOLUME_SCALE } from '../../domain/amount.js';
import type { Problem, WyckoffError } from '../../errors.js';
import type { BarFileOptions } from './bar-file.js';

/** Options with which a file comes in that does not without them. */
export interface Remedy {
  readonly options: BarFileOptions;
  /** What they do and why, as a sentence. */
  readonly advice: string;
  /** The advice that it takes the place of. */
  readonly replaces?: string;
}

/** What the file is read with, and what the command says in its place: no symbol, so that it is not run as it is. */
export const SYMBOL_UNKNOWN = 'SYMBOL';
export const SYMBOL_PLACE = '<SYMBOL>';

export function remedyOfError(error: WyckoffError, path: string, options: BarFileOptions): Remedy | undefined {
  if (error.code === 'SYMBOL_MISSING' && options.symbol === undefined) {
    const guess = guessSymbol(path);
    const advice = guess
      ? `--symbol: nothing tells the symbol; ${guess} is a guess from the name of the file`
      : `--symbol: nothing tells the symbol; put it in the place of ${SYMBOL_PLACE}`;
    return { options: { symbol: guess ?? SYMBOL_UNKNOWN }, advice };
  }
  const [, timeframe] = /--timeframe (\w+)$/.exec(error.hint ?? '') ?? [];
  if (error.code === 'TIMEFRAME_MISMATCH' && timeframe && options.timeframe === undefined) {
    return { options: { timeframe }, advice: `--timeframe: the bars stand apart as those of ${timeframe}` };
  }
  return undefined;
}

/** Rounded to whole ones, volumes below it lose more than what adjusting them had put there: 0.12 BTC would be none. */
const SMALL_VOLUME = 100;
const KEEP_DECIMALS = '--volume-scale auto: volumes have decimals, and a new series keeps as many as they need';

export function remedyOfProblems(problems: readonly Problem[], options: BarFileOptions): Remedy | undefined {
  const has = (code: string) => problems.some((problem) => problem.code === code);
  if (has('PRICE_TOO_PRECISE') && !options.round) {
    return {
      options: { round: true },
      advice: '--round: prices have more than 8 decimals, and are rounded half-up to 8',
    };
  }
  if (!options.round && problems.some(({ code, hint }) => code === 'INSTANT_TOO_FINE' && hint?.includes('--round'))) {
    return { options: { round: true }, advice: '--round: times are finer than a microsecond, and are cut' };
  }
  if (!has('VOLUME_TOO_PRECISE') || options.volume === 'round') return undefined;
  if (options.volumeScale === undefined) return { options: { volumeScale: 'auto' }, advice: KEEP_DECIMALS };
  const small = problems.some(({ code, value }) => code === 'VOLUME_TOO_PRECISE' && Number(value) < SMALL_VOLUME);
  if (options.volumeScale === 'auto' && small) {
    const advice = '--volume-scale 8, --volume round: volumes have more than 8 decimals, and are rounded half-up to 8';
    return { options: { volume: 'round', volumeScale: LARGEST_VOLUME_SCALE }, advice, replaces: KEEP_DECIMALS };
  }
  const advice = '--volume round: volumes have more decimals than a series can keep, and are rounded half-up';
  const replaced = options.volumeScale === 'auto' ? { volumeScale: undefined } : {};
  return { options: { volume: 'round', ...replaced }, advice, replaces: KEEP_DECIMALS };
}

const NO_SYMBOLS = new Set(['CSV', 'OHLC', 'OCHL', 'OHLCV', 'USD', 'EUR', 'DAT', 'ASCII', 'ETF', 'NYSE', 'NASDAQ']);

/** What TradingView charted, or the first word of the name that is written as tickers are, or one in lower case before a word for a timeframe: `lean_aapl_daily`. */
function guessSymbol(path: string): string | undefined {
  const charted = /_([A-Z0-9.]+)!?, /.exec(basename(path)); // TradingView: CME_MINI_ES1!, 1D
  if (charted) return charted[1];
  const words = basename(path)
    .split(/[._ -]/)
    .slice(0, -1);
  const ticker = words.find((word) => /^[A-Z][A-Z0-9]{0,11}$/.test(word) && !NO_SYMBOLS.has(word));
  if (ticker !== undefined) return ticker;
  return words
    .find((word, index) => /^[a-z]{1,5}$/.test(word) && /^(?:daily|hour|minute)$/.test(words[index + 1] ?? ''))
    ?.toUpperCase();
}
