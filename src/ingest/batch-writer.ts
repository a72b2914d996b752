import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '../database/pool.js';
import type { Client, Session } from '../database/session.js';
import { type UnitOfWork, UnitsOfWork } from '../database/unit-of-work.js';
import { ConnectionError, DatabaseError, IngestClosedError } from '../errors.js';
import type { CallObserver } from '../observability/calls.js';
import type { Logger } from '../observability/logger.js';
import { newest } from './batch.js';
import { bindTransaction } from './bind-transaction.js';
import { type DeadLetters, deadLetter } from './dead-letters.js';
import type { Entry } from './entry.js';
import { causeOf, faultOf, GroupRefused, Stopped } from './faults.js';
import { guardedSession } from './guarded-session.js';
import type { KindName } from './kinds/kind.js';
import type { Observers } from './observer.js';
import type { Persistence } from './persistence.js';
import { movePosition, restorePosition } from './positions.js';
import type { Totals } from './totals.js';
import { type Refusal, writeApart } from './write-apart.js';

/** Milliseconds after which a transaction's connection is taken for dead: one that a firewall forgot says nothing at all. */
const LONGEST_TRANSACTION = 30_000;
/** Milliseconds; who waits for a lock hears of it before its connection is cut. */
const LIMITS = { lock: 0.6 * LONGEST_TRANSACTION, idle: LONGEST_TRANSACTION };
/** Milliseconds until dead letters that could not be kept are tried again. */
const LETTERS_DELAY = 1_000;

export interface WriterParts {
  readonly pool: Pool;
  readonly persistence: Persistence;
  readonly stopped: AbortSignal;
  readonly deadLetters: DeadLetters;
  readonly observers: Observers;
  /** Hears of each attempt to write a batch, as `ingest.write`. */
  readonly observe: CallObserver;
  readonly totals: Totals;
  readonly log: Logger;
}

