/** `wyckoff bars gaps`: what a series lacks by a trading calendar. */
import type { Command } from 'commander';
import { counted } from '../domain/counted.js';
import { formatInstant } from '../domain/time.js';
import type { Timeframe } from '../domain/timeframe.js';
import type { GapReport } from '../transfer/calendar/gap-report.js';
import type { GapsInput } from '../transfer/calendar/gaps.js';
import { readInstantArgument } from './arguments.js';
import { withBars, withStore } from './context.js';
import { note, say, sayJson } from './output.js';
import { requireSeries, seriesCommand } from './series.js';
import { type Column, renderTable } from './table.js';

const EXIT_GAPS = 1;
const SHOWN = 40;

const GAP_TABLE: readonly Column[] = [
  { title: 'missing from' },
  { title: 'to (not included)' },
  { title: 'bars', align: 'right' },
  { title: 'likely reason' },
];
const EXTRA_TABLE: readonly Column[] = [
  { title: 'bars beside the calendar, from' },
  { title: 'to (included)' },
  { title: 'bars', align: 'right' },
  { title: 'where' },
];

interface GapsOptions {
  readonly calendar?: string;
  readonly from?: Date;
  readonly to?: Date;
  readonly json?: true;
}

export function registerGapsCommand(bars: Command): void {
  seriesCommand(bars, 'gaps')
    .description('the bars that a series lacks by a trading calendar, and those that it has beside it')
    .option('--calendar <name>', 'nyse, 24x7, forex, or a JSON file (default: told by the bars themselves)')
    .option('--from <instant>', 'first instant that is judged (default: the first bar)', readInstantArgument)
    .option('--to <instant>', 'first instant that is not (default: after the last bar)', readInstantArgument)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nNothing is missing before the first bar of a series; behind its last one only where --to says that there should be more.\n' +
        'The calendar nyse has the regular hours of US exchanges with holidays, half days and closures of 2000 to 2030; other years are\n' +
        'not judged. A calendar file has the hours of each weekday, holidays and half days:\n' +
        '  {"zone": "Europe/London", "sessions": {"mon": ["08:00-16:30"], "tue": ["08:00-16:30"]},\n' +
        '   "holidays": {"2024-12-25": "Christmas Day"}, "halfDays": {"2024-12-24": ["08:00-12:30"]}}\n' +
        '\nExample: wyckoff bars gaps AAPL 1d\n         wyckoff bars gaps ES 1m --calendar hours.json --from 2024-01-01 --json\n' +
        '\nExit status: 0 no bar is missing, 1 some are (or it was refused), 2 wrong usage.',
    )
    .action(gaps);
}

async function gaps(symbol: string, timeframe: Timeframe, options: GapsOptions): Promise<void> {
  const { json, ...request } = options;
  const input = { symbol, timeframe, ...request };
  const { readConfig } = await import('../config.js');
  // The database reads the instants alone, which is far quicker than bars.
  const report = await (readConfig().backend === 'postgres' ? storedGaps(input) : gapsOfBars(input));
  if (report.missing > 0) process.exitCode = EXIT_GAPS;
  if (json) sayJson(toJson(report));
  else await print(report);
}

function storedGaps(input: GapsInput): Promise<GapReport> {
  return withStore(async (store, signal) => {
    if ((await store.bars.series(input)).length === 0) await requireSeries(store.bars, input);
    return store.gaps({ ...input, signal });
  });
}

function gapsOfBars(input: GapsInput): Promise<GapReport> {
  return withBars(async (bars, signal) => {
    const [{ findGaps }, { openingsOf }] = await Promise.all([
      import('../transfer/calendar/gaps.js'),
      import('../transfer/calendar/openings.js'),
    ]);
    await requireSeries(bars, input);
    return findGaps((key) => openingsOf(bars, key), { ...input, signal });
  });
}

async function print(report: GapReport): Promise<void> {
  const { symbol, timeframe, calendar, guessedBy, bars, expected, missing, reasons, extra } = report;
  const at = (instant: Date) => (timeframe === '1d' ? formatInstant(instant).slice(0, 10) : formatInstant(instant));
  const guess = guessedBy === null ? '' : ` (guessed: ${guessedBy}; --calendar names another)`;
  say(`${symbol} ${timeframe} against the calendar ${calendar}${guess}`);
  say(`${at(report.from)} to ${at(report.to)}: ${counted(bars, 'bar')}, ${counted(expected, 'bar')} expected`);
  for (const part of report.notJudged)
    say(
      `not judged: ${at(part.from)} to ${at(part.to)}, ${counted(part.bars, 'bar')}; the calendar ${calendar} does not know it`,
    );
  for (const { from, to, reason } of report.closures)
    say(`closed: ${from === to ? from : `${from} to ${to}`}, ${reason}; that is no gap`);
  if (report.from >= report.to) say('Nothing was judged.');
  else if (missing === 0) say('No bar is missing.');
  else {
    const gapCount = Object.values(reasons).reduce((sum, reason) => sum + reason.gaps, 0);
    const why = Object.entries(reasons).map(
      ([reason, sum]) => `${reason}: ${counted(sum.bars, 'bar')} in ${sum.gaps.toLocaleString('en-US')}`,
    );
    say(`${counted(missing, 'bar')} missing in ${counted(gapCount, 'gap')} (${why.join('; ')})`);
    const rows = report.gaps
      .slice(0, SHOWN)
      .map((gap) => [at(gap.from), at(gap.to), gap.bars.toLocaleString('en-US'), gap.reason]);
    await printTable(GAP_TABLE, rows, gapCount);
  }
  if (extra === 0) return;
  say(`${counted(extra, 'bar')} beside the calendar`);
  const rows = report.extraBars
    .slice(0, SHOWN)
    .map((stretch) => [at(stretch.first), at(stretch.last), stretch.bars.toLocaleString('en-US'), stretch.reason]);
  await printTable(EXTRA_TABLE, rows, report.extraBars.length);
}

async function printTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  all: number,
): Promise<void> {
  const { text } = await renderTable(columns, rows);
  say(text);
  if (all > rows.length) note(`These are the first ${rows.length}; --json lists up to 1,000.`);
}

function toJson({ from, to, gaps: found, extraBars, notJudged, ...rest }: GapReport) {
  const stretch = <T extends { readonly from: Date; readonly to: Date }>(one: T) => ({
    ...one,
    from: formatInstant(one.from),
    to: formatInstant(one.to),
  });
  return {
    ...rest,
    ...stretch({ from, to }),
    gaps: found.map(stretch),
    extraBars: extraBars.map((one) => ({ ...one, first: formatInstant(one.first), last: formatInstant(one.last) })),
    notJudged: notJudged.map(stretch),
  };
}
