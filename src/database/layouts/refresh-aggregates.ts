import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '../pool.js';
import type { Client } from '../session.js';
import { requireOwner } from './apply.js';
import { HYPERTABLES } from './hypertables.js';
import type { Layout } from './layout.js';

export interface RefreshOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: RefreshProgress) => void) | undefined;
}

/** A day of one symbol counts as one. */
export interface RefreshProgress {
  readonly done: number;
  readonly total: number;
}

export interface RefreshReport {
  /** Days that are in the aggregates now. */
  readonly refreshed: number;
  /** Days that were written again meanwhile, and wait for the next refresh. */
  readonly changed: number;
  /** Days that have not ended (UTC), which a refresh leaves out. */
  readonly open: number;
}

/** The job's, too: hashtext() of it is the key of an advisory lock. */
const LOCK = "hashtext('wyckoff bar aggregates')";
/** Milliseconds between two looks at whether the other refresh has ended. */
const TURN = 200;

/**
 * Brings the continuous aggregates up to date, as the job does every hour: the days whose 1m bars changed, newest first, up to 30 at a time. It
 * may be stopped between any two steps, and waits for another refresh that is under way. Undefined where the database has no aggregates.
 *
 * @throws DatabaseError STORAGE_NOT_OWNER
 */
export async function refreshAggregates(
  { pool, layout }: { readonly pool: Pool; readonly layout: Layout },
  { signal, onProgress = () => {} }: RefreshOptions = {},
): Promise<RefreshReport | undefined> {
  if (layout.aggregates.size === 0) return undefined;
  return pool.withClient(async (client) => {
    await requireOwner(client, HYPERTABLES.find(({ table }) => table === 'ohlcv_bars')!);
    try {
      await client.query('SET statement_timeout = 0');
      await waitForTurn(client, signal);
      const before = await countDays(client);
      let day: string | null = null;
      do {
        signal?.throwIfAborted();
        const { beforeDay, waiting } = await refreshStep(client, day);
        day = beforeDay;
        onProgress({ done: before.ended - waiting, total: before.ended });
      } while (day !== null);
      const after = await countDays(client);
      return { refreshed: Math.max(before.ended - after.ended, 0), changed: after.ended, open: after.open };
    } finally {
      // Where the connection was lost the server has done it.
      await client.query('SELECT pg_advisory_unlock_all(); RESET statement_timeout').catch(() => {});
    }
  });
}

async function waitForTurn(client: Client, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    const { rows } = await client.query<{ taken: boolean }>(`SELECT pg_try_advisory_lock(${LOCK}) AS taken`);
    if (rows[0]!.taken) return;
    await sleep(TURN, undefined, { signal });
  }
}

/** As text: a DATE would become midnight of this process's time zone. */
const AS_TEXT = { getTypeParser: () => (value: string) => value };

async function refreshStep(client: Client, day: string | null): Promise<{ beforeDay: string | null; waiting: number }> {
  const { rows } = await client.query<{ before_day: string | null; waiting: string }>({
    text: 'CALL refresh_bar_aggregates($1::date, NULL)',
    values: [day],
    types: AS_TEXT,
  });
  return { beforeDay: rows[0]!.before_day, waiting: Number(rows[0]!.waiting) };
}

async function countDays(client: Client): Promise<{ ended: number; open: number }> {
  const { rows } = await client.query<{ ended: number; open: number }>(
    `SELECT count(*) FILTER (WHERE day < today)::int AS ended, count(*) FILTER (WHERE day >= today)::int AS open
     FROM bar_aggregate_changes, (SELECT (now() AT TIME ZONE 'UTC')::date AS today) AS clock`,
  );
  return rows[0]!;
}