/** Brings batches into their tables: each in one transaction, again and again while the database is away, without what it refuses. */
export class BatchWriter {
  readonly #parts: WriterParts;
  /** Of its own: what is queued inside a caller's transaction is no part of that one. */
  readonly #units: UnitsOfWork;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#units = new UnitsOfWork(guardedSession(parts.pool, LONGEST_TRANSACTION, parts.stopped), parts.log);
  }

  /** Entries of one lane and origin. Answers when they are done, or when the ingest is stopped. Never fails. */
  async write(entries: readonly Entry[]): Promise<void> {
    const { log, stopped, persistence } = this.#parts;
    const { origin, lane, call } = entries[0]!;
    for (;;) {
      const rest = entries.filter(({ number }) => number > origin.done[lane]!);
      if (rest.length === 0) return;
      try {
        await writeApart(
          rest,
          (part) => this.#persist(part),
          (refusals) => this.#refuse(refusals),
        );
        return;
      } catch (error) {
        if (call || (stopped.aborted && !origin.spooled)) {
          this.#giveUp(entries, error instanceof Stopped ? new IngestClosedError() : error);
          return;
        }
        if (stopped.aborted) return;
        log.error({ err: error }, 'a batch cannot be written: it is tried again');
        await persistence.pause(LETTERS_DELAY);
      }
    }
  }

  /** In one transaction, or not at all. */
  async #persist(part: readonly Entry[]): Promise<void> {
    const { persistence, observe, observers } = this.#parts;
    const { origin, lane, call } = part[0]!;
    const start = performance.now();
    let inDoubt: unknown;
    let rest = part;
    const attempt = async () => {
      const rows = rest.flatMap((entry) => (entry.dead ? [] : entry.rows));
      const observation = observe({ operation: 'ingest.write', arguments: [rows] });
      const begin = performance.now();
      const seconds = () => (performance.now() - begin) / 1000;
      try {
        const moved = await observation.run(() => this.#transact(rest));
        observation.end({ seconds: seconds(), rows: moved === undefined ? rows.length : 0 });
        return moved;
      } catch (error) {
        const cause = causeOf(error);
        observation.end({ seconds: seconds(), error: cause });
        if (!this.#parts.stopped.aborted) observers.tell('failed', { error: cause });
        if (error instanceof DatabaseError && error.code === 'COMMIT_UNKNOWN') inDoubt = error;
        throw error;
      }
    };
    while (rest.length > 0) {
      try {
        const moved = await (call ? persistence.attempt(attempt) : persistence.insist(attempt));
        if (moved === undefined) break;
        await this.#follow(rest[0]!, moved);
        rest = rest.filter(({ number }) => number > origin.done[lane]!);
      } catch (error) {
        if (this.#parts.stopped.aborted) throw new Stopped();
        throw inDoubt !== undefined && faultOf(error) === 'database' ? inDoubt : error;
      }
    }
    this.#settle(part, start);
  }

  /** Answers where the lane of its spool is, where that is not where these entries begin; then nothing is written. */
  async #transact(part: readonly Entry[]): Promise<number | undefined> {
    const { origin, lane } = part[0]!;
    if (!origin.spooled && part.every(({ dead }) => dead)) return undefined;
    return this.#guarded((unit) =>
      unit.withClient(async (client) => {
        // What became of a COMMIT whose answer was lost, the position of the spool says, or the transaction's id.
        if (origin.spooled) {
          const moved = await movePosition(client, origin.id, lane, origin.done[lane]!, part.at(-1)!.number, LIMITS);
          if (moved !== undefined) return moved;
        } else unit.transactionId = await bindTransaction(client, LIMITS);
        await writeGroups(client, part);
        return undefined;
      }),
    );
  }

  /** A transaction that is waited for no longer than a transaction, and the question what became of it, may take. */
  async #guarded<T>(use: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    const over = new AbortController();
    // Where no connection comes, or what became of a COMMIT is asked again and again. Should the transaction still come through, a lane of a spool
    // has moved, and other rows are found to be there.
    const abandoned = sleep(2 * LONGEST_TRANSACTION, undefined, { signal: over.signal }).then(() => {
      throw new ConnectionError(
        'DATABASE_SILENT',
        `the database has not answered for ${(2 * LONGEST_TRANSACTION) / 1000} s`,
      );
    });
    const run = this.#units.run({ retries: 0 }, use);
    try {
      return await Promise.race([run, abandoned]);
    } finally {
      run.catch(() => {});
      abandoned.catch(() => {});
      over.abort();
    }
  }

  /** Somebody else has written a part of it: a transaction whose answer was lost, or another process that took the spool for abandoned. */
  async #follow({ origin, lane }: Entry, position: number): Promise<void> {
    const known = origin.done[lane]!;
    if (position > known) {
      origin.advance(lane, position);
      return;
    }
    const context = { spool: origin.id, lane, known, position };
    this.#parts.log.error(
      context,
      'the database has lost rows that it had committed: was it brought back from a copy?',
    );
    await this.#parts.persistence.insist(() =>
      this.#units.run({ retries: 0 }, (unit) => restorePosition(unit, origin.id, lane, known)),
    );
  }

  #settle(part: readonly Entry[], start: number): void {
    const { observers, totals } = this.#parts;
    const now = performance.now();
    const kinds: Partial<Record<KindName, number>> = {};
    let rows = 0;
    for (const { dead, rows: own, call, group, acceptedAt } of part) {
      if (acceptedAt > 0) observers.tell('settled', { kind: group.kind.name, rows: own, written: !dead });
      if (dead) continue;
      rows += own.length;
      kinds[group.kind.name] = (kinds[group.kind.name] ?? 0) + own.length;
      call?.written();
    }
    const { origin, lane, number } = part.at(-1)!;
    const waited = origin.former ? undefined : (now - part[0]!.acceptedAt) / 1000;
    totals.batches += 1;
    totals.written += rows;
    origin.advance(lane, number);
    observers.tell('written', { rows, kinds, seconds: (now - start) / 1000, waited });
  }

  /** To the dead letters: on the disk before the entries are done. */
  async #refuse(refusals: readonly Refusal[]): Promise<void> {
    const { deadLetters, observers, totals, log, stopped, persistence } = this.#parts;
    const letters = refusals.map((refusal) => deadLetter(refusal, new Date()));
    for (;;) {
      if (stopped.aborted) throw new Stopped();
      try {
        await deadLetters.append(letters);
        break;
      } catch (err) {
        log.error({ err }, 'dead letters cannot be kept: the rows stay in the queue');
        await persistence.pause(LETTERS_DELAY);
      }
    }
    for (const [index, { entry, error }] of refusals.entries()) {
      const { id, code, message } = letters[index]!;
      entry.dead = true;
      entry.call?.failed(entry, 'dead-letter', error);
      totals.deadLetters += entry.rows.length;
      log.error(
        { id, code, reason: message, file: deadLetters.path },
        'the database refuses a row: it lies in the dead letters',
      );
      observers.tell('deadLetter', { kind: entry.group.kind.name, rows: entry.rows.length, code });
    }
  }

  /** Tells those who wait that their rows were not written. */
  #giveUp(entries: readonly Entry[], error: unknown): void {
    const { stopped, observers } = this.#parts;
    const unknown = stopped.aborted || (error instanceof DatabaseError && error.code === 'COMMIT_UNKNOWN');
    const { origin, lane, number } = entries.at(-1)!;
    for (const entry of entries) {
      if (entry.number > origin.done[lane]! && !entry.dead)
        entry.call?.failed(entry, unknown ? 'unknown' : 'unwritten', error);
      if (entry.number > origin.done[lane]!)
        observers.tell('settled', { kind: entry.group.kind.name, rows: entry.rows, written: false });
    }
    this.#parts.totals.unwritten += entries.filter((entry) => entry.number > origin.done[lane]! && !entry.dead).length;
    origin.advance(lane, number);
  }
}

/** @throws GroupRefused where rows are to blame */
export async function writeGroups(client: Client, entries: readonly Entry[]): Promise<void> {
  for (const [{ kind, options }, own] of newest(entries)) {
    const rows: object[] = [];
    for (const entry of own) rows.push(...entry.rows);
    try {
      await kind.write(onClient(client), rows, options);
    } catch (error) {
      throw faultOf(error) === 'rows' ? new GroupRefused(own, error) : error;
    }
  }
}

/** The transaction under way, for a repository that would make one. */
function onClient(client: Client): Session {
  return { withClient: (use) => use(client), transaction: (use) => use(client) };
}
