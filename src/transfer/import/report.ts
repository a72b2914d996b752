import { access, constants, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../database/make-directory.js';
import { formatInstant } from '../../domain/time.js';
import { describeProblem, WyckoffError } from '../../errors.js';
import { canUndo, type FileImport, type ImportResult, seriesTitle } from './result.js';

const SHOWN_PROBLEMS = 20;

/** Before anything is imported. @throws WyckoffError REPORT_UNWRITABLE */
export async function prepareReport(folder: string): Promise<void> {
  try {
    await makeDirectory(folder);
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unwritable(error, 'nothing was imported: name another folder');
  }
}

/** Writes `migration-report.json` and `MIGRATION_RESULTS.md` into a folder; those of an earlier import are replaced. @throws WyckoffError REPORT_UNWRITABLE */
export async function writeReport(folder: string, result: ImportResult, failure?: unknown): Promise<void> {
  const document = { ...importJson(result), failure: failure === undefined ? null : failureJson(failure) };
  try {
    await writeWhole(join(folder, 'migration-report.json'), `${JSON.stringify(document, undefined, 2)}\n`);
    await writeWhole(join(folder, 'MIGRATION_RESULTS.md'), markdown(result, failure));
  } catch (error) {
    throw unwritable(error, 'what was imported stays: "wyckoff import --runs" and "--files" list it');
  }
}

function unwritable(error: unknown, hint: string): WyckoffError {
  return new WyckoffError('REPORT_UNWRITABLE', `the report cannot be written: ${messageOf(error)}`, {
    hint,
    cause: error,
  });
}

/** An import as JSON: instants are ISO 8601. */
export function importJson({ runId, dryRun, startedAt, seconds, totals, files, leftOut }: ImportResult) {
  return {
    ...{ runId: dryRun ? null : runId, dryRun, startedAt: startedAt.toISOString(), seconds: rounded(seconds), totals },
    rate: rateOf(totals.rows, seconds),
    files: files.map(({ first, last, error, archiveError, seconds: took, series, ...file }) => ({
      ...file,
      first: first && formatInstant(first),
      last: last && formatInstant(last),
      series: series.map((one) => ({ ...one, first: formatInstant(one.first), last: formatInstant(one.last) })),
      seconds: rounded(took),
      rate: rateOf(file.rows, took),
      error: error && failureJson(error),
      archiveError: archiveError && failureJson(archiveError),
    })),
    leftOut,
  };
}

function failureJson(error: unknown) {
  if (!(error instanceof WyckoffError)) return { code: null, message: messageOf(error), hint: null };
  return { code: error.code, message: error.message, hint: error.hint ?? null };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

function rateOf(rows: number, seconds: number): number | null {
  return rows > 0 && seconds > 0 ? Math.round(rows / seconds) : null;
}

function markdown(result: ImportResult, failure: unknown): string {
  const { runId, dryRun, startedAt, seconds, totals, files, leftOut } = result;
  const lines = [
    `# ${dryRun ? 'Dry run of an import' : 'Import'}`,
    '',
    ...(failure === undefined
      ? []
      : [`**Broken off: ${cell(messageOf(failure))}.** What is listed here was done.`, '']),
    `- ${dryRun ? 'nothing was written' : `run ${runId}; ${canUndo(files) ? `\`wyckoff import --undo ${runId}\` takes it back` : 'it changed rows that keep no former values, and cannot be undone'}`}`,
    `- ${formatInstant(startedAt)}, ${seconds.toFixed(1)} s${speed(totals.rows, seconds)}`,
    `- ${count(totals.files)} files: ${count(totals.imported)} ${dryRun ? 'checked' : 'imported'}, ${count(totals.skipped)} there already, ${count(totals.failed)} failed` +
      (files.length < totals.files ? `, ${count(totals.files - files.length)} not come to` : ''),
    `- ${count(totals.rows)} rows: ${count(totals.inserted)} inserted, ${count(totals.changed)} changed, ${count(totals.unchanged)} unchanged, ` +
      `${count(totals.duplicates)} repeated, ${count(totals.rejected)} rejected; ${count(totals.rounded)} values rounded`,
    ...(totals.archived + totals.notArchived > 0
      ? [`- ${count(totals.archived)} moved to the archive, ${count(totals.notArchived)} kept back from it`]
      : []),
    '',
    '| file | series | rows | inserted | changed | unchanged | repeated | rejected | rounded | from | to | seconds | rows/s | outcome |',
    '|---|---|--:|--:|--:|--:|--:|--:|--:|---|---|--:|--:|---|',
    ...files.map(row),
  ];
  const failed = files.filter(({ error, archiveError }) => error ?? archiveError);
  if (failed.length > 0) lines.push('', '## Failures', ...failed.flatMap(failureLines));
  const rejecting = files.filter(({ rejected, error }) => rejected > 0 && !error);
  if (rejecting.length > 0) lines.push('', '## Rejected rows', ...rejecting.flatMap(problemLines));
  const said = files.filter(({ notices, leftOut: columns }) => notices.length + columns.length > 0);
  if (said.length > 0) lines.push('', '## How they were read', '', ...said.map(readingLine));
  if (leftOut.length > 0) {
    lines.push('', '## Left out', '', ...leftOut.map(({ path, reason }) => `- ${cell(path)}: ${cell(reason)}`));
  }
  return `${lines.join('\n')}\n`;
}

function row(file: FileImport): string {
  const { path, series, rows, inserted, changed, unchanged, duplicates, rejected, first, last, seconds } = file;
  const names = series.slice(0, 5).map(seriesTitle);
  if (series.length > 5) names.push(`and ${series.length - 5} more`);
  const outcome = file.archived === null ? file.status : `${file.status}, archived as ${file.archived}`;
  const cells = [
    ...[
      path,
      names.join(', '),
      count(rows),
      count(inserted),
      count(changed),
      count(unchanged),
      count(duplicates),
      count(rejected),
      count(file.rounded.prices + file.rounded.volumes),
    ],
    ...[
      first ? formatInstant(first) : '',
      last ? formatInstant(last) : '',
      seconds.toFixed(1),
      rateOf(rows, seconds)?.toLocaleString('en-US') ?? '',
    ],
    outcome,
  ];
  return `| ${cells.map(cell).join(' | ')} |`;
}

function readingLine({ path, layout, notices, leftOut }: FileImport): string {
  const columns = leftOut.length > 0 ? [`left out ${leftOut.join(', ')}`] : [];
  return `- ${cell(path)}: ${cell([...(layout === null ? [] : [layout]), ...columns, ...notices].join('; '))}`;
}

function failureLines(file: FileImport): string[] {
  const error = (file.error ?? file.archiveError)!;
  const head = ['', `### ${cell(file.path)}`, '', `${cell(error.message)} [${error.code}]`];
  return [
    ...head,
    ...(error.hint ? ['', `Hint: ${cell(error.hint)}`] : []),
    ...(file.rejected > 0 ? listed(file) : []),
  ];
}

function problemLines(file: FileImport): string[] {
  return ['', `### ${cell(file.path)}`, ...listed(file)];
}

function listed({ problems, rejected }: FileImport): string[] {
  const shown = problems.slice(0, SHOWN_PROBLEMS);
  const rest = rejected - new Set(shown.map(({ line }) => line)).size;
  const more = rest > 0 ? [`- and ${count(rest)} more rows; migration-report.json lists up to 1,000 problems`] : [];
  return ['', ...shown.map((problem) => `- ${cell(describeProblem(problem))} [${problem.code}]`), ...more];
}

function speed(rows: number, seconds: number): string {
  const rate = rateOf(rows, seconds);
  return rate === null ? '' : `, ${count(rate)} rows/s`;
}

/** In one line, and without what Markdown would take for its own: names of files may have anything but a slash. */
function cell(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').replace(/[\\|<`[]/g, String.raw`\$&`);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** All of it or nothing: whoever reads it never sees half a report. */
async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(draft, 'w');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
