import { sep } from 'node:path';
import { InvalidInputError } from '../../errors.js';

/** What a file's name or its folders tell of its series, as it stands there. */
export interface NamedSeries {
  readonly symbol?: string;
  readonly timeframe?: string;
}

const PLACES = /\{(symbol|timeframe|any)\}/g;

/**
 * A way to read series from the ends of paths: `{symbol}_{timeframe}.csv`, `{symbol}/{any}-{timeframe}.parquet`. `{any}` stands for any text;
 * none of the three reaches over a folder.
 * @throws InvalidInputError PATTERN_INVALID
 */
export function filePattern(pattern: string): (path: string) => NamedSeries {
  const names: string[] = [];
  const text = pattern
    .split(PLACES)
    .map((part, at) => {
      if (at % 2 === 0) return part.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
      if (part !== 'any') names.push(part);
      return part === 'any' ? '[^/]*' : `(?<${part}>[^/]+?)`;
    })
    .join('');
  if (!names.includes('symbol') && !names.includes('timeframe'))
    throw invalid(pattern, 'it has {symbol}, {timeframe} or both');
  if (new Set(names).size < names.length) throw invalid(pattern, '{symbol} and {timeframe} stand in it once');
  const whole = new RegExp(`(?:^|/)${text}$`);
  return (path) => ({ ...whole.exec(path.split(sep).join('/'))?.groups });
}

function invalid(pattern: string, rule: string): InvalidInputError {
  const hint = "for example '{symbol}_{timeframe}.csv' or '{symbol}/{any}_{timeframe}.csv'";
  return new InvalidInputError([{ code: 'PATTERN_INVALID', path: 'pattern', value: pattern, rule, hint }], 'options');
}
