import { randomUUID } from 'node:crypto';
import { readChoice } from '../../domain/choice.js';
import { readOrThrow } from '../../domain/problem.js';
import { DatabaseError } from '../../errors.js';
import type { Pool } from '../pool.js';
import type { Client } from '../session.js';
import { intervalError } from './compress.js';
import { HYPERTABLES, type HypertableDesign } from './hypertables.js';

/** How long the rows of a table are kept, and what the next run would remove. */
export interface Retention {
  readonly table: string;
  /** As SQL has it, e.g. `10 years`; null: for ever. */
  readonly keep: string | null;
  readonly setBy: string | null;
  readonly setAt: Date | null;
  /** The first instant that is kept, a midnight in UTC. */
  readonly cutoff: Date | null;
  /** Older than that, now. */
  readonly series: number;
  readonly rows: number;
  /** From the audit trail. */
  readonly lastRemoval: Date | null;
}

/** What a run removed from a table for which retention is set. */
export interface RetainedTable {
  readonly table: string;
  readonly series: readonly RetainedSeries[];
}

export interface RetainedSeries {
  readonly symbol: string;
  /** Of bars and indicators; empty elsewhere, as is `name`, which only indicators have. */
  readonly timeframe: string;
  readonly name: string;
  readonly rows: number;
  /** Former values of bars, likewise gone. */
  readonly revisions: number;
}

export interface RetentionRunOptions {
  /** Default: every table for which retention is set. */
  readonly table?: string | undefined;
  /** Who the audit trail names. */
  readonly actor: string;
  readonly signal?: AbortSignal | undefined;
  /** Called after each transaction, with the instant up to which rows are gone. */
  readonly onProgress?: ((table: string, removedBefore: Date) => void) | undefined;
}

/**
 * @param keep e.g. `10 years`; null: for ever
 * @throws InvalidInputError CHOICE_UNKNOWN for what is no table of series
 * @throws DatabaseError INTERVAL_INVALID, RETENTION_TOO_SHORT, PERMISSION_DENIED
 */
export async function setRetention(pool: Pool, table: string, keep: string | null, actor: string): Promise<Retention> {
  const [design] = designsOf(table);
  return pool.transaction(async (client) => {
    if (keep === null) await client.query('DELETE FROM retention_policies WHERE relation = $1', [table]);
    else await write(client, table, keep, actor);
    return readTable(client, design!);
  });
}

async function write(client: Client, table: string, keep: string, actor: string): Promise<void> {
  try {
    const { rows } = await client.query<{ enough: boolean }>("SELECT $1::interval >= INTERVAL '1 day' AS enough", [
      keep,
    ]);
    if (!rows[0]!.enough) {
      throw new DatabaseError('RETENTION_TOO_SHORT', `rows are kept for a day at least, not for ${keep}`, {
        hint: "10 years is usual for bars: wyckoff storage retention set '10 years'",
      });
    }
  } catch (error) {
    throw intervalError(error, keep);
  }
  await client.query(
    `INSERT INTO retention_policies (relation, keep, set_by) VALUES ($1, $2, $3)
     ON CONFLICT (relation) DO UPDATE SET keep = excluded.keep, set_by = excluded.set_by, updated_at = now()
     WHERE retention_policies.keep::text <> excluded.keep::text`,
    [table, keep, actor],
  );
}

/** Of one table, or of all that have series. @throws InvalidInputError CHOICE_UNKNOWN */
export async function readRetention(client: Client, table?: string): Promise<Retention[]> {
  const retention: Retention[] = [];
  for (const design of designsOf(table)) retention.push(await readTable(client, design));
  return retention;
}

/** As retention_cutoff() has it, which programs that only look may not run. */
const CUTOFF = "date_trunc('day', now() AT TIME ZONE 'UTC' - keep) AT TIME ZONE 'UTC'";

