/** `wyckoff import --runs`, `--files` and `--undo`: what was imported, and the way back. */
import { counted } from '../domain/counted.js';
import { formatInstant } from '../domain/time.js';
import { UndoRefusedError } from '../errors.js';
import { seriesTitle } from '../transfer/import/result.js';
import { withStore } from './context.js';
import { plain } from './ledger/format.js';
import { note, say, sayJson } from './output.js';
import { type Column, renderTable } from './table.js';

const SHOWN_SERIES = 20;

const RUNS: readonly Column[] = [
  { title: 'run' },
  { title: 'started' },
  { title: 'status' },
  { title: 'imported', align: 'right' },
  { title: 'there already', align: 'right', optional: true },
  { title: 'failed', align: 'right' },
  { title: 'inserted', align: 'right' },
  { title: 'changed', align: 'right' },
  { title: 'actor', optional: true },
];

const FILES: readonly Column[] = [
  { title: 'file' },
  { title: 'id' },
  { title: 'status' },
  { title: 'series' },
  { title: 'rows', align: 'right' },
  { title: 'inserted', align: 'right' },
  { title: 'changed', align: 'right' },
];

export async function listRuns(limit: number | undefined, json: boolean): Promise<void> {
  const runs = await withStore((store) => store.files.runs(limit === undefined ? {} : { limit }));
  if (json) return sayJson({ runs });
  if (runs.length === 0) return note('Nothing was imported yet.');
  const cells = runs.map((run) => [
    ...[run.id, formatInstant(run.startedAt), run.status, count(run.imported + run.undone), count(run.skipped)],
    ...[count(run.failed), count(run.inserted), count(run.changed), run.actor],
  ]);
  say((await renderTable(RUNS, cells)).text);
  if (runs.some(({ status }) => status === 'running')) note('A run that is still "running" goes on, or was killed.');
}

export async function listFiles(run: string, json: boolean): Promise<void> {
  const files = await withStore((store) => store.files.ofRun(run));
  if (json) return sayJson({ files });
  if (files.length === 0) return note('No file of it was imported, and none failed.');
  const cells = files.map(({ path, id, status, series, rows }) => {
    const [first] = series;
    const more = series.length > 1 ? ` and ${series.length - 1} more` : '';
    const sum = (name: 'inserted' | 'changed') => count(series.reduce((total, one) => total + one[name], 0));
    const name = first ? seriesTitle(first) + more : '';
    return [plain(path), id, status, name, count(rows), sum('inserted'), sum('changed')];
  });
  say((await renderTable(FILES, cells)).text);
  for (const { path, error } of files) if (error) note(plain(`${path}: ${error}`));
}

/** Tells what stands in the way where it is refused. */
export async function undo(run: string, json: boolean): Promise<void> {
  try {
    const result = await withStore((store) => store.files.undo(run));
    if (json) return sayJson(result);
    say(
      `Undone: ${counted(result.deleted, 'row')} deleted, ${count(result.restored)} restored, of ${counted(result.files, 'file')}.`,
    );
    for (const one of result.series.slice(0, SHOWN_SERIES))
      say(`  ${seriesTitle(one)}: ${count(one.deleted)} deleted, ${count(one.restored)} restored`);
    if (result.series.length > SHOWN_SERIES) say(`  and ${count(result.series.length - SHOWN_SERIES)} more series`);
  } catch (error) {
    if (error instanceof UndoRefusedError) {
      for (const one of error.touched) {
        const gone = one.removed > 0 ? `, of ${count(one.removed)} nothing is left` : '';
        note(`${seriesTitle(one)}: ${counted(one.count, 'row is', 'rows are')} not as imported${gone}`);
        for (const { timestamp, since } of one.examples)
          note(`  ${formatInstant(timestamp)} ${since ? `was changed at ${formatInstant(since)}` : 'was deleted'}`);
      }
    }
    throw error;
  }
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
