import { resolve } from 'node:path';
import { readOrThrow } from '../../domain/problem.js';
import { type MarketSymbol, readSymbol } from '../../domain/symbol.js';
import { readTimeframe, type Timeframe } from '../../domain/timeframe.js';
import type { InvalidInputError } from '../../errors.js';
import type { Source } from './archive/source.js';
import type { ToldByFile } from './bar-source.js';
import { seriesOfFileName, seriesOfFolders, type ToldSeries } from './file-name.js';
import { fileError } from './file-problem.js';
import { LocalClock } from './local-clock.js';
import { SymbolRules } from './symbol-rules.js';

/** What a person says about a file's series, and the rules for what the file says. */
export interface SeriesOptions {
  /** Default: what the file tells, or its name, see `seriesOfFileName`. */
  readonly symbol?: string | undefined;
  /** Default: what the file tells, or its name, else the spacing of the bars. */
  readonly timeframe?: string | undefined;
  /** IANA zone of times that carry no offset; UTC by default. Not used for 1d bars, which keep their calendar date. */
  readonly timezone?: string | undefined;
  /** For symbols that the file or its name tells, see `SymbolRules`. Default: those of the file's layout. */
  readonly symbolRules?: readonly string[] | undefined;
}

/** Which series a file holds as far as it is known before its rows are. */
export interface NamedSeries {
  readonly symbolOption: MarketSymbol | undefined;
  readonly timeframeOption: Timeframe | undefined;
  /** By option, file or file name. */
  readonly symbol: MarketSymbol | undefined;
  readonly timeframe: Timeframe | undefined;
  /** What folders like `symbol=AAPL` say, and what the file's name does, whoever else tells it. */
  readonly places: { readonly folders: ToldSeries; readonly name: ToldSeries };
  readonly clock: LocalClock | undefined;
  readonly rules: SymbolRules;
  symbolMissing(): InvalidInputError;
}

/** @throws InvalidInputError where an option or a name is wrong */
export function nameSeries(
  { name: path, tellingNames }: Pick<Source, 'name' | 'tellingNames'>,
  options: SeriesOptions,
  told: ToldByFile,
): NamedSeries {
  const rules = new SymbolRules(options.symbolRules ?? told.symbolRules ?? []);
  const name = seriesOfFileName(...tellingNames);
  const folders = seriesOfFolders(resolve(path));
  const toldSymbol = told.symbol ?? folders.symbol ?? name.symbol;
  const symbol = options.symbol ?? (toldSymbol === undefined ? undefined : rules.apply(toldSymbol));
  const timeframe = options.timeframe ?? told.timeframe ?? folders.timeframe ?? name.timeframe;
  const timezone = options.timezone ?? told.timezone;
  const settled = {
    symbol: symbol === undefined ? undefined : readOrThrow('symbol', (report) => readSymbol(symbol, 'symbol', report)),
    timeframe:
      timeframe === undefined
        ? undefined
        : readOrThrow('timeframe', (report) => readTimeframe(timeframe, 'timeframe', report)),
  };
  return {
    ...settled,
    symbolOption: options.symbol === undefined ? undefined : settled.symbol,
    timeframeOption: options.timeframe === undefined ? undefined : settled.timeframe,
    places: { folders, name },
    clock: timezone === undefined ? undefined : new LocalClock(timezone),
    rules,
    symbolMissing: () => {
      const rule = 'neither --symbol nor the name of the file tells the symbol';
      const hint =
        'pass --symbol, or name the file like AAPL.csv or AAPL_1d.csv; "wyckoff import" takes other names by --pattern';
      return fileError({ code: 'SYMBOL_MISSING', path: 'symbol', value: path, rule, hint });
    },
  };
}
