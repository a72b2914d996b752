/** `wyckoff inspect`: what is in a file, and how to import it. */
import type { Command } from 'commander';
import { counted } from '../domain/counted.js';
import { formatInstant } from '../domain/time.js';
import { describeProblem } from '../errors.js';
import { KEPT_PROBLEMS } from '../transfer/read/file-problem.js';
import type { Inspection } from '../transfer/read/inspect.js';
import { withSignal } from './context.js';
import { say, sayJson } from './output.js';
import { addReadingOptions, type ReadingCommandOptions, readReadingOptions } from './reading-options.js';

const EXIT_REFUSED = 1;
const SHOWN_SERIES = 10;

interface InspectCommandOptions extends ReadingCommandOptions {
  readonly json?: true;
}

export function registerInspectCommand(program: Command): void {
  const command = program
    .command('inspect')
    .description('say what a file is, what of it would be rejected, and the command that imports it; needs no database')
    .argument('<file...>', 'CSV or Parquet, packed by gzip or zip or not; archive.zip!entry.csv is one of several');
  addReadingOptions(command)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExample: wyckoff inspect prices.csv\n' +
        '\nExit status: 0 the command that is shown imports every row, 1 a file cannot be used or some rows would be rejected,\n' +
        '2 wrong usage.',
    )
    .action(async (paths: string[], options: InspectCommandOptions) => {
      const { json, map } = options;
      const inspections: Inspection[] = [];
      await withSignal(async (signal) => {
        const { inspectFile } = await import('../transfer/read/inspect.js');
        const settings = await readReadingOptions(options);
        for (const path of await sourcesOf(paths, signal)) {
          const inspection = await inspectFile(path, { ...settings, ...(map ? { mapPath: map } : {}), signal });
          inspections.push(inspection);
          if (!json) show(inspection);
        }
      });
      if (json) sayJson({ files: inspections.map(toJson) });
      if (inspections.some(({ command, stillRejected }) => command === null || stillRejected > 0))
        process.exitCode = EXIT_REFUSED;
    });
}

/** A file that cannot be opened is told of when it is inspected. */
async function sourcesOf(paths: readonly string[], signal: AbortSignal): Promise<string[]> {
  const { listSources } = await import('../transfer/read/archive/source.js');
  const sources = await Promise.all(paths.map((path) => listSources(path, { signal }).catch(() => [path])));
  return sources.flat();
}

function show(inspection: Inspection): void {
  const { path, layout, kind, rows, mapping, leftOut, series, duplicates, error } = inspection;
  say(path);
  if (error) {
    say(`  cannot be imported: ${error.message} [${error.code}]`);
    if (error.hint) say(`  hint: ${error.hint}`);
    return;
  }
  const line = (title: string, text: string) => say(`  ${title.padEnd(10)} ${text}`);
  line('layout', `${layout}, ${counted(rows, 'row')} of ${kind}`);
  const columns = Object.entries(mapping).map(([field, column]) => (field === column ? field : `${field} = ${column}`));
  if (columns.length > 0) line('columns', columns.join(', '));
  if (leftOut.length > 0) line('left out', leftOut.join(', '));
  for (const [index, one] of series.slice(0, SHOWN_SERIES).entries()) {
    const scale = one.volumeScale ? `, volumes with ${one.volumeScale} decimals` : '';
    const named = [one.symbol, one.timeframe].filter(Boolean).join(' ');
    const range = `from ${formatInstant(one.first)} to ${formatInstant(one.last)}`;
    line(index === 0 ? 'series' : '', `${named}: ${count(one.rows)} ${one.kind} ${range}${scale}`);
  }
  if (series.length > SHOWN_SERIES) line('', `and ${count(series.length - SHOWN_SERIES)} more series`);
  for (const [index, notice] of inspection.notices.entries()) line(index === 0 ? 'notices' : '', notice);
  if (duplicates > 0)
    line('repeated', `${counted(duplicates, 'row is', 'rows are')} the same as an earlier one, and collapse`);
  showProblems(inspection, line);
  if (inspection.command === null) return;
  say('  import it with');
  say(`    ${inspection.command}`);
  for (const advice of inspection.advice) say(`    ${advice}`);
}

const NOTHING = 'it has no row that can be imported';

function showProblems(
  { rejected, rows, reasons, rounded, stillRejected, command }: Inspection,
  line: (title: string, text: string) => void,
): void {
  if (rejected === 0) line('problems', command === null ? NOTHING : 'none');
  else {
    line('problems', `rows rejected without more options: ${count(rejected)} of ${count(rows)}`);
    for (const { code, problems, first } of reasons) {
      const more = problems === KEPT_PROBLEMS ? ' or more' : '';
      line('', `${describeProblem(first)} [${code}${problems === 1 ? '' : `, ${count(problems)} times${more}`}]`);
      if (first.hint && stillRejected > 0) line('', `  hint: ${first.hint}`);
    }
    const still = `rows rejected by the command below: ${stillRejected === 0 ? 'none' : count(stillRejected)}`;
    line('', command === null ? NOTHING : still);
  }
  const { prices, volumes } = rounded;
  if (prices + volumes === 0) return;
  line('rounding', `by the command below: ${counted(prices, 'price')}, ${counted(volumes, 'volume')}`);
}

function toJson({ error, series, ...inspection }: Inspection) {
  return {
    ...inspection,
    series: series.map((one) => ({ ...one, first: formatInstant(one.first), last: formatInstant(one.last) })),
    error: error && { code: error.code, message: error.message, hint: error.hint ?? null },
  };
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
