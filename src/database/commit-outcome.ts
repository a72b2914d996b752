import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionError, DatabaseError, PoolExhaustedError } from '../errors.js';
import type { Session } from './session.js';

export type CommitOutcome = 'committed' | 'aborted' | 'unknown';

/** How often the server is asked while it is away or still at it, and how long the wait in between is at first and at most, in milliseconds. */
const QUESTIONS = 12;
const FIRST_WAIT = 50;
const LONGEST_WAIT = 2_000;

/**
 * What became of a transaction whose COMMIT was never answered. The server keeps that for as long as it keeps the row versions of that time
 * (`pg_xact_status`), also over a restart.
 */
export async function commitOutcome(session: Session, transactionId: string): Promise<CommitOutcome> {
  let wait = FIRST_WAIT;
  for (let question = 1; question <= QUESTIONS; question += 1) {
    const status = await askOnce(session, transactionId);
    if (status === 'committed' || status === 'aborted') return status;
    if (status === 'forgotten') return 'unknown';
    await sleep(wait);
    wait = Math.min(2 * wait, LONGEST_WAIT);
  }
  return 'unknown';
}

async function askOnce(session: Session, transactionId: string): Promise<string> {
  try {
    return await session.withClient(async (client) => {
      const { rows } = await client.query('SELECT pg_xact_status($1::text::xid8) AS status', [transactionId]);
      return rows[0]?.status ?? 'forgotten';
    });
  } catch (error) {
    if (error instanceof ConnectionError || error instanceof PoolExhaustedError) return 'away';
    // A server that was restored from a backup has not come to this id yet.
    if (error instanceof DatabaseError) return 'forgotten';
    throw error;
  }
}