async function readTable(client: Client, { table, catalog, time }: HypertableDesign): Promise<Retention> {
  const [ofTable, event] =
    catalog === 'bar_series'
      ? ['true', "entity_type = 'BAR_SERIES' AND event_type = 'BARS_RETAINED'"]
      : [
          'relation = policy.table',
          "entity_type = 'TIME_SERIES' AND event_type = 'TIME_SERIES_ROWS_RETAINED' AND metadata ->> 'relation' = policy.table",
        ];
  const { rows } = await client.query<Omit<Retention, 'rows'>>(
    `SELECT policy.*, (SELECT count(*)::int FROM ${catalog} WHERE ${ofTable} AND first_timestamp < policy.cutoff) AS series,
            (SELECT max(timestamp) FROM audit_trail WHERE ${event}) AS "lastRemoval"
     FROM (SELECT wanted AS table, keep::text, set_by AS "setBy", updated_at AS "setAt", ${CUTOFF} AS cutoff
           FROM (SELECT $1::text) AS one (wanted) LEFT JOIN retention_policies ON relation = wanted) AS policy`,
    [table],
  );
  const found = rows[0]!;
  if (found.series === 0) return { ...found, rows: 0 };
  const { rows: counted } = await client.query<{ rows: string }>(
    `SELECT count(*) AS rows FROM ${table} WHERE ${time} < $1`,
    [found.cutoff!.toISOString()],
  );
  return { ...found, rows: Number(counted[0]!.rows) };
}

/**
 * Removes what is older than the retention allows, in stretches of a hundred chunks, each a transaction with its audit events: it may be
 * stopped between any two. Empty where retention is off.
 * @throws InvalidInputError CHOICE_UNKNOWN
 */
export async function runRetention(
  pool: Pool,
  { table, actor, signal, onProgress = () => {} }: RetentionRunOptions,
): Promise<RetainedTable[]> {
  const correlation = randomUUID();
  const tables: RetainedTable[] = [];
  for (const design of designsOf(table)) {
    let removed: Map<string, RetainedSeries> | undefined;
    for (;;) {
      signal?.throwIfAborted();
      // Anew each time: whoever sets another one while this is at work means what is still there.
      const cutoff = await readCutoff(pool, design);
      if (cutoff === null) break;
      removed ??= new Map();
      const step = await pool.transaction((client) => removeStretch(client, design, cutoff, actor, correlation));
      if (!step) break;
      for (const one of step.series) {
        const key = `${one.symbol} ${one.timeframe} ${one.name}`;
        const { rows = 0, revisions = 0 } = removed.get(key) ?? {};
        removed.set(key, { ...one, rows: rows + one.rows, revisions: revisions + one.revisions });
      }
      onProgress(design.table, new Date(step.stretch));
    }
    if (removed) tables.push({ table: design.table, series: [...removed.values()] });
  }
  return tables;
}

async function readCutoff(pool: Pool, { table }: HypertableDesign): Promise<string | null> {
  return pool.withClient(async (client) => {
    const { rows } = await client.query<{ cutoff: string | null }>('SELECT retention_cutoff($1)::text AS cutoff', [
      table,
    ]);
    return rows[0]!.cutoff;
  });
}

/** Undefined: nothing is left to do. */
async function removeStretch(
  client: Client,
  { table, catalog }: HypertableDesign,
  cutoff: string,
  actor: string,
  correlation: string,
): Promise<{ stretch: string; series: RetainedSeries[] } | undefined> {
  // The first run may remove years, and on the plain layout all of it is one statement.
  await client.query('SET LOCAL statement_timeout = 0');
  const { rows: stretches } = await client.query<{ stretch: string | null }>(
    'SELECT retention_stretch($1, $2)::text AS stretch',
    [table, cutoff],
  );
  const { stretch } = stretches[0]!;
  if (stretch === null) return undefined;
  const { rows } =
    catalog === 'bar_series'
      ? await client.query<Removed>("SELECT *, '' AS name FROM retain_bars($1, $2, $3)", [stretch, actor, correlation])
      : await client.query<Removed>('SELECT *, 0 AS revisions FROM retain_time_series($1, $2, $3, $4)', [
          ...[table, stretch, actor, correlation],
        ]);
  return {
    stretch,
    series: rows.map(({ symbol, timeframe, name, removed, revisions }) => ({
      ...{ symbol, timeframe, name },
      ...{ rows: Number(removed), revisions: Number(revisions) },
    })),
  };
}

interface Removed {
  readonly symbol: string;
  readonly timeframe: string;
  readonly name: string;
  readonly removed: string;
  readonly revisions: string;
}

function designsOf(table: string | undefined): HypertableDesign[] {
  if (table === undefined) return [...HYPERTABLES];
  const names = HYPERTABLES.map((design) => design.table);
  const name = readOrThrow('table', (report) => readChoice(table, names, 'the table', 'table', report));
  return HYPERTABLES.filter((design) => design.table === name);
}
