import type { Client } from '../session.js';

/**
 * Entries of the server's lock table that a chunk takes: itself, its index, its TOAST table and that one's index. Making a chunk locks
 * all of them until the transaction ends; a read of all chunks two, and two more of each that is compressed.
 */
export const LOCKS_PER_CHUNK = 4;

export interface LockTable {
  /** How many locks all transactions together can hold. */
  readonly capacity: number;
  readonly perTransaction: number;
  readonly sessions: number;
}

/** https://www.postgresql.org/docs/current/runtime-config-locks.html */
export async function readLockTable(client: Client): Promise<LockTable> {
  const { rows } = await client.query<{ perTransaction: number; sessions: number }>(`
    SELECT current_setting('max_locks_per_transaction')::int AS "perTransaction",
           current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int AS sessions`);
  const { perTransaction, sessions } = rows[0]!;
  return { capacity: perTransaction * sessions, perTransaction, sessions };
}

/** Whether one statement over so many chunks leaves others half of the lock table. */
export function hasRoom({ capacity }: LockTable, chunks: number): boolean {
  return chunks * LOCKS_PER_CHUNK <= capacity / 2;
}

/** The setting with which it does, as a power of two. It takes effect when the server is started again. */
export function enoughLocks({ sessions }: LockTable, chunks: number): string {
  const wanted = (2 * chunks * LOCKS_PER_CHUNK) / sessions;
  const setting = Math.max(64, 2 ** Math.ceil(Math.log2(wanted)));
  return `ALTER SYSTEM SET max_locks_per_transaction = ${setting};`;
}
