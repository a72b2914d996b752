/** `wyckoff bars`: look at what is stored. */
import { Argument, type Command, Option } from 'commander';
import type { Bar } from '../domain/bar.js';
import type { Series, SeriesInput } from '../domain/series.js';
import { formatInstant } from '../domain/time.js';
import { TIMEFRAMES, type Timeframe } from '../domain/timeframe.js';
import { InvalidInputError } from '../errors.js';
import type { BarStore } from '../transfer/backends/bar-store.js';
import { readInstantArgument, readLimitArgument, readSymbolArgument } from './arguments.js';
import { BAR_COLUMNS, BAR_TABLE, barCells, barRows } from './bar-rows.js';
import { withBars } from './context.js';
import { FORMATS, type Format, note, printCsv, printJson, say } from './output.js';
import { type Column, renderTable } from './table.js';

/** A table has to know all of its rows before the first is printed; nobody reads more of them than this. */
const LONGEST_TABLE = 1_000;
const SHOWN_SERIES = 20;

const LIST_COLUMNS = ['symbol', 'timeframe', 'first', 'last', 'count', 'volume_scale'];
const LIST_TABLE: readonly Column[] = [
  ...['symbol', 'timeframe', 'first', 'last'].map((title) => ({ title })),
  { title: 'bars', align: 'right' },
  { title: 'volume decimals', align: 'right' },
];

interface FormatOption {
  readonly format: Format;
}

interface RangeOptions extends FormatOption {
  readonly from?: Date;
  readonly to?: Date;
  readonly knownAt?: Date;
}

export function registerBarsCommands(program: Command): void {
  const bars = program
    .command('bars')
    .description('show the bars that are stored: in the database, or where WYCKOFF_BACKEND has them');
  bars
    .command('list')
    .description('every series with its first and last bar, how many there are, and the decimals of its volumes')
    .addOption(formatOption())
    .addHelpText('after', '\nExample: wyckoff bars list --format json')
    .action(list);
  seriesCommand(bars, 'range')
    .description('the bars of a series from one instant to another, oldest first')
    .option('--from <instant>', 'first instant that belongs to it (default: the first bar)', readInstantArgument)
    .option('--to <instant>', 'first instant that no longer does (default: after the last bar)', readInstantArgument)
    .option('--known-at <instant>', 'what the store had been told by then', readInstantArgument)
    .addOption(formatOption())
    .addHelpText(
      'after',
      '\nAn instant is 2024-01-02 or 2024-01-02T14:30:00Z; one without a zone is UTC.\n' +
        '\nExample: wyckoff bars range AAPL 1d --from 2024-01-01 --to 2024-02-01 --format csv',
    )
    .action(range);
  seriesCommand(bars, 'latest')
    .description('the newest bars of a series, oldest of them first')
    .option('--limit <bars>', 'how many', readLimitArgument, 10)
    .addOption(formatOption())
    .addHelpText('after', '\nExample: wyckoff bars latest SPY 1d --limit 5')
    .action(latest);
}

function seriesCommand(bars: Command, name: string): Command {
  return bars
    .command(name)
    .argument('<symbol>', 'for example AAPL or BTC/USDT', readSymbolArgument)
    .addArgument(new Argument('<timeframe>').choices(TIMEFRAMES));
}

function formatOption(): Option {
  return new Option('--format <format>', 'how to print it').choices(FORMATS).default('table');
}

async function list({ format }: FormatOption): Promise<void> {
  const series = await withBars((store) => store.series());
  if (series.length === 0) note(`The store has no bars yet. ${FIRST_BARS}`);
  if (format === 'csv') await printCsv(LIST_COLUMNS, series.map(seriesRow));
  else if (format === 'json') await printJson(LIST_COLUMNS, series.map(seriesRow));
  else if (series.length > 0) await printTable(LIST_TABLE, series.map(seriesCells));
}

