import type { Client, Session } from '../../database/session.js';
import type { UnitOfWork, UnitsOfWork } from '../../database/unit-of-work.js';
import { type AuditContext, appendAuditEvents, type NewAuditEvent } from '../audit/append.js';

/** An event as a repository tells it; the session knows who acts. */
export type LedgerEvent = Omit<NewAuditEvent, keyof AuditContext>;

/** Collects the events of one write. */
export type Tell = (events: readonly LedgerEvent[]) => void;

/**
 * How a repository of the ledger reaches the database. A {@link write} checks everything before its first statement that changes something, so
 * that a refused one leaves nothing behind in a transaction that goes on; what an {@link insert} finds out too late is undone.
 */
export class LedgerSession {
  readonly #reads: Session;
  readonly #write: <T>(use: (unit: UnitOfWork) => Promise<T>) => Promise<T>;
  readonly #context: AuditContext;
  /** Whether the transaction goes on after a write. */
  readonly #joined: boolean;

  private constructor(
    reads: Session,
    write: <T>(use: (unit: UnitOfWork) => Promise<T>) => Promise<T>,
    context: AuditContext,
    joined: boolean,
  ) {
    this.#reads = reads;
    this.#write = write;
    this.#context = context;
    this.#joined = joined;
  }

  /** Each write in a transaction of its own. */
  static alone(units: UnitsOfWork, context: AuditContext): LedgerSession {
    return new LedgerSession(units.outside, (use) => units.runAlone(use), context, false);
  }

  /** Every read and write in this transaction. */
  static within(unit: UnitOfWork, context: AuditContext): LedgerSession {
    return new LedgerSession(unit, (use) => use(unit), context, true);
  }

  /** The market's time: the transaction's `at`, or the clock's. */
  get now(): Date {
    return this.#context.at ?? new Date();
  }

  read<T>(use: (client: Client) => Promise<T>): Promise<T> {
    return this.#reads.withClient(use);
  }

  /** Runs `use` in a transaction and appends the events that it tells; without them there is no write. */
  write<T>(use: (client: Client, tell: Tell) => Promise<T>): Promise<T> {
    return this.#write((unit) => unit.withClient((client) => this.#append(unit, client, use)));
  }

  /** As {@link write}, for new rows: one that the database refuses, or an id that is taken, is found when others are in already. */
  insert<T>(use: (client: Client, tell: Tell) => Promise<T>): Promise<T> {
    if (!this.#joined) return this.write(use);
    return this.#write((unit) => unit.transaction((client) => this.#append(unit, client, use)));
  }

  async #append<T>(unit: UnitOfWork, client: Client, use: (client: Client, tell: Tell) => Promise<T>): Promise<T> {
    const told: LedgerEvent[] = [];
    const answer = await use(client, (events) => {
      for (const event of events) told.push(event);
    });
    if (told.length > 0) {
      const events = told.map((event) => ({ ...event, ...this.#context }));
      unit.transactionId = await appendAuditEvents(client, events);
    }
    return answer;
  }
}
