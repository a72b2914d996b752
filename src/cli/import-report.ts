import { join } from 'node:path';
import { counted } from '../domain/counted.js';
import { formatInstant } from '../domain/time.js';
import { describeProblem, InvalidInputError, type Problem } from '../errors.js';
import { canUndo, type FileImport, type ImportResult, seriesTitle } from '../transfer/import/result.js';
import { plain } from './ledger/format.js';
import * as output from './output.js';

const SHOWN_PROBLEMS = 20;
/** Up to so many files each is told of in full; of more, in a line. */
const FEW = 5;
const SHOWN_FAILURES = 50;
const SHOWN_LEFT_OUT = 10;

/** Names of files may have anything but a slash. */
const say = (line: string) => output.say(plain(line));
const note = (line: string) => output.note(plain(line));

export function reportResult(result: ImportResult, reportFolder?: string): void {
  const { files, leftOut, totals, dryRun, runId, seconds } = result;
  const few = files.length <= FEW;
  for (const file of files) {
    if (file.error) continue;
    if (few) reportWhole(file);
    else if (file.status !== 'skipped') say(lineOf(file));
  }
  if (leftOut.length > 0) {
    say(`${counted(leftOut.length, 'file')} left out:`);
    for (const { path, reason } of leftOut.slice(0, SHOWN_LEFT_OUT)) say(`  ${path}: ${reason}`);
    if (leftOut.length > SHOWN_LEFT_OUT)
      say(`  and ${count(leftOut.length - SHOWN_LEFT_OUT)} more (--report lists all)`);
  }
  if (totals.files > 1) {
    say(`${count(totals.files)} files: ${outcomes(totals, dryRun)} in ${seconds.toFixed(1)} s`);
    say(`  ${rows(totals)}`);
  }
  if (dryRun) {
    if (sharesSeries(files)) say('Each file was compared with what is stored, not with the files before it.');
    say('Nothing was written: this was a dry run.');
  } else if (totals.inserted + totals.changed > 0 && canUndo(files))
    say(`Take it back: wyckoff import --undo ${runId}`);
  if (reportFolder !== undefined) say(`Report: ${join(reportFolder, 'MIGRATION_RESULTS.md')}`);
  reportFailures(files);
}

/** Then the counts of a dry run are not those of the import. */
function sharesSeries(files: readonly FileImport[]): boolean {
  const names = files.flatMap(({ series }) => series.map(seriesTitle));
  return new Set(names).size < names.length;
}

/** What a run that was stopped has done. */
export function reportInterrupted(files: readonly FileImport[]): void {
  const done = files.filter(({ error }) => !error).length;
  note(
    `Stopped. ${count(done)} ${done === 1 ? 'file is' : 'files are'} imported and ${done === 1 ? 'stays' : 'stay'}; nothing is left of the one under way.`,
  );
  note('To go on, run the same command again: what is there already is left alone.');
  note('To take it back: wyckoff import --runs, then wyckoff import --undo RUN.');
}

function outcomes(totals: ImportResult['totals'], dryRun: boolean): string {
  const parts = [`${count(totals.imported)} ${dryRun ? 'would be imported' : 'imported'}`];
  if (totals.skipped > 0) parts.push(`${count(totals.skipped)} there already`);
  if (totals.failed > 0) parts.push(`${count(totals.failed)} failed`);
  if (totals.archived > 0) parts.push(`${count(totals.archived)} archived`);
  if (totals.notArchived > 0) parts.push(`${count(totals.notArchived)} kept back from the archive`);
  return parts.join(', ');
}

function rows({ rows, inserted, changed, unchanged, duplicates, rejected, rounded }: ImportResult['totals']): string {
  const parts = [`${count(inserted)} inserted`, `${count(changed)} changed`, `${count(unchanged)} unchanged`];
  if (duplicates > 0) parts.push(`${count(duplicates)} repeated`);
  if (rejected > 0) parts.push(`${count(rejected)} rejected`);
  if (rounded > 0) parts.push(`${counted(rounded, 'value')} rounded`);
  return `${counted(rows, 'row')}: ${parts.join(', ')}`;
}

