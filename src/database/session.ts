import type { ClientBase } from 'pg';

/** One connection. */
export type Client = ClientBase;

/** Where a repository gets its connections: the pool, or the one connection of a transaction that is under way. */
export interface Session {
  withClient<T>(use: (client: Client) => Promise<T>): Promise<T>;
  /** A transaction of its own, or the one under way. */
  transaction<T>(use: (client: Client) => Promise<T>): Promise<T>;
}
