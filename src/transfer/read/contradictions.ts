import type { BarSource } from './bar-source.js';
import { fileError } from './file-problem.js';
import type { NamedSeries } from './named-series.js';

/**
 * Holds what the file itself says of its series against its folders, its name and the options. A folder like `symbol=AAPL` was made to say it, so
 * one of the two is wrong; a name may mean something else, so that the file counts, with a word. Answers what a person should know.
 * @throws InvalidInputError SYMBOL_MISMATCH, TIMEFRAME_MISMATCH
 */
export function contradictions(
  { columns, told }: BarSource,
  { places, rules, symbolOption, timeframeOption }: NamedSeries,
  symbolsOfRows: readonly string[],
  timeframesOfRows: readonly string[],
): string[] {
  const ruled = (symbol: string | undefined) => symbol && rules.apply(symbol).toUpperCase();
  const symbols = columns.has('symbol') ? symbolsOfRows : [ruled(told.symbolOfColumns) ?? []].flat();
  return [
    ...contradiction('symbol', symbols, symbolOption, ruled(places.folders.symbol), ruled(places.name.symbol)),
    ...contradiction('timeframe', timeframesOfRows, timeframeOption, places.folders.timeframe, places.name.timeframe),
  ];
}

function contradiction(
  what: 'symbol' | 'timeframe',
  said: readonly string[],
  option: string | undefined,
  folder: string | undefined,
  name: string | undefined,
): string[] {
  const other = said.find((one) => one !== (option ?? folder ?? name));
  if (other === undefined) return [];
  if (option !== undefined) return [`the file itself says ${other}: its bars are taken as ${option}, as was asked for`];
  if (folder !== undefined) {
    const rule = `the file itself says ${other}, and its folder ${what}=${folder}`;
    const rules = what === 'symbol' ? ', or bring the names together with --symbol-rule' : '';
    const hint = `is it in the wrong folder? Move it, or settle it with --${what}${rules}`;
    const code = what === 'symbol' ? 'SYMBOL_MISMATCH' : 'TIMEFRAME_MISMATCH';
    throw fileError({ code, path: what, value: folder, rule, hint });
  }
  // Of a file of many series the name may be that of the whole.
  if (name === undefined || (said.length > 1 && !said.includes(name))) return [];
  return [`the file's name says ${name}, the file itself ${other}: the file counts`];
}
