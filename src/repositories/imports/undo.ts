import type { Client, Session } from '../../database/session.js';
import type { SeriesKey } from '../../domain/series.js';
import { formatInstant } from '../../domain/time.js';
import { ConflictError } from '../../errors.js';
import { appendAuditEvents } from '../audit/append.js';
import { seriesName } from '../bars/catalog.js';
import { type SeriesWrites, type UndoneSeries, undoBars } from '../bars/undo-import.js';
import { runNotFound } from './runs.js';
import { rowsWrittenBy, sumsOf, type UndoneRows, undoRows } from './undo-rows.js';

/** What undoing an import has changed. */
export interface UndoResult {
  /** What was undone: a run, or one of its files. */
  readonly id: string;
  readonly runId: string;
  readonly files: number;
  readonly series: readonly UndoneRows[];
  /** Rows that were inserted, and are gone. */
  readonly deleted: number;
  /** Bars that were changed, and have their former values. */
  readonly restored: number;
}

interface Written extends SeriesKey {
  readonly fileId: string;
  readonly path: string;
  readonly inserted: number;
  readonly changed: number;
  readonly first: Date;
  readonly last: Date;
  readonly knownFrom: Date;
  readonly checksum: Buffer;
}

/**
 * Undoes a run, or one file of it, in one transaction: what it inserted goes, the bars that it replaced come back, with revisions of both, and an audit
 * event for each series of each file. Files that were undone already are left alone.
 * @throws NotFoundError RUN_NOT_FOUND; ConflictError ALREADY_UNDONE, UNDO_UNSUPPORTED; UndoRefusedError IMPORT_TOUCHED
 */
export async function undoImport(session: Session, id: string, actor: string): Promise<UndoResult> {
  return session.transaction(async (client) => {
    const runId = await lockRun(client, id);
    const files = await lockFiles(client, id);
    const rows = await rowsWrittenBy(client, files);
    const written = await barsWrittenBy(client, files);
    const undone = await undoBars(client, bySeries(written), id);
    const events = await undoRows(client, rows, { id, actor });
    await appendAuditEvents(client, [...written.map((write) => eventOf(write, undone, actor)), ...events]);
    await client.query({
      text: `UPDATE import_series SET undone_from = undone.at FROM unnest($2::text[], $3::text[], $4::timestamptz[]) AS undone (symbol, timeframe, at)
             WHERE file_id = ANY ($1) AND kind = 'bar' AND import_series.symbol = undone.symbol AND import_series.timeframe = undone.timeframe`,
      values: [
        files,
        undone.map((one) => one.symbol),
        undone.map((one) => one.timeframe),
        undone.map((one) => one.knownFrom.toISOString()),
      ],
    });
    await client.query({
      text: `UPDATE import_files SET status = 'undone', undone_at = clock_timestamp() WHERE id = ANY ($1)`,
      values: [files],
    });
    await client.query({
      text: `UPDATE import_runs SET status = 'undone', undone_at = clock_timestamp()
             WHERE id = $1 AND ($2 OR status <> 'running' AND NOT EXISTS (SELECT FROM import_files WHERE run_id = $1 AND status = 'imported'))`,
      values: [runId, id === runId],
    });
    const series: UndoneRows[] = [
      ...undone.map(({ symbol, timeframe, deleted, restored }) => {
        return { kind: 'bar' as const, symbol, timeframe, name: '', deleted, restored };
      }),
      ...sumsOf(rows),
    ];
    return {
      ...{ id, runId, files: files.length, series },
      deleted: series.reduce((sum, { deleted }) => sum + deleted, 0),
      restored: series.reduce((sum, { restored }) => sum + restored, 0),
    };
  });
}

interface Undoable {
  readonly id: string;
  readonly status: string;
  readonly undoneAt: Date | null;
}

/** Before any series, as an import that goes on does: so it waits for the file that this run is writing, and no later one is written. */
async function lockRun(client: Client, id: string): Promise<string> {
  const { rows } = await client.query<Undoable>({
    text: `SELECT id, status, undone_at AS "undoneAt" FROM import_runs
           WHERE id = $1 OR id = (SELECT run_id FROM import_files WHERE id = $1) FOR UPDATE`,
    values: [id],
  });
  const [run] = rows;
  if (!run) throw runNotFound(id);
  if (run.status === 'undone') throw alreadyUndone(id, run.undoneAt);
  return run.id;
}

async function lockFiles(client: Client, id: string): Promise<string[]> {
  const { rows } = await client.query<Undoable>({
    text: 'SELECT id, status, undone_at AS "undoneAt" FROM import_files WHERE run_id = $1 OR id = $1 ORDER BY id FOR UPDATE',
    values: [id],
  });
  if (rows.length === 1 && rows[0]!.id === id && rows[0]!.status === 'undone')
    throw alreadyUndone(id, rows[0]!.undoneAt);
  return rows.filter(({ status }) => status === 'imported').map((file) => file.id);
}

function alreadyUndone(id: string, at: Date | null): ConflictError {
  const when = at ? `, at ${formatInstant(at)}` : '';
  const hint = '"wyckoff import --runs" lists the imports';
  return new ConflictError('ALREADY_UNDONE', `the import ${id} was undone already${when}`, { hint });
}

async function barsWrittenBy(client: Client, files: readonly string[]): Promise<Written[]> {
  const { rows } = await client.query<Written>({
    text: `SELECT file_id AS "fileId", path, symbol, timeframe, inserted::float8 AS inserted, changed::float8 AS changed, written_first AS first,
                  written_last AS last, known_from AS "knownFrom", checksum
           FROM import_series JOIN import_files file ON file.id = file_id
           WHERE file_id = ANY ($1) AND kind = 'bar' AND inserted + changed > 0
           ORDER BY symbol COLLATE "C", timeframe COLLATE "C", known_from`,
    values: [files],
  });
  return rows;
}

function bySeries(written: readonly Written[]): SeriesWrites[] {
  const series = new Map<string, SeriesKey & { writes: SeriesWrites['writes'][number][] }>();
  for (const { symbol, timeframe, knownFrom, inserted, changed, first, last, checksum } of written) {
    const name = seriesName({ symbol, timeframe });
    const one = series.get(name) ?? { symbol, timeframe, writes: [] };
    one.writes.push({ knownFrom, bars: inserted + changed, first, last, checksum });
    series.set(name, one);
  }
  return [...series.values()];
}

function eventOf({ fileId, path, inserted, changed, ...key }: Written, undone: readonly UndoneSeries[], actor: string) {
  const name = seriesName(key);
  return {
    eventType: 'BARS_IMPORT_UNDONE',
    entityType: 'BAR_SERIES' as const,
    entityId: undone.find((one) => seriesName(one) === name)!.seriesId,
    actor,
    action: `undid the import of ${inserted + changed} bars of ${name}`,
    metadata: { source: path, inserted, changed },
    correlationId: fileId,
  };
}
