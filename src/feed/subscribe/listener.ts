import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { guarded } from '../../database/guarded.js';
import type { Pool } from '../../database/pool.js';
import type { Logger } from '../../observability/logger.js';

/** As the trigger of `arrivals` has them. */
const CHANNEL = 'wyckoff_arrivals';
const WAITING = 1_465_472_838;

/** Milliseconds. */
const FIRST_DELAY = 100;
const LONGEST_DELAY = 5_000;
const LONGEST_QUESTION = 5_000;
const LONGEST_END = 1_000;
/** Between two wake-ups: writers that come in between need not notify, which makes their commits wait for each other. */
const REST = 20;
/** A writer that told of its rows before somebody waited may have committed by then. */
const SECOND_LOOK = 100;

/**
 * Wakes those who wait for news, over one connection of its own. It holds a lock while it waits, by which writers know that somebody does. Nothing
 * depends on it: who waits looks after a while anyway. Behind a pooler that gives a connection to each transaction, that is all that is left.
 */
export class Listener {
  readonly #pool: Pool;
  readonly #log: Logger;
  readonly #waiting = new Set<() => void>();
  #users = 0;
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(pool: Pool, log: Logger) {
    this.#pool = pool;
    this.#log = log;
  }

  /** Listens until the last user has called {@link release}. */
  acquire(): void {
    this.#users += 1;
    if (this.#users > 1) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#running = this.#running.then(() => this.#run(stop.signal));
  }

  async release(): Promise<void> {
    this.#users -= 1;
    if (this.#users === 0) await this.close();
  }

  async close(): Promise<void> {
    this.#stop?.abort();
    await this.#running;
  }

  /** Waits for news, `longest` milliseconds at most. */
  async wait(longest: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, longest);
      signal.addEventListener('abort', done);
      this.#waiting.add(done);
    });
  }

  async #run(stop: AbortSignal): Promise<void> {
    let delay = FIRST_DELAY;
    while (!stop.aborted) {
      try {
        const client = await this.#pool.connectApart();
        await this.#listen(client, stop, () => {
          delay = FIRST_DELAY;
        });
      } catch (err) {
        this.#log.debug({ err }, 'nobody listens for arrivals: it is tried again');
      }
      await pause(delay, stop);
      delay = Math.min(delay * 2, LONGEST_DELAY);
    }
  }

  async #listen(client: pg.Client, stop: AbortSignal, onReady: () => void): Promise<void> {
    let hear = () => {};
    let end = () => {};
    const over = new Promise<void>((resolve) => {
      client.once('end', resolve);
      client.once('error', () => resolve());
      end = resolve;
      stop.addEventListener('abort', end);
    });
    let lost = false;
    void over.then(() => {
      lost = true;
    });
    client.on('notification', () => hear());
    const ask = (text: string) => guarded(client, LONGEST_QUESTION, stop, () => client.query(text));
    try {
      await ask(`LISTEN ${CHANNEL}`);
      onReady();
      while (!lost && !stop.aborted) {
        const news = new Promise<void>((resolve) => {
          hear = resolve;
        });
        const armed = await this.#arm(ask);
        this.wake();
        const look = setTimeout(() => this.wake(), SECOND_LOOK);
        await Promise.race([news, over, ...(armed ? [] : [pause(REST, stop)])]);
        clearTimeout(look);
        if (lost || stop.aborted) return;
        if (armed) await ask(`SELECT pg_advisory_unlock_shared(${WAITING})`);
        this.wake();
        await pause(REST, stop);
      }
    } finally {
      stop.removeEventListener('abort', end);
      // A connection that the network forgot never says that it has ended.
      await Promise.race([client.end().catch(() => {}), sleep(LONGEST_END, undefined, { ref: false })]);
    }
  }

  /** A writer that looks at this very moment holds the lock. */
  async #arm(ask: (text: string) => Promise<pg.QueryResult<{ taken: boolean }>>): Promise<boolean> {
    const { rows } = await ask(`SELECT pg_try_advisory_lock_shared(${WAITING}) AS taken`);
    return rows[0]!.taken;
  }

  /** Has all who wait look now. */
  wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}

export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
}
