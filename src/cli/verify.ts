/** `wyckoff verify`: are the bars of files in the database, all of them and as they are? */
import { type Command, Option } from 'commander';
import type { YearReads } from '../check/year-reads.js';
import { counted } from '../domain/counted.js';
import { formatInstant } from '../domain/time.js';
import type {
  DifferenceExample,
  DifferenceKind,
  Differences,
  FileVerification,
  SeriesVerification,
  StorageVerification,
} from '../transfer/verify/verification.js';
import { readLimitArgument } from './arguments.js';
import { withStore } from './context.js';
import { note, say, sayJson } from './output.js';

const EXIT_DIFFERS = 1;

/** What each kind means, and what to do about it. */
const MEANINGS: Readonly<Record<DifferenceKind, readonly [meaning: string, hint?: string]>> = {
  rejected: ['rows of the file are no bars', 'mend the file, or leave them out with --on-error skip'],
  'series-missing': ['the database has no bars of it', 'wyckoff import writes them'],
  'volume-scale': ['volumes were read with another number of decimals than the series has, and not compared'],
  count: ['the database has another number of bars there', 'verify without --sample tells which'],
  missing: ['bars of the file are not in the database', 'wyckoff import writes them'],
  extra: ['bars of the database, between the first and the last of the file, are not in the file'],
  value: [
    'bars have other values in the database',
    'wyckoff import replaces them, and keeps the former values as revisions',
  ],
  rule: [
    'stored bars break low <= open, close <= high, or have a negative volume',
    'wyckoff doctor: is a CHECK missing?',
  ],
  ratio: [
    'stored ratios are not those that the bars before make',
    'something else than the store wrote there: bars.recomputeRatios() mends them',
  ],
  catalog: ['the catalog does not say what the bars are', 'wyckoff doctor --full prints what mends it'],
};

interface VerifyCommandOptions {
  symbol?: string;
  timeframe?: string;
  timezone?: string;
  onError: 'stop' | 'skip';
  sample?: number;
  json?: true;
}

export function registerVerifyCommand(program: Command): void {
  program
    .command('verify')
    .description('compare files with the database, bar by bar; changes nothing')
    .argument('<file...>', 'as for `wyckoff import`')
    // How a file is read: the same options as of `wyckoff import`.
    .option('--symbol <symbol>', 'symbol of the bars (default: from a name like AAPL.csv or AAPL_1d.csv)')
    .option('--timeframe <timeframe>', '1m, 5m, 15m, 1h or 1d (default: from such a name, else from the spacing)')
    .option('--timezone <zone>', 'zone of times without one, e.g. America/New_York (default: UTC; not used for 1d)')
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

async function verify(paths: string[], { json, ...options }: VerifyCommandOptions): Promise<void> {
  const { result, reads } = await withStore(async (store, signal) => {
    const verified = await store.verifyFiles({
      paths,
      ...options,
      signal,
      onProgress: json ? undefined : showProgress(),
    });
    const { timeYearReads } = await import('../check/year-reads.js');
    const series = verified.files.flatMap((file) => file.series);
    return { result: verified, reads: await timeYearReads(store.bars, series, signal) };
  });
  if (!result.passed) process.exitCode = EXIT_DIFFERS;
  const { passed, files, storage } = result;
  if (json) return sayJson({ passed, files: files.map(fileJson), storage, reads: reads ?? null });
  for (const file of files) printFile(file);
  printStorage(storage);
  if (reads) printReads(reads);
  say(passed ? 'Nothing differs.' : 'There are differences.');
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

function printFile(file: FileVerification): void {
  const { path, error, passed, seconds } = file;
  if (error) {
    note(`${path}: not verified. ${error.message} [${error.code}]`);
    if (error.hint) note(`  hint: ${error.hint}`);
    return;
  }
  const sampled = file.series.some(({ sample }) => sample !== null);
  const verdict = passed ? (sampled ? 'the same, as far as it was compared' : 'the same') : 'DIFFERS';
  say(`${path}: ${verdict}, ${counted(file.rows, 'row')} in ${seconds.toFixed(1)} s`);
  if (file.rejected > 0)
    say(`  ${counted(file.rejected, 'row')} of it ${file.rejected === 1 ? 'is no bar' : 'are no bars'}`);
  for (const difference of file.differences) printDifferences(difference);
  for (const series of file.series) printSeries(series);
}

function printSeries({
  symbol,
  timeframe,
  bars,
  compared,
  sample,
  stored,
  first,
  last,
  asOf,
  differences,
}: SeriesVerification): void {
  const how =
    sample === null
      ? `all ${counted(bars, 'bar')} compared`
      : `${counted(compared, 'bar')} of ${bars.toLocaleString('en-US')} compared, a sample of ${counted(sample.stretches, 'stretch', 'stretches')}`;
  say(`  ${symbol} ${timeframe}: ${how}, from ${formatInstant(first)} to ${formatInstant(last)}`);
  say(`    the database has ${counted(stored, 'bar')} there, as of ${formatInstant(asOf)}`);
  for (const difference of differences) printDifferences(difference);
}

function printDifferences({ kind, count, fields, examples }: Differences): void {
  const [meaning, hint] = MEANINGS[kind];
  const byField = Object.entries(fields).map(([field, of]) => `${field} of ${of.toLocaleString('en-US')}`);
  say(
    `    ${kind}, ${count.toLocaleString('en-US')}: ${meaning}${byField.length > 0 ? ` (${byField.join(', ')})` : ''}`,
  );
  for (const example of examples) say(`      ${describe(example)}`);
  const shown = new Set(examples.map(({ line, timestamp }) => `${line} ${timestamp?.getTime()}`)).size;
  if (count > shown && shown > 1) say(`      and ${(count - shown).toLocaleString('en-US')} more`);
  if (hint !== undefined) say(`      hint: ${hint}`);
}

function describe({ line, timestamp, field, expected, found }: DifferenceExample): string {
  const place = [
    line === null ? [] : `line ${line}`,
    timestamp === null ? [] : formatInstant(timestamp),
    field ?? [],
  ].flat();
  const values = [expected === null ? [] : `expected ${expected}`, found === null ? [] : `found ${found}`].flat();
  return [place.join(', '), values.join(', ')].filter((part) => part !== '').join(': ');
}

function printStorage({ judged, checked, differences }: StorageVerification): void {
  if (!judged) return;
  say(`storage: ${checked}`);
  for (const { object, expected, found, mend } of differences) {
    say(`  storage: ${object}: expected ${expected}, found ${found}`);
    say(`    hint: ${mend}`);
  }
}

function printReads({ p50, p95, runs, series, bars }: YearReads): void {
  say(
    `reads of the last year (up to ${counted(bars, 'bar')}) of ${series.join(', ')}: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms in ${counted(runs, 'run')}`,
  );
}

function fileJson({ error, seconds, series, differences, ...file }: FileVerification) {
  return {
    ...file,
    series: series.map(({ first, last, asOf, ...one }) => ({
      ...one,
      ...{ first: formatInstant(first), last: formatInstant(last), asOf: formatInstant(asOf) },
      differences: one.differences.map(differencesJson),
    })),
    differences: differences.map(differencesJson),
    seconds: Math.round(seconds * 1000) / 1000,
    error: error && { code: error.code, message: error.message, hint: error.hint ?? null },
  };
}

function differencesJson({ examples, ...rest }: Differences) {
  return {
    ...rest,
    examples: examples.map((example) => ({
      ...example,
      timestamp: example.timestamp && formatInstant(example.timestamp),
    })),
  };
}
