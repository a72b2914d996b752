import type { Client } from '../../database/session.js';
import type { JsonObject } from '../../domain/json.js';
import { ConflictError, NotFoundError } from '../../errors.js';

/** `running`: it goes on, or was killed. `undone`: all that it wrote was taken back. */
export type RunStatus = 'running' | 'finished' | 'aborted' | 'undone';

/** One import, of any number of files. */
export interface ImportRun {
  readonly id: string;
  readonly actor: string;
  /** The paths and options that were given. */
  readonly options: JsonObject;
  readonly status: RunStatus;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly undoneAt: Date | null;
  /** Files that were there already. */
  readonly skipped: number;
  readonly imported: number;
  readonly failed: number;
  /** Files that were imported and undone since. */
  readonly undone: number;
  readonly inserted: number;
  readonly changed: number;
}

/** One file of a run, as it is kept. */
export interface ImportedFile {
  readonly id: string;
  readonly runId: string;
  readonly path: string;
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly contentHash: string;
  readonly status: 'imported' | 'failed' | 'undone';
  /** Code and message of what failed. */
  readonly error: string | null;
  readonly rows: number;
  readonly rejected: number;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly undoneAt: Date | null;
  readonly series: readonly {
    readonly kind: string;
    readonly symbol: string;
    readonly timeframe: string;
    /** Of an indicator; empty for the others. */
    readonly name: string;
    readonly first: string;
    readonly last: string;
    readonly inserted: number;
    readonly changed: number;
    readonly unchanged: number;
  }[];
}

export async function startRun(client: Client, id: string, actor: string, options: JsonObject): Promise<void> {
  await client.query({
    text: 'INSERT INTO import_runs (id, actor, options, started_at) VALUES ($1, $2, $3, clock_timestamp())',
    values: [id, actor, JSON.stringify(options)],
  });
}

export async function endRun(
  client: Client,
  id: string,
  status: 'finished' | 'aborted',
  skipped: number,
): Promise<void> {
  await client.query({
    text: `UPDATE import_runs SET status = CASE status WHEN 'undone' THEN status ELSE $2 END, finished_at = clock_timestamp(), skipped = $3
           WHERE id = $1`,
    values: [id, status, skipped],
  });
}

/** Keeps a run from being undone until the transaction ends. @throws ConflictError RUN_UNDONE */
export async function requireRun(client: Client, id: string): Promise<void> {
  const { rows } = await client.query<{ status: RunStatus }>({
    text: 'SELECT status FROM import_runs WHERE id = $1 FOR KEY SHARE',
    values: [id],
  });
  if (rows[0]?.status !== 'undone') return;
  const hint = 'import the rest anew';
  throw new ConflictError('RUN_UNDONE', `the import ${id} was undone while it went on: it writes no more`, { hint });
}

const RUNS = `
  SELECT run.id, actor, options, run.status, run.started_at AS "startedAt", run.finished_at AS "finishedAt", run.undone_at AS "undoneAt", skipped,
         (SELECT count(*) FROM import_files file WHERE file.run_id = run.id AND file.status = 'imported')::int AS imported,
         (SELECT count(*) FROM import_files file WHERE file.run_id = run.id AND file.status = 'failed')::int AS failed,
         (SELECT count(*) FROM import_files file WHERE file.run_id = run.id AND file.status = 'undone')::int AS undone,
         coalesce(written.inserted, 0)::float8 AS inserted, coalesce(written.changed, 0)::float8 AS changed
  FROM import_runs run LEFT JOIN LATERAL (
    SELECT sum(inserted) AS inserted, sum(changed) AS changed
    FROM import_files file JOIN import_series one ON one.file_id = file.id WHERE file.run_id = run.id) written ON true`;

/** The newest runs first. */
export async function listRuns(client: Client, limit: number): Promise<ImportRun[]> {
  const { rows } = await client.query<ImportRun>({
    text: `${RUNS} ORDER BY run.started_at DESC, run.id LIMIT $1`,
    values: [limit],
  });
  return rows;
}

/** The files of a run that were imported, undone or failed, in the order in which that happened. @throws NotFoundError RUN_NOT_FOUND */
export async function listFiles(client: Client, runId: string): Promise<ImportedFile[]> {
  const { rows } = await client.query<ImportedFile>({
    text: `SELECT file.id, run_id AS "runId", path, encode(content_hash, 'hex') AS "contentHash", status, error, rows::float8 AS rows,
                  rejected::float8 AS rejected, started_at AS "startedAt", finished_at AS "finishedAt", undone_at AS "undoneAt",
                  coalesce((SELECT json_agg(json_build_object('kind', kind, 'symbol', symbol, 'timeframe', timeframe, 'name', name,
                      'first', to_char(first_timestamp, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'last', to_char(last_timestamp, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                      'inserted', inserted, 'changed', changed, 'unchanged', unchanged) ORDER BY symbol COLLATE "C", timeframe COLLATE "C", kind, name COLLATE "C")
                    FROM import_series one WHERE one.file_id = file.id), '[]') AS series
           FROM import_files file WHERE run_id = $1 OR file.id = $1 ORDER BY finished_at, path`,
    values: [runId],
  });
  if (rows.length > 0) return rows;
  const { rowCount } = await client.query({ text: 'SELECT FROM import_runs WHERE id = $1', values: [runId] });
  if (rowCount === 0) throw runNotFound(runId);
  return rows;
}

/** @throws NotFoundError RUN_NOT_FOUND */
export function runNotFound(id: string): NotFoundError {
  return new NotFoundError('RUN_NOT_FOUND', `there is no import ${id}, and no file of one`, {
    hint: '"wyckoff import --runs" lists them',
  });
}
