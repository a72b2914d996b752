import { guarded } from '../../database/guarded.js';
import type { Pool } from '../../database/pool.js';
import type { Client } from '../../database/session.js';
import { ConnectionError, PoolExhaustedError, StatementTimeoutError, TransactionConflictError } from '../../errors.js';
import type { Logger } from '../../observability/logger.js';
import type { Cursor } from './cursor.js';
import { type Listener, pause } from './listener.js';
import { type ChangeFilter, type ChangePage, readChanges, readPresent } from './read-arrivals.js';

/** Milliseconds without news after which one looks anyway. */
const LOOK = 1_000;
const FIRST_DELAY = 50;
const LONGEST_DELAY = 2_000;
/** A page is read in a fraction of a second. */
const LONGEST_READ = 30_000;
/** Changes a page. */
const PAGE = 500;

export interface ChangeSource {
  readonly pool: Pool;
  readonly log: Logger;
  readonly listener: Listener;
}

export interface PageInTime extends ChangePage {
  readonly from: Cursor;
  /** By `performance.now()`: when a page that is not full comes, all that was committed before this moment has come. */
  readonly asked: number;
}

/**
 * What is written from the cursor on (default: from now on), page by page; also an empty page, every second. While the database is away it is asked
 * again and again. Ends when the signal is aborted.
 *
 * @throws FeedGapError
 */
export async function* changePages(
  source: ChangeSource,
  filter: ChangeFilter,
  from: Cursor | undefined,
  signal: AbortSignal,
): AsyncGenerator<PageInTime, void, undefined> {
  const { listener } = source;
  listener.acquire();
  try {
    let cursor = from ?? (await insist(source, signal, readPresent));
    let asked = 0;
    while (cursor && !signal.aborted) {
      const now: Cursor = cursor;
      if (now.page === undefined) asked = performance.now();
      const page = await insist(source, signal, (client) => readChanges(client, now, filter, PAGE));
      if (!page) return;
      yield { ...page, from: now, asked };
      cursor = page.next;
      if (!page.full) await listener.wait(LOOK, signal);
    }
  } finally {
    await listener.release();
  }
}

/** Asks until there is an answer; undefined, the signal was aborted before. */
export async function insist<T>(
  { pool, log }: Omit<ChangeSource, 'listener'>,
  signal: AbortSignal,
  read: (client: Client) => Promise<T>,
): Promise<T | undefined> {
  for (let delay = FIRST_DELAY; !signal.aborted; delay = Math.min(2 * delay, LONGEST_DELAY)) {
    try {
      return await pool.withClient((client) => guarded(client, LONGEST_READ, signal, read));
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!isPassing(error)) throw error;
      log.debug({ err: error }, 'the feed cannot read: it tries again');
      await pause(delay, signal);
    }
  }
  return undefined;
}

function isPassing(error: unknown): boolean {
  return [ConnectionError, PoolExhaustedError, StatementTimeoutError, TransactionConflictError].some(
    (kind) => error instanceof kind,
  );
}
