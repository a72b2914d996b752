import type { InvalidInputError } from '../../../errors.js';
import { splitFields } from '../csv-fields.js';
import type { TextLine } from '../csv-text.js';
import { fileError } from '../file-problem.js';
import { DELIMITERS } from './description.js';

const FIELD = /^(?:open|high|low|close|adj\.? close|adjusted|volume|dividends|stock splits|capital gains)$/i;
const PRICE = '(?:open|close)';
/** `AAPL.Close`, `Close_AAPL`, and pandas' `('Close', 'AAPL')`. */
const NAMES = [
  `([^'"()]+)[._ ]${PRICE}`,
  `${PRICE}[._ ]([^'"()]+)`,
  `\\('${PRICE}', '([^']+)'\\)`,
  `\\('([^']+)', '${PRICE}'\\)`,
].map((pattern) => new RegExp(`^${pattern}$`, 'i'));
const SHOWN = 10;

/**
 * The refusal of a file whose header has columns of several symbols beside each other; undefined where it has not. Such are those of yfinance and
 * pandas for several tickers: a line of fields under a line of symbols, or over it, or one line with both in each name.
 */
export function sideBySide(lines: readonly TextLine[]): InvalidInputError | undefined {
  const header = lines.slice(0, 3).map(({ text, line }) => ({ line, names: namesOf(text) }));
  for (const [index, { line, names }] of header.entries()) {
    const symbols = new Set(
      names.length > 1 && names.slice(1).every((name) => FIELD.test(name))
        ? [header[index - 1], header[index + 1]].flatMap((other) => symbolsOver(names, other?.names ?? []))
        : symbolsWithin(names),
    );
    if (symbols.size > 1) return refusal([...symbols], line);
  }
  return undefined;
}

function namesOf(text: string): string[] {
  const split = DELIMITERS.map((delimiter) => splitFields(text, delimiter) ?? []);
  return split.reduce((most, next) => (next.length > most.length ? next : most)).map((name) => name.trim());
}

/** None where the line is of something else: of rows, or one that names the index alone. */
function symbolsOver(fields: readonly string[], others: readonly string[]): string[] {
  const symbols = others.slice(1);
  const all = others.length === fields.length && symbols.every((name) => /[a-z]/i.test(name) && !FIELD.test(name));
  return all ? symbols : [];
}

/** Those that have both an open and a close: `Adj Close` and `Prev Close` are no symbols'. */
function symbolsWithin(names: readonly string[]): string[] {
  const symbols = names.flatMap((name) => NAMES.flatMap((pattern) => pattern.exec(name)?.[1] ?? []));
  return symbols.filter((symbol, index) => symbols.indexOf(symbol) < index);
}

function refusal(symbols: readonly string[], line: number): InvalidInputError {
  const rule = 'the file has several symbols side by side in its columns';
  const hint =
    'write them one below the other, in pandas df.stack(level="Ticker").reset_index().to_csv(path, index=False); or as Parquet, df.to_parquet(path), which is read as it is';
  const value = symbols.slice(0, SHOWN).join(' ') + (symbols.length > SHOWN ? ' ...' : '');
  return fileError({ code: 'SYMBOLS_SIDE_BY_SIDE', path: 'symbol', value, rule, hint, line });
}
