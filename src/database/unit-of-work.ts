import { AsyncLocalStorage } from 'node:async_hooks';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import type { QueryResult } from 'pg';
import {
  ConnectionError,
  DatabaseError,
  InvalidInputError,
  TransactionConflictError,
  WyckoffError,
} from '../errors.js';
import type { Logger } from '../observability/logger.js';
import { type CommitOutcome, commitOutcome } from './commit-outcome.js';
import { type Client, commit, type Session } from './session.js';
import { toDatabaseError } from './sqlstate.js';

export const ISOLATIONS = ['read committed', 'repeatable read', 'serializable'] as const;
/** What a transaction sees of others, in the words of PostgreSQL. */
export type Isolation = (typeof ISOLATIONS)[number];

export interface UnitOptions {
  /** Default: read committed. */
  readonly isolation?: Isolation | undefined;
  /** How often a serialization failure, a deadlock or a lost connection is answered by another try. Default 5. */
  readonly retries?: number | undefined;
}

const RETRIES = 5;
const BACKOFF = { initialDelay: 20, maxDelay: 2_000 };

/** What runs on a transaction's connection, so that it is found out when it calls the transaction, and would wait for itself. */
interface Turn {
  readonly unit: UnitOfWork;
  over: boolean;
}

const turns = new AsyncLocalStorage<Turn>();

/**
 * One transaction on one connection, for everything that is done in it. Operations queue: a connection takes one statement at a time, and what
 * one of them reads and then writes must not be mixed with another's.
 */
export class UnitOfWork implements Session {
  readonly isolation: Isolation;
  /** Set once the server has given the transaction an id, which tells later whether it was committed. */
  transactionId: string | undefined;
  readonly #client: Client;
  #last: Promise<unknown> = Promise.resolve();
  #over = false;
  #doom: unknown;
  #savepoints = 0;

  constructor(client: Client, isolation: Isolation) {
    this.#client = client;
    this.isolation = isolation;
  }

  get over(): boolean {
    return this.#over;
  }

  /**
   * Runs `use` on the transaction's connection when those before it are done.
   * @throws WyckoffError TRANSACTION_BUSY, TRANSACTION_OVER
   */
  async withClient<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const outer = turns.getStore();
    if (outer?.unit === this && !outer.over) throw busy();
    const turn = this.#last.then(() => this.#take(use));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** As {@link withClient}; what `use` did is undone when it throws, whatever becomes of the rest of the transaction. */
  transaction<T>(use: (client: Client) => Promise<T>): Promise<T> {
    return this.withClient(async (client) => {
      this.#savepoints += 1;
      const name = `wyckoff_${this.#savepoints}`;
      await client.query(`SAVEPOINT ${name}`);
      try {
        const answer = await use(client);
        await this.#release(client, name);
        return answer;
      } catch (error) {
        await client.query(`ROLLBACK TO SAVEPOINT ${name}`).catch(() => {}); // the connection is gone: so is the transaction
        throw error;
      }
    });
  }

  /** Runs `use` as a part of the transaction, which is not committed without it. @throws InvalidInputError ISOLATION_DIFFERS */
  async join<T>(options: UnitOptions, use: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    readOptions(options);
    if (this.#over) throw isOver();
    if (options.isolation !== undefined && options.isolation !== this.isolation) {
      const rule = `this joins a transaction that runs at ${this.isolation}`;
      const hint = 'ask for the isolation where the outer transaction begins';
      const problem = { code: 'ISOLATION_DIFFERS', path: 'isolation', value: options.isolation, rule, hint };
      throw new InvalidInputError([problem], 'transaction');
    }
    try {
      return await use(this);
    } catch (error) {
      this.#doom ??= error;
      throw error;
    }
  }

  /** Keeps what was done since the savepoint, and notes the transaction's id if anything was, in the same round trip. */
  async #release(client: Client, savepoint: string): Promise<void> {
    const text = `RELEASE SAVEPOINT ${savepoint}; SELECT pg_current_xact_id_if_assigned()::text AS id`;
    const [, { rows }] = (await client.query(text)) as unknown as [unknown, QueryResult<{ id: string | null }>];
    this.transactionId ??= rows[0]?.id ?? undefined;
  }

