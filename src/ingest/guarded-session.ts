import { guarded } from '../database/guarded.js';
import type { Pool } from '../database/pool.js';
import type { Client, Session } from '../database/session.js';
import { Stopped } from './faults.js';

/** Milliseconds, for what is answered at once where the database is there; whoever opens or closes an ingest waits for it. */
export const LONGEST_QUESTION = 5_000;

/** Connections of the pool, each {@link guarded}. @throws Stopped where it is over already */
export function guardedSession(pool: Pool, longest: number, stopped?: AbortSignal): Session {
  const within =
    <T>(use: (client: Client) => Promise<T>) =>
    async (client: Client): Promise<T> => {
      if (stopped?.aborted) throw new Stopped();
      return guarded(client, longest, stopped, use);
    };
  return {
    withClient: (use) => pool.withClient(within(use)),
    transaction: (use) => pool.transaction(within(use)),
  };
}
