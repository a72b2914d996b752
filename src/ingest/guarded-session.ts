import type { Pool } from '../database/pool.js';
import type { Client, Session } from '../database/session.js';
import { Stopped } from './faults.js';

/** Milliseconds, for what is answered at once where the database is there; whoever opens or closes an ingest waits for it. */
export const LONGEST_QUESTION = 5_000;

/**
 * Connections of the pool that are cut when they are held for longer than `longest` milliseconds, or when `stopped` is aborted. One that a firewall
 * forgot says nothing at all: whoever asks on it would wait for hours.
 *
 * @throws Stopped where it is over already
 */
export function guardedSession(pool: Pool, longest: number, stopped?: AbortSignal): Session {
  const guarded =
    <T>(use: (client: Client) => Promise<T>) =>
    async (client: Client): Promise<T> => {
      if (stopped?.aborted) throw new Stopped();
      const cut = () => void (client as unknown as { end(): Promise<void> }).end().catch(() => {});
      const timer = setTimeout(cut, longest);
      stopped?.addEventListener('abort', cut);
      try {
        return await use(client);
      } finally {
        clearTimeout(timer);
        stopped?.removeEventListener('abort', cut);
      }
    };
  return {
    withClient: (use) => pool.withClient(guarded(use)),
    transaction: (use) => pool.transaction(guarded(use)),
  };
}
