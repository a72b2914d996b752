import { DatabaseError as ServerError, type Client as WholeClient } from 'pg';
import type { Client } from './session.js';

const LOCK_NOT_AVAILABLE = '55P03';
const TRIES = 5;

const holders = new WeakSet<Client>();

/** Whether the connection reads in a snapshot that {@link inSnapshot} took. */
export function holdsSnapshot(client: Client): boolean {
  return holders.has(client);
}

/**
 * Runs reads of these tables that belong together in one snapshot of the database. In a transaction that is under way they are part of that one,
 * and share what its isolation lets them share.
 *
 * A snapshot does not see rows that somebody moves to another chunk after it was taken. Nobody who has locked a table can do so, since its lock
 * comes before the snapshot; and a read that would have to wait for somebody's chunk ends instead: it is done once without a snapshot, which
 * waits, and then again in a new one.
 */
export async function inSnapshot<T>(client: Client, tables: readonly string[], read: () => Promise<T>): Promise<T> {
  if ((client as WholeClient).getTransactionStatus() !== 'I') return read();
  for (let left = TRIES; ; left -= 1) {
    try {
      return await readOnce(client, tables, read);
    } catch (error) {
      if (left === 1 || !(error instanceof ServerError) || error.code !== LOCK_NOT_AVAILABLE) throw error;
    }
    await read();
  }
}

async function readOnce<T>(client: Client, tables: readonly string[], read: () => Promise<T>): Promise<T> {
  try {
    await client.query(
      `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lock_timeout = 1;
       LOCK TABLE ONLY ${tables.join(', ')} IN ACCESS SHARE MODE`,
    );
    holders.add(client);
    const answer = await read();
    await client.query('COMMIT');
    return answer;
  } catch (error) {
    // Where the connection was cut there is nothing left to roll back, and the first error is the one to tell.
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  } finally {
    holders.delete(client);
  }
}

/** A chunk that is being moved or dropped while they are locked one by one is a deadlock at worst. */
const DEADLOCK = '40P01';

/**
 * As {@link inSnapshot}, for reads that last: it would begin them again. So the tables are locked with all of their chunks before the snapshot is
 * taken, as pg_dump does, and stay so until the end: readers and writers go on, and whoever would move, drop or compress a chunk waits. `read` is
 * called once. No time limit holds in it.
 */
export async function inLongSnapshot<T>(client: Client, tables: readonly string[], read: () => Promise<T>): Promise<T> {
  try {
    await lockForReading(client, tables);
    const answer = await read();
    await client.query('COMMIT');
    return answer;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}); // cut, where the read was left: nothing to roll back
    throw error;
  }
}

async function lockForReading(client: Client, tables: readonly string[]): Promise<void> {
  for (let left = TRIES; ; left -= 1) {
    try {
      await client.query(
        `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;
         SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL timezone = 'UTC'; LOCK TABLE ${tables.join(', ')} IN ACCESS SHARE MODE`,
      );
      return;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      if (left === 1 || !(error instanceof ServerError) || error.code !== DEADLOCK) throw error;
    }
  }
}
