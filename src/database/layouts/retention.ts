import { randomUUID } from 'node:crypto';
import { DatabaseError } from '../../errors.js';
import type { Pool } from '../pool.js';
import type { Client } from '../session.js';
import { intervalError } from './compress.js';

/** How long bars are kept, and what the next run would remove. */
export interface Retention {
  /** As SQL has it, e.g. `10 years`; null: for ever. */
  readonly keep: string | null;
  readonly setBy: string | null;
  readonly setAt: Date | null;
  /** The first instant that is kept, a midnight in UTC. */
  readonly cutoff: Date | null;
  /** Older than that, now. */
  readonly series: number;
  readonly bars: number;
  /** From the audit trail. */
  readonly lastRemoval: Date | null;
}

export interface RetainedSeries {
  readonly symbol: string;
  readonly timeframe: string;
  readonly bars: number;
  /** Former values of bars, likewise gone. */
  readonly revisions: number;
}

export interface RetentionRunOptions {
  /** Who the audit trail names. */
  readonly actor: string;
  readonly signal?: AbortSignal | undefined;
  /** Called after each transaction, with the instant up to which bars are gone. */
  readonly onProgress?: ((removedBefore: Date) => void) | undefined;
}

/**
 * @param keep e.g. `10 years`; null: for ever
 * @throws DatabaseError INTERVAL_INVALID, RETENTION_TOO_SHORT, PERMISSION_DENIED
 */
export async function setRetention(pool: Pool, keep: string | null, actor: string): Promise<Retention> {
  return pool.transaction(async (client) => {
    if (keep === null) await client.query("DELETE FROM retention_policies WHERE relation = 'ohlcv_bars'");
    else await write(client, keep, actor);
    return readRetention(client);
  });
}

async function write(client: Client, keep: string, actor: string): Promise<void> {
  try {
    const { rows } = await client.query<{ enough: boolean }>("SELECT $1::interval >= INTERVAL '1 day' AS enough", [
      keep,
    ]);
    if (!rows[0]!.enough) {
      throw new DatabaseError('RETENTION_TOO_SHORT', `bars are kept for a day at least, not for ${keep}`, {
        hint: "10 years is usual: wyckoff storage retention set '10 years'",
      });
    }
  } catch (error) {
    throw intervalError(error, keep);
  }
  await client.query(
    `INSERT INTO retention_policies (relation, keep, set_by) VALUES ('ohlcv_bars', $1, $2)
     ON CONFLICT (relation) DO UPDATE SET keep = excluded.keep, set_by = excluded.set_by, updated_at = now()
     WHERE retention_policies.keep::text <> excluded.keep::text`,
    [keep, actor],
  );
}

export async function readRetention(client: Client): Promise<Retention> {
  const { rows } = await client.query<Omit<Retention, 'bars' | 'lastRemoval'>>(`
    SELECT keep::text, set_by AS "setBy", updated_at AS "setAt", cutoff,
           (SELECT count(*)::int FROM bar_series WHERE first_timestamp < cutoff) AS series
    FROM (SELECT) AS one LEFT JOIN retention_policies ON relation = 'ohlcv_bars', LATERAL (
      SELECT date_trunc('day', now() AT TIME ZONE 'UTC' - keep) AT TIME ZONE 'UTC' AS cutoff) AS bound`);
  const found = rows[0]!;
  const { rows: events } = await client.query<{ last: Date | null }>(
    "SELECT max(timestamp) AS last FROM audit_trail WHERE entity_type = 'BAR_SERIES' AND event_type = 'BARS_RETAINED'",
  );
  let bars = 0;
  if (found.series > 0) {
    const { rows: counted } = await client.query<{ bars: string }>(
      'SELECT count(*) AS bars FROM ohlcv_bars WHERE timestamp < $1',
      [found.cutoff!.toISOString()],
    );
    bars = Number(counted[0]!.bars);
  }
  return { ...found, bars, lastRemoval: events[0]!.last };
}

/**
 * Removes what is older than the retention allows, in stretches of a hundred chunks, each a transaction with its audit events: it may be
 * stopped between any two. Undefined where retention is off.
 */
export async function runRetention(
  pool: Pool,
  { actor, signal, onProgress = () => {} }: RetentionRunOptions,
): Promise<RetainedSeries[] | undefined> {
  const cutoff = await pool.withClient(async (client) => {
    const { rows } = await client.query<{ cutoff: string | null }>('SELECT bar_retention_cutoff()::text AS cutoff');
    return rows[0]!.cutoff;
  });
  if (cutoff === null) return undefined;
  const correlationId = randomUUID();
  const removed = new Map<string, RetainedSeries>();
  for (;;) {
    signal?.throwIfAborted();
    const rows = await pool.transaction(async (client) => {
      const { rows: stretches } = await client.query<{ stretch: string | null }>(
        'SELECT bar_retention_stretch($1)::text AS stretch',
        [cutoff],
      );
      const { stretch } = stretches[0]!;
      if (stretch === null) return undefined;
      const { rows: series } = await client.query<{
        symbol: string;
        timeframe: string;
        removed: string;
        revisions: string;
      }>('SELECT * FROM retain_bars($1, $2, $3)', [stretch, actor, correlationId]);
      return { series, stretch };
    });
    if (!rows) return [...removed.values()];
    for (const { symbol, timeframe, removed: bars, revisions } of rows.series) {
      const name = `${symbol} ${timeframe}`;
      const former = removed.get(name) ?? { bars: 0, revisions: 0 };
      removed.set(name, {
        symbol,
        timeframe,
        bars: former.bars + Number(bars),
        revisions: former.revisions + Number(revisions),
      });
    }
    onProgress(new Date(rows.stretch));
  }
}
