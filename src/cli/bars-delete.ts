/** `wyckoff bars delete`: takes bars out of a series; their values stay as revisions. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { counted } from '../domain/counted.js';
import { formatInstant } from '../domain/time.js';
import type { Timeframe } from '../domain/timeframe.js';
import { readInstantArgument } from './arguments.js';
import { withBars } from './context.js';
import { note, say, sayJson } from './output.js';
import { requireSeries, seriesCommand } from './series.js';

const EXIT_REFUSED = 1;

interface DeleteOptions {
  readonly from: Date;
  readonly to: Date;
  readonly yes?: true;
  readonly json?: true;
}

export function registerDeleteCommand(bars: Command): void {
  seriesCommand(bars, 'delete')
    .description('delete the bars of a series from one instant to another; asks first')
    .requiredOption('--from <instant>', 'first instant that belongs to it', readInstantArgument)
    .requiredOption('--to <instant>', 'first instant that no longer does', readInstantArgument)
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nThe values stay as revisions (range --known-at shows them), and the audit trail has an event of it.\n' +
        'Without a terminal to ask on, --yes must be said.\n' +
        '\nExample: wyckoff bars delete AAPL 1d --from 2024-01-02 --to 2024-01-03\n' +
        '\nExit status: 0 deleted, or there was nothing to delete; 1 the answer was no, or there is no such series; 2 wrong usage.',
    )
    .action(deleteBars);
}

async function deleteBars(
  symbol: string,
  timeframe: Timeframe,
  options: DeleteOptions,
  command: Command,
): Promise<void> {
  const { from, to, yes, json } = options;
  if (!yes && !process.stdin.isTTY)
    command.error('error: there is no terminal to ask on: say --yes to delete without being asked');
  const window = { symbol, timeframe, from, to };
  const deleted = await withBars(async (bars, signal) => {
    const count = await bars.count(window);
    if (count === 0) await requireSeries(bars, window);
    const what = `${counted(count, 'bar')} of ${symbol} ${timeframe} from ${formatInstant(from)} to ${formatInstant(to)}`;
    if (count === 0) note(`There is nothing to delete: ${what}.`);
    else if (!yes && !(await agreed(`Delete ${what}?`, signal))) return undefined;
    return count === 0 ? 0 : bars.delete(window);
  });
  if (deleted === undefined) {
    note('Nothing was deleted.');
    process.exitCode = EXIT_REFUSED;
  }
  const result = { symbol, timeframe, from: formatInstant(from), to: formatInstant(to), deleted: deleted ?? 0 };
  if (json) sayJson(result);
  else if (deleted) say(`${counted(deleted, 'bar')} of ${symbol} ${timeframe} deleted.`);
}

/** On standard error: standard output may be a program's. */
async function agreed(question: string, signal: AbortSignal): Promise<boolean> {
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `, { signal })).trim());
  } catch (error) {
    signal.throwIfAborted();
    if ((error as Error).name !== 'AbortError') throw error;
    note('');
    return false; // Ctrl+C or Ctrl+D
  } finally {
    asking.close();
  }
}
