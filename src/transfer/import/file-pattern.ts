import { sep } from 'node:path';
import { InvalidInputError } from '../../errors.js';

/** What a file's name or its folders tell of its series, as it stands there. */
export interface NamedSeries {
  readonly symbol?: string;
  readonly timeframe?: string;
}

const PLACES = /\{(symbol|timeframe|any)\}/g;
const HIVE = /^(symbol|ticker|timeframe|interval)=(.+)$/i;

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

/** What folders as Hive, Spark and polars make them tell: `symbol=AAPL/timeframe=1d/part-0.parquet`. */
export function seriesOfFolders(path: string): NamedSeries {
  const told: { symbol?: string; timeframe?: string } = {};
  for (const folder of path.split(sep).slice(0, -1)) {
    const [, name, value] = HIVE.exec(folder) ?? [];
    if (name === undefined || value === undefined) continue;
    told[/^(symbol|ticker)$/i.test(name) ? 'symbol' : 'timeframe'] = decoded(value);
  }
  return told;
}

/** What stands for itself in a path, such as the slash of BTC/USDT, is written %2F. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function invalid(pattern: string, rule: string): InvalidInputError {
  const hint = "for example '{symbol}_{timeframe}.csv' or '{symbol}/{any}_{timeframe}.csv'";
  return new InvalidInputError([{ code: 'PATTERN_INVALID', path: 'pattern', value: pattern, rule, hint }], 'options');
}
