import type { ClientBase } from 'pg';
import { DatabaseError } from '../errors.js';

/** One connection. */
export type Client = ClientBase;

/** Where a repository gets its connections: the pool, or the one connection of a transaction that is under way. */
export interface Session {
  withClient<T>(use: (client: Client) => Promise<T>): Promise<T>;
  /** A transaction of its own, or the one under way. */
  transaction<T>(use: (client: Client) => Promise<T>): Promise<T>;
}

/** @throws DatabaseError TRANSACTION_ABORTED: the server answers COMMIT with ROLLBACK, and no error, when a statement had failed before */
export async function commit(client: Client): Promise<void> {
  const { command } = await client.query('COMMIT');
  if (command === 'ROLLBACK') throw new DatabaseError('TRANSACTION_ABORTED', 'a statement failed: all was rolled back');
}
