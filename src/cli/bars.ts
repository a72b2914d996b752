/** `wyckoff bars`: look at what is stored, and delete of it. */
import { type Command, Option } from 'commander';
import type { Bar } from '../domain/bar.js';
import type { Series, SeriesInput } from '../domain/series.js';
import { formatInstant } from '../domain/time.js';
import type { Timeframe } from '../domain/timeframe.js';
import { readInstantArgument, readLimitArgument } from './arguments.js';
import { BAR_COLUMNS, BAR_TABLE, barCells, barRows } from './bar-rows.js';
import { registerDeleteCommand } from './bars-delete.js';
import { registerGapsCommand } from './bars-gaps.js';
import { withBars } from './context.js';
import { FORMATS, type Format, note, printCsv, printJson, say } from './output.js';
import { firstBars, requireSeries, seriesCommand } from './series.js';
import { type Column, renderTable } from './table.js';

/** A table has to know all of its rows before the first is printed; nobody reads more of them than this. */
const LONGEST_TABLE = 1_000;

const LIST_COLUMNS = ['symbol', 'timeframe', 'first', 'last', 'count', 'volume_scale'];
const LIST_TABLE: readonly Column[] = [
  ...['symbol', 'timeframe', 'first', 'last'].map((title) => ({ title })),
  { title: 'bars', align: 'right' },
  { title: 'volume decimals', align: 'right' },
];

const EXIT_STATUS = '\nExit status: 0 fine, 1 refused (there is no such series), 2 wrong usage.';

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
    .description('show the bars that WYCKOFF_BACKEND has, find what is missing, delete');
  bars
    .command('list')
    .description('every series with its first and last bar, how many there are, and the decimals of its volumes')
    .addOption(formatOption())
    .addOption(jsonOption())
    .addHelpText('after', `\nExample: wyckoff bars list --json\n${EXIT_STATUS}`)
    .action(list);
  seriesCommand(bars, 'range')
    .description('the bars of a series from one instant to another, oldest first')
    .option('--from <instant>', 'first instant that belongs to it (default: the first bar)', readInstantArgument)
    .option('--to <instant>', 'first instant that no longer does (default: after the last bar)', readInstantArgument)
    .option('--known-at <instant>', 'what the store had been told by then', readInstantArgument)
    .addOption(formatOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nAn instant is 2024-01-02 or 2024-01-02T14:30:00Z; one without a zone is UTC.\n' +
        `\nExample: wyckoff bars range AAPL 1d --from 2024-01-01 --to 2024-02-01 --format csv\n${EXIT_STATUS}`,
    )
    .action(range);
  seriesCommand(bars, 'latest')
    .description('the newest bars of a series, oldest of them first')
    .option('--limit <bars>', 'how many', readLimitArgument, 10)
    .addOption(formatOption())
    .addOption(jsonOption())
    .addHelpText('after', `\nExample: wyckoff bars latest SPY 1d --limit 5\n${EXIT_STATUS}`)
    .action(latest);
  registerGapsCommand(bars);
  registerDeleteCommand(bars);
}

function jsonOption(): Option {
  return new Option('--json', 'the same as --format json').implies({ format: 'json' });
}

function formatOption(): Option {
  return new Option('--format <format>', 'how to print it').choices(FORMATS).default('table');
}

async function list({ format }: FormatOption): Promise<void> {
  const series = await withBars((store) => store.series());
  if (series.length === 0) note(`The store has no bars yet. ${await firstBars()}`);
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