async function range(symbol: string, timeframe: Timeframe, { format, ...window }: RangeOptions): Promise<void> {
  const key = { symbol, timeframe };
  await withBars(async (store, signal) => {
    const bars = store.iterate({ ...key, ...window, signal });
    const first = await bars.next();
    if (first.done) await requireSeries(store, key);
    const found = resumed(first, bars);
    if (format === 'csv') return printCsv(BAR_COLUMNS, barRows(found));
    if (format === 'json') return printJson(BAR_COLUMNS, barRows(found));
    const shown: Bar[] = [];
    for await (const bar of found) if (shown.push(bar) === LONGEST_TABLE) break;
    await printBars(key, shown);
    if (shown.length < LONGEST_TABLE) return;
    const all = await store.count({ ...key, ...window });
    if (all > LONGEST_TABLE)
      note(`These are the first ${counted(LONGEST_TABLE)} of ${counted(all)}; --format csv prints all.`);
  });
}

async function latest(symbol: string, timeframe: Timeframe, options: FormatOption & { limit: number }): Promise<void> {
  const { format, limit } = options;
  const key = { symbol, timeframe };
  const bars = await withBars(async (store) => {
    const found = await store.latest({ ...key, limit });
    if (found.length === 0) await requireSeries(store, key);
    return found;
  });
  if (format === 'csv') await printCsv(BAR_COLUMNS, barRows(bars));
  else if (format === 'json') await printJson(BAR_COLUMNS, barRows(bars));
  else await printBars(key, bars);
}

async function* resumed(first: IteratorResult<Bar, void>, rest: AsyncGenerator<Bar, void>): AsyncGenerator<Bar> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

async function printBars({ symbol, timeframe }: SeriesInput, bars: readonly Bar[]): Promise<void> {
  if (bars.length === 0)
    return note(`${symbol} ${timeframe} has no bars there; "wyckoff bars list" shows from when to when it goes.`);
  say(`${symbol} ${timeframe}, ${bars.length === 1 ? '1 bar' : `${counted(bars.length)} bars`}, times in UTC`);
  await printTable(BAR_TABLE, barCells(bars));
}

async function printTable(columns: readonly Column[], rows: readonly (readonly string[])[]): Promise<void> {
  const { text, leftOut } = await renderTable(columns, rows);
  say(text);
  if (leftOut.length > 0) note(`No room here for ${leftOut.join(', ')}; --format csv prints every column.`);
}

/** An answer without bars is no answer where the series does not exist: most likely its name was mistyped. */
async function requireSeries(store: BarStore, key: SeriesInput): Promise<void> {
  const series = await store.series();
  const names = series.map(({ symbol, timeframe }) => `${symbol} ${timeframe}`);
  const name = `${key.symbol} ${key.timeframe}`;
  if (names.includes(name)) return;
  const rest =
    names.length > SHOWN_SERIES ? ` and ${counted(names.length - SHOWN_SERIES)} more ("wyckoff bars list")` : '';
  const hint = names.length === 0 ? FIRST_BARS : `there are ${names.slice(0, SHOWN_SERIES).join(', ')}${rest}`;
  const rule = names.length === 0 ? 'the store has no bars yet' : 'the store has no such series';
  throw new InvalidInputError([{ code: 'SERIES_UNKNOWN', path: '', value: name, rule, hint }], 'series');
}

const FIRST_BARS = '"wyckoff seed" loads sample data, "wyckoff import FILE" your own.';

function seriesRow({ symbol, timeframe, first, last, count, volumeScale }: Series) {
  return {
    symbol,
    timeframe,
    first: formatInstant(first),
    last: formatInstant(last),
    count,
    volume_scale: volumeScale,
  };
}

function seriesCells({ symbol, timeframe, first, last, count, volumeScale }: Series): string[] {
  return [symbol, timeframe, formatInstant(first), formatInstant(last), counted(count), `${volumeScale}`];
}

function counted(count: number): string {
  return count.toLocaleString('en-US');
}
