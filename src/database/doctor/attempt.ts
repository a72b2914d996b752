import { ConnectionError, DatabaseError } from '../../errors.js';
import type { Pool } from '../pool.js';
import type { Client } from '../session.js';
import type { Findings } from './report.js';

/** Milliseconds that a check waits for a table which somebody holds. */
const LOCK_TIMEOUT = 5_000;

/**
 * The server itself sees to it that nothing is changed. In one snapshot: a statement by itself is planned before it takes its own, and would miss
 * the rows of a chunk that was made in between.
 */
export function readOnly<T>(pool: Pool, use: (client: Client) => Promise<T>): Promise<T> {
  return pool.transaction(async (client) => {
    // Compiling the plan of a statement over 3,600 chunks took minutes, running it a second.
    await client.query(
      `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL lock_timeout = ${LOCK_TIMEOUT}; SET LOCAL jit = off`,
    );
    return use(client);
  });
}

/** What the server refuses to show cannot be looked at; a server that is gone ends the examination. */
export async function attempt<T>(
  read: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly unseen: Findings }> {
  try {
    return { value: await read() };
  } catch (error) {
    if (!(error instanceof DatabaseError) || error instanceof ConnectionError) throw error;
    return { unseen: notChecked(error.message) };
  }
}

/** One check, by itself. */
export async function check(pool: Pool, use: (client: Client) => Promise<Findings>): Promise<Findings> {
  const outcome = await attempt(() => readOnly(pool, use));
  return 'value' in outcome ? outcome.value : outcome.unseen;
}

export function notChecked(reason: string): Findings {
  return { checked: '', notChecked: [reason] };
}
