import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '../database/pool.js';
import { IngestClosedError } from '../errors.js';
import type { CallObserver } from '../observability/calls.js';
import type { Logger } from '../observability/logger.js';
import { Admission } from './admission.js';
import { BatchWriter } from './batch-writer.js';
import type { Call } from './call.js';
import { DeadLetters } from './dead-letters.js';
import type { NewEntry } from './entry.js';
import { guardedSession, LONGEST_QUESTION } from './guarded-session.js';
import { LocalSpool } from './local-spool.js';
import type { Observers } from './observer.js';
import type { Origin } from './origin.js';
import { Persistence } from './persistence.js';
import { Recovery } from './recovery.js';
import type { IngestReport, IngestStats } from './report.js';
import type { IngestSettings } from './settings.js';
import { SpoolHome } from './spool/home.js';
import type { Totals } from './totals.js';
import { WriteQueue } from './write-queue.js';

export interface IngestParts {
  readonly pool: Pool;
  readonly log: Logger;
  readonly settings: IngestSettings;
  /** Hears of each attempt to write a batch. */
  readonly observe: CallObserver;
}

interface EngineParts extends IngestParts {
  readonly observers: Observers;
  readonly totals: Totals;
}

/** Milliseconds, for connections that were cut to be given back. */
const LONGEST_END = 2_000;

/** Everything behind an ingest that takes rows: it is loaded when the first one comes. */
export class Engine {
  readonly #parts: EngineParts;
  readonly #stop = new AbortController();
  readonly #persistence: Persistence;
  readonly #queue: WriteQueue;
  readonly #home: SpoolHome;
  readonly #recovery: Recovery;
  readonly #admission: Admission;
  #local: LocalSpool | undefined;

  constructor(parts: EngineParts) {
    const { pool, log, settings, observe, observers, totals } = parts;
    this.#parts = parts;
    const asking = guardedSession(pool, LONGEST_QUESTION, this.#stop.signal);
    const ask = () => asking.withClient((client) => client.query('SELECT'));
    this.#persistence = new Persistence(settings, ask, this.#stop.signal);
    const shared = { pool, log, deadLetters: new DeadLetters(settings.directory), observers, totals };
    const writer = new BatchWriter({ ...shared, persistence: this.#persistence, stopped: this.#stop.signal, observe });
    this.#queue = new WriteQueue(settings, (entries) => writer.write(entries));
    this.#admission = new Admission(this.#queue, settings, this.#stop.signal, ({ group, rows }) => {
      totals.dropped += rows.length;
      observers.tell('dropped', { kind: group.kind.name, rows: rows.length });
      observers.tell('settled', { kind: group.kind.name, rows, written: false });
    });
    this.#home = new SpoolHome(join(settings.directory, 'spool'), log);
    this.#recovery = new Recovery({ ...shared, home: this.#home, push: (entry) => this.#admission.push(entry) });
    this.#persistence.onRetry((error) => {
      totals.retries += 1;
      log.info({ err: error }, 'a batch is tried again');
      observers.tell('retried', { error });
    });
    let away = false;
    this.#persistence.onBreaker((state, err) => {
      // One line when it goes, with the reason: it is asked every few seconds, however long that lasts.
      if (state === 'open')
        log[away ? 'debug' : 'warn']({ err }, 'the database is away: batches wait until it is there again');
      if (state === 'closed') log.warn('the database is there again');
      if (state !== 'half-open') away = state === 'open';
      observers.tell('breaker', { state });
    });
  }

  /** @throws SpoolError, ConnectionError */
  async open(): Promise<void> {
    try {
      await this.#recovery.adopt();
      if (this.#parts.settings.durability === 'spool') this.#local = await this.#makeSpool();
    } catch (error) {
      // This process lives: nobody else would take over what it holds, itself the next time included.
      await this.#recovery.stop();
      throw error;
    }
    void this.#admission.inTurn(() => this.#recover());
  }

  /** Answers when the rows are in the queue, or on the disk. */
  async take(entries: readonly NewEntry[], call: Call | undefined): Promise<void> {
    if (this.#local) await this.#local.append(entries, this.#parts.settings.whenFull !== 'reject');
    else await this.#admission.admit(entries, call);
  }

  /** @throws IngestClosedError */
  async flush(): Promise<void> {
    await this.#queue.hurry(async () => {
      await this.#admission.idle();
      await this.#local?.read();
      await Promise.all([...this.#origins].map((origin) => origin.settled()));
    });
  }

  get stats(): Pick<IngestStats, 'queued' | 'writing' | 'breaker' | 'spool'> {
    const spool = this.#local?.spool;
    return {
      queued: this.#queue.size,
      writing: this.#queue.writing,
      breaker: this.#persistence.breaker,
      spool: {
        bytes: spool?.bytes ?? 0,
        segments: spool?.segments.length ?? 0,
        rows: this.#spooled,
        blocked: spool?.blocked,
      },
    };
  }

  async close(timeout: number): Promise<Pick<IngestReport, 'spooled' | 'left'>> {
    this.#persistence.hurry();
    const deadline = new AbortController();
    await Promise.race([this.flush(), sleep(timeout, undefined, { signal: deadline.signal }).catch(() => {})]);
    deadline.abort();
    this.#stop.abort();
    const waiting = this.#queue.stop();
    for (const entry of waiting) entry.call?.failed(entry, 'unwritten', new IngestClosedError());
    const end = performance.now() + LONGEST_END;
    while (this.#queue.writing > 0 && performance.now() < end) await sleep(10);
    for (const origin of this.#origins) origin.close(new IngestClosedError());
    const left = this.#admission.memory.left + this.#parts.totals.unwritten;
    await this.#local?.stop(new IngestClosedError());
    await this.#recovery.stop();
    return { spooled: this.#spooled, left };
  }

  #makeSpool(): Promise<LocalSpool> {
    const { pool, log, settings, observers } = this.#parts;
    return LocalSpool.create({
      home: this.#home,
      pool,
      log,
      limits: settings,
      onBlocked: (code) => observers.tell('spoolBlocked', { code }),
      room: () => this.#queue.room,
      push: (entry) => this.#queue.push(entry),
      pushWaiting: (entry) => this.#admission.push(entry),
    });
  }

  get #origins(): readonly Origin[] {
    return [...this.#recovery.origins, this.#local?.origin ?? this.#admission.memory];
  }

  /** Entries. */
  get #spooled(): number {
    return this.#origins.reduce((sum, origin) => sum + (origin.spooled ? origin.left : 0), 0);
  }

  /** Old rows come before new ones of the same series. */
  async #recover(): Promise<void> {
    for (;;) {
      try {
        await this.#recovery.read();
        break;
      } catch (err) {
        if (this.#stop.signal.aborted) return;
        this.#parts.log.error({ err }, 'a spool cannot be read: it is tried again');
        await this.#persistence.pause(1_000);
      }
    }
    this.#local?.start();
  }
}