function lineOf({ path, series, inserted, changed, unchanged, rejected, seconds }: FileImport): string {
  const names = series.slice(0, 3).map(seriesTitle);
  if (series.length > 3) names.push(`and ${series.length - 3} more`);
  const counts = [`${count(inserted)} inserted`, `${count(changed)} changed`, `${count(unchanged)} unchanged`];
  if (rejected > 0) counts.push(`${counted(rejected, 'row')} rejected`);
  return `${path}: ${names.join(', ')}, ${counts.join(', ')} in ${seconds.toFixed(1)} s`;
}

function reportWhole(file: FileImport): void {
  const { path, status, series, duplicates, rejected } = file;
  if (status === 'skipped') say(`${path}: imported before, and the file is unchanged (--again imports it again)`);
  else say(lineOf(file));
  for (const one of series) {
    const { first, last, inserted, changed, unchanged } = one;
    const counts = `${count(inserted)} inserted, ${count(changed)} changed, ${count(unchanged)} unchanged, `;
    const name = series.length > 1 ? `${seriesTitle(one)}: ${status === 'skipped' ? '' : counts}` : '';
    say(`  ${name}from ${formatInstant(first)} to ${formatInstant(last)}`);
  }
  if (duplicates > 0) say(`  ${counted(duplicates, 'row that repeats', 'rows that repeat')} an earlier one collapsed`);
  if (rejected > 0 && status !== 'skipped') {
    say(`  ${count(rejected)} of ${counted(file.rows, 'row')} rejected and left out:`);
    reportProblems(file, say);
  }
  for (const name of file.leftOut) say(`  column \`${name}\` left out`);
  for (const notice of file.notices) say(`  ${notice}`);
  if (status === 'checked') return; // there is nothing to look at
  if (file.archived !== null) say(`  moved to ${file.archived}`);
  if (series[0]?.kind === 'bars') say(`  look at it: wyckoff bars range ${series[0].symbol} ${series[0].timeframe}`);
}

/** The last that is printed: what is to be done stands where the reader looks. */
function reportFailures(files: readonly FileImport[]): void {
  const failed = files.filter(({ error, archiveError }) => error ?? archiveError);
  for (const file of failed.slice(0, SHOWN_FAILURES)) reportFailure(file);
  if (failed.length > SHOWN_FAILURES)
    note(`and ${counted(failed.length - SHOWN_FAILURES, 'more file', 'more files')} failed (--report lists all)`);
}

function reportFailure(file: FileImport): void {
  const { path, rejected, rows, problems } = file;
  const error = (file.error ?? file.archiveError)!;
  if (file.archiveError) {
    note(`${path}: not archived. ${error.message} [${error.code}]`);
    if (error.hint) note(`  hint: ${error.hint}`);
    return;
  }
  const rowsAreWrong = error instanceof InvalidInputError && error.problems === problems && rejected > 0;
  if (!rowsAreWrong) {
    note(`${path}: not imported. ${error.message} [${error.code}]`);
    const others = error instanceof InvalidInputError ? error.problems.slice(1, SHOWN_PROBLEMS) : [];
    for (const problem of others) note(`  ${sentence(problem)}`);
    if (error.hint) note(`  hint: ${error.hint}`);
    return;
  }
  note(`${path}: not imported, ${count(rejected)} of ${counted(rows, 'row')} ${rejected === 1 ? 'is' : 'are'} wrong:`);
  reportProblems(file, note);
  note('  hint: mend the file, or import its other rows with --on-error skip');
}

function reportProblems({ problems, rejected }: FileImport, print: (line: string) => void): void {
  const shown = problems.slice(0, SHOWN_PROBLEMS);
  for (const problem of shown) print(`    ${sentence(problem)}`);
  const rest = rejected - new Set(shown.map((problem) => problem.line)).size;
  if (rest > 0) print(`    and ${counted(rest, 'more row')} (--json lists up to 1,000 problems)`);
  const hints = new Set(shown.flatMap((problem) => problem.hint ?? []));
  for (const hint of hints) print(`    hint: ${hint}`);
}

function sentence(problem: Problem): string {
  return `${describeProblem(problem)} [${problem.code}]`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
