/** Commands about one series. */
import { Argument, type Command } from 'commander';
import type { SeriesInput } from '../domain/series.js';
import { TIMEFRAMES } from '../domain/timeframe.js';
import { InvalidInputError } from '../errors.js';
import type { BarStore } from '../transfer/backends/bar-store.js';
import { readSymbolArgument } from './arguments.js';

const SHOWN_SERIES = 20;

export function seriesCommand(bars: Command, name: string): Command {
  return bars
    .command(name)
    .argument('<symbol>', 'for example AAPL or BTC/USDT', readSymbolArgument)
    .addArgument(new Argument('<timeframe>').choices(TIMEFRAMES));
}

/** An answer without bars is no answer where the series does not exist: most likely its name was mistyped. */
export async function requireSeries(bars: Pick<BarStore, 'series'>, key: SeriesInput): Promise<void> {
  const series = await bars.series();
  const names = series.map(({ symbol, timeframe }) => `${symbol} ${timeframe}`);
  const name = `${key.symbol} ${key.timeframe}`;
  if (names.includes(name)) return;
  const rest =
    names.length > SHOWN_SERIES
      ? ` and ${(names.length - SHOWN_SERIES).toLocaleString('en-US')} more ("wyckoff bars list")`
      : '';
  const hint = names.length === 0 ? await firstBars() : `there are ${names.slice(0, SHOWN_SERIES).join(', ')}${rest}`;
  const rule = names.length === 0 ? 'the store has no bars yet' : 'the store has no such series';
  throw new InvalidInputError([{ code: 'SERIES_UNKNOWN', path: '', value: name, rule, hint }], 'series');
}

/** Where bars come from, said to whom has none. */
export async function firstBars(): Promise<string> {
  const { readConfig } = await import('../config.js');
  const { backend, barsDirectory } = readConfig();
  if (backend === 'files')
    return `WYCKOFF_BACKEND is files, and they are looked for in ${barsDirectory} (WYCKOFF_BARS_DIR), with names like AAPL_1d.csv.`;
  return '"wyckoff seed" loads sample data, "wyckoff import FILE" your own.';
}
