/** `wyckoff import`: bars out of files. */
import { SingleBar } from 'cli-progress';
import { type Command, Option } from 'commander';
import { formatInstant } from '../domain/time.js';
import { describeProblem, InvalidInputError, type Problem } from '../errors.js';
import type { FileImport, ImportProgress } from '../transfer/import/importer.js';
import { withStore } from './context.js';
import { note, say, sayJson } from './output.js';
import { addReadingOptions, type ReadingCommandOptions, readReadingOptions } from './reading-options.js';

const EXIT_FAILED = 1;
const SHOWN_PROBLEMS = 20;

interface ImportCommandOptions extends ReadingCommandOptions {
  onError: 'stop' | 'skip';
  json?: true;
}

export function registerImportCommand(program: Command): void {
  addReadingOptions(program.command('import'))
    .description('import bars from CSV files with a header; importing a file again changes nothing')
    .argument('<file...>', 'CSV with date or timestamp, open, high, low, close and volume, in any order; perhaps vwap')
    .addOption(
      new Option('--on-error <mode>', 'a file with bad rows: write nothing of it, or its other rows')
        .choices(['stop', 'skip'])
        .default('stop'),
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExample: wyckoff import AAPL_1d.csv\n         wyckoff import prices.csv --symbol ES --timeframe 1m --timezone America/New_York\n' +
        '\nExit status: 1 when a file was not imported.',
    )
    .action(async (paths: string[], options: ImportCommandOptions) => {
      const { json, onError } = options;
      const settings = { ...(await readReadingOptions(options)), onError };
      const progress = showProgress(json === true);
      try {
        const results = await withStore((store, signal) =>
          store.importFiles({ paths, ...settings, signal, onProgress: progress.show }),
        );
        progress.stop();
        if (json) sayJson({ files: results.map(toJson) });
        else for (const result of results) report(result);
        if (results.some((result) => result.error)) process.exitCode = EXIT_FAILED;
      } finally {
        progress.stop();
      }
    });
}

/** A bar on a terminal, a line at the start of each file elsewhere; on stderr, so that the report can be piped. */
function showProgress(quiet: boolean): { show: (progress: ImportProgress) => void; stop: () => void } {
  if (quiet) return { show: () => {}, stop: () => {} };
  if (!process.stderr.isTTY) {
    let current = '';
    const show = ({ path, phase }: ImportProgress) => {
      if (current === path + phase) return;
      current = path + phase;
      note(`${path}: ${phase === 'read' ? 'reading and checking' : 'writing'}`);
    };
    return { show, stop: () => {} };
  }
  const bar = new SingleBar({ format: '{bar} {percentage}% {phase} {path}', clearOnComplete: true, hideCursor: true });
  let current = '';
  const show = ({ path, phase, done, total }: ImportProgress) => {
    const fields = { path, phase: phase === 'read' ? 'reading' : 'writing' };
    if (current !== path + phase) bar.start(total, done, fields);
    else bar.update(done, fields);
    current = path + phase;
  };
  return { show, stop: () => bar.stop() };
}

function report(result: FileImport): void {
  if (result.error) reportFailure(result);
  else reportSuccess(result);
}

function reportSuccess(result: FileImport): void {
  const { path, series, inserted, changed, unchanged, duplicates, rejected, first, last, seconds } = result;
  const counts = [`${count(inserted)} inserted`, `${count(changed)} changed`, `${count(unchanged)} unchanged`];
  say(`${path}: ${series!.symbol} ${series!.timeframe}, ${counts.join(', ')} in ${seconds.toFixed(1)} s`);
  if (first && last) say(`  from ${formatInstant(first)} to ${formatInstant(last)}`);
  if (duplicates > 0) say(`  ${count(duplicates)} rows that repeat an earlier one collapsed`);
  if (rejected > 0) {
    say(`  ${count(rejected)} of ${count(result.rows)} rows rejected and left out:`);
    reportProblems(result, say);
  }
  for (const name of result.leftOut) say(`  column \`${name}\` left out`);
  for (const notice of result.notices) say(`  ${notice}`);
  say(`  look at it: wyckoff bars range ${series!.symbol} ${series!.timeframe}`);
}

function reportFailure(result: FileImport): void {
  const { path, error, rejected, rows, problems } = result;
  const rowsAreWrong = error instanceof InvalidInputError && error.problems === problems && rejected > 0;
  if (!rowsAreWrong) {
    note(`${path}: not imported. ${error!.message} [${error!.code}]`);
    const others = error instanceof InvalidInputError ? error.problems.slice(1, SHOWN_PROBLEMS) : [];
    for (const problem of others) note(`  ${sentence(problem)}`);
    if (error!.hint) note(`  hint: ${error!.hint}`);
    return;
  }
  note(`${path}: not imported, ${count(rejected)} of ${count(rows)} rows are wrong:`);
  reportProblems(result, note);
  note('  hint: mend the file, or import its other rows with --on-error skip');
}

function reportProblems({ problems, rejected }: FileImport, print: (line: string) => void): void {
  const shown = problems.slice(0, SHOWN_PROBLEMS);
  for (const problem of shown) print(`    ${sentence(problem)}`);
  const rest = rejected - new Set(shown.map((problem) => problem.line)).size;
  if (rest > 0) print(`    and ${count(rest)} more rows (--json lists up to 1,000 problems)`);
  const hints = new Set(shown.flatMap((problem) => problem.hint ?? []));
  for (const hint of hints) print(`    hint: ${hint}`);
}

function sentence(problem: Problem): string {
  return `${describeProblem(problem)} [${problem.code}]`;
}

function toJson({ error, first, last, seconds, ...result }: FileImport) {
  return {
    ...result,
    first: first && formatInstant(first),
    last: last && formatInstant(last),
    seconds: Math.round(seconds * 1000) / 1000,
    error: error && { code: error.code, message: error.message, hint: error.hint ?? null },
  };
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
