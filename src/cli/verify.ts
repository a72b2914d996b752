/** `wyckoff verify`: are the bars of files in the database, all of them and as they are? */
import { type Command, Option } from 'commander';
import { readLimitArgument } from './arguments.js';
import { withStore } from './context.js';
import { note } from './output.js';
import { addReadingOptions, type ReadingCommandOptions, readReadingOptions } from './reading-options.js';
import { printVerification, printVerificationJson } from './verify-report.js';

const EXIT_DIFFERS = 1;

interface VerifyCommandOptions extends ReadingCommandOptions {
  pattern?: string;
  onError: 'stop' | 'skip';
  sample?: number;
  json?: true;
}

export function registerVerifyCommand(program: Command): void {
  const command = program
    .command('verify')
    .description('compare files with the database, bar by bar; changes nothing')
    .argument(
      '<path...>',
      'files, or folders of them, as for `wyckoff import`: bars, or trades, quotes and order books',
    );
  addReadingOptions(command)
    .option('--pattern <pattern>', "how names of files tell series, e.g. '{symbol}-{timeframe}-{any}.csv'")
    .addOption(
      new Option('--on-error <mode>', 'bad rows of a file are a difference, or are left out')
        .choices(['stop', 'skip'])
        .default('stop'),
    )
    .option(
      '--sample <stretches>',
      'to be quick: only so many stretches of 100 bars, from all over a file',
      readLimitArgument,
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nEvery bar of a file is looked for and every value compared. Between the first and the last bar of the file the database must have no\n' +
        'others; what it has before and behind them is left alone. The stored bars there are held against their rules and ratios, and the\n' +
        'catalog against the whole series. Each series is read in one snapshot, so that writers may go on. Then the last year of the series\n' +
        'is read 50 times; how long that took is told and not judged.\n' +
        '\nExample: wyckoff verify AAPL_1d.csv\n         wyckoff verify prices.csv --symbol ES --timeframe 1m --timezone America/New_York --json\n' +
        '\nExit status: 0 when nothing differs, 1 when something does or a file could not be read, 2 wrong usage.',
    )
    .action(verify);
}

async function verify(
  paths: string[],
  { json, pattern, onError, sample, ...how }: VerifyCommandOptions,
): Promise<void> {
  const options = { ...(await readReadingOptions(how)), pattern, onError, sample };
  const { result, reads } = await withStore(async (store, signal) => {
    const verified = await store.files.verify({
      paths,
      ...options,
      signal,
      onProgress: json ? undefined : showProgress(),
    });
    const { timeYearReads } = await import('../check/year-reads.js');
    const series = verified.files.flatMap((file) => (file.kind === 'bars' ? file.series : []));
    return { result: verified, reads: await timeYearReads(store.bars, series, signal) };
  });
  if (!result.passed) process.exitCode = EXIT_DIFFERS;
  if (json) printVerificationJson(result, reads);
  else printVerification(result, reads);
}

/** A line at the start of each file, on stderr. */
function showProgress(): (progress: { readonly path: string; readonly phase: string }) => void {
  let current = '';
  return ({ path, phase }) => {
    if (current === path + phase) return;
    current = path + phase;
    note(`${path}: ${phase === 'read' ? 'reading and checking' : 'comparing'}`);
  };
}