  async #take<T>(use: (client: Client) => Promise<T>): Promise<T> {
    if (this.#over) throw isOver();
    const turn: Turn = { unit: this, over: false };
    try {
      return await turns.run(turn, () => use(this.#client));
    } catch (error) {
      throw toDatabaseError(error);
    } finally {
      turn.over = true;
    }
  }

  /** Waits for what is under way, and refuses what comes later. @throws DatabaseError where the transaction is doomed */
  async finish(): Promise<void> {
    this.#over = true;
    await this.#last;
    if (this.#doom === undefined) return;
    const message = 'a nested transaction failed: all was rolled back';
    throw new DatabaseError('TRANSACTION_ABORTED', message, { cause: this.#doom });
  }
}

/** The connection was lost while COMMIT was under way: nobody knows yet whether it came through. */
class CommitInDoubt<T> extends Error {
  constructor(
    readonly transactionId: string | undefined,
    readonly answer: T,
    readonly failure: ConnectionError,
  ) {
    super('commit in doubt');
  }
}

/** What the function of a unit of work threw, on its way past the pool, which would take any ECONNREFUSED for its own. */
class UseFailed extends Error {
  constructor(readonly error: unknown) {
    super('the unit of work failed');
  }
}

/** Runs units of work, each in a transaction of its own, and again where that is safe. */
export class UnitsOfWork {
  readonly #pool: Session;
  readonly #log: Logger;
  readonly #current = new AsyncLocalStorage<UnitOfWork>();

  constructor(pool: Session, log: Logger) {
    this.#pool = pool;
    this.#log = log;
  }

  /** The unit of work that the caller runs in. */
  get #outer(): UnitOfWork | undefined {
    const unit = this.#current.getStore();
    return unit?.over ? undefined : unit;
  }

  /** Connections for what is no part of a unit of work. @throws WyckoffError OUTSIDE_TRANSACTION for a write in the middle of one */
  get outside(): Session {
    return {
      withClient: (use) => this.#pool.withClient(use),
      transaction: async (use) => {
        if (this.#outer) throw isOutside();
        return this.#pool.transaction(use);
      },
    };
  }

  /** As {@link run}, for a write that is to be a unit of its own. @throws WyckoffError OUTSIDE_TRANSACTION */
  async runAlone<T>(use: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    if (this.#outer) throw isOutside();
    return this.run({}, use);
  }

  /**
   * Runs `use` in a transaction: committed when it answers, rolled back when it throws. It is run again, a bounded number of times, after a
   * serialization failure, a deadlock or a lost connection; after a COMMIT whose answer was lost only if the server says that it did not
   * happen. Inside another unit of work it joins that one.
   *
   * @throws TransactionConflictError, ConnectionError when the retries are used up; DatabaseError COMMIT_UNKNOWN where the server cannot tell
   *   any more whether the transaction was committed
   */
  async run<T>(options: UnitOptions, use: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    const outer = this.#outer;
    if (outer) return outer.join(options, use);
    const { isolation, retries } = readOptions(options);
    const policy = retry(handleWhen(isWorthRetrying), {
      maxAttempts: retries,
      backoff: new ExponentialBackoff(BACKOFF),
    });
    policy.onRetry((reason) => {
      this.#log.info({ err: 'error' in reason ? reason.error : undefined }, 'a transaction is tried again');
    });
    return policy.execute(() => this.#attempt(isolation, use));
  }

  async #attempt<T>(isolation: Isolation, use: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    try {
      return await this.#pool.withClient((client) => this.#inTransaction(client, isolation, use));
    } catch (error) {
      if (error instanceof UseFailed) throw error.error;
      if (!(error instanceof CommitInDoubt)) throw error;
      return this.#settle(error as CommitInDoubt<T>);
    }
  }

  async #inTransaction<T>(client: Client, isolation: Isolation, use: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    await client.query(isolation === 'read committed' ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${isolation}`);
    const unit = new UnitOfWork(client, isolation);
    let answer: T;
    try {
      answer = await this.#current.run(unit, () => use(unit));
      await unit.finish();
    } catch (error) {
      await unit.finish().catch(() => {}); // the first error is the one to tell
      await client.query('ROLLBACK').catch((err) => this.#log.debug({ err }, 'rollback failed'));
      throw new UseFailed(error);
    }
    try {
      await commit(client);
    } catch (error) {
      const failure = toDatabaseError(error);
      if (failure instanceof ConnectionError) throw new CommitInDoubt(unit.transactionId, answer, failure);
      throw failure;
    }
    return answer;
  }

  /** Finds out whether a COMMIT whose answer was lost came through. */
  async #settle<T>({ transactionId, answer, failure }: CommitInDoubt<T>): Promise<T> {
    // Without an id nothing was written.
    const outcome: CommitOutcome =
      transactionId === undefined ? 'aborted' : await commitOutcome(this.#pool, transactionId);
    if (outcome === 'committed') return answer;
    if (outcome === 'aborted') throw failure;
    const message = 'the connection was lost during COMMIT, and the server cannot tell whether it came through';
    throw new DatabaseError('COMMIT_UNKNOWN', message, {
      cause: failure,
      hint: 'do it again with the same ids: what is there already is recognised',
    });
  }
}

/** The write would wait for locks of the transaction that waits for it, or be there when that one is rolled back. */
function isOutside(): WyckoffError {
  return new WyckoffError('OUTSIDE_TRANSACTION', 'a write of the store was called inside store.transaction()', {
    hint: 'call it on what the function was given: tx.patterns, not store.patterns',
  });
}

function isOver(): WyckoffError {
  return new WyckoffError('TRANSACTION_OVER', 'the transaction is over: nothing more can be done in it', {
    hint: 'await every call inside the function that transaction() was given',
  });
}

/** The source of a stream that the transaction writes wants to read in the transaction: each would wait for the other for ever. */
function busy(): WyckoffError {
  return new WyckoffError('TRANSACTION_BUSY', 'a call that is under way in the transaction called the transaction', {
    hint: 'read what a stream of bars is made of before, or read it through the store, which has other connections',
  });
}

function isWorthRetrying(error: Error): boolean {
  return error instanceof TransactionConflictError || error instanceof ConnectionError;
}

function readOptions({ isolation = 'read committed', retries = RETRIES }: UnitOptions) {
  const problem = (path: string, value: unknown, rule: string) =>
    new InvalidInputError([{ code: 'OPTION_INVALID', path, value, rule }], 'transaction');
  if (!ISOLATIONS.includes(isolation))
    throw problem('isolation', isolation, `an isolation is one of ${ISOLATIONS.join(', ')}`);
  if (!Number.isInteger(retries) || retries < 0 || retries > 100)
    throw problem('retries', retries, 'retries are a whole number from 0 to 100');
  return { isolation, retries };
}
