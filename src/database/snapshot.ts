import type { Client as WholeClient } from 'pg';
import type { Client } from './session.js';

/**
 * Runs reads that belong together in one snapshot of the database. In a transaction that is under way they are part of that one, and share what
 * its isolation lets them share.
 */
export async function inSnapshot<T>(client: Client, read: () => Promise<T>): Promise<T> {
  if ((client as WholeClient).getTransactionStatus() !== 'I') return read();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    const answer = await read();
    await client.query('COMMIT');
    return answer;
  } catch (error) {
    // Where the connection was cut there is nothing left to roll back, and the first error is the one to tell.
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}
