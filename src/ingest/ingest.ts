import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '../database/pool.js';
import type { BarInput } from '../domain/bar.js';
import type { OrderBookInput } from '../domain/order-book.js';
import type { QuoteInput } from '../domain/quote.js';
import type { TradeInput } from '../domain/trade.js';
import { IngestClosedError } from '../errors.js';
import type { Logger } from '../observability/logger.js';
import { Admission } from './admission.js';
import { BatchWriter } from './batch-writer.js';
import { Call } from './call.js';
import { DeadLetters } from './dead-letters.js';
import type { Kind } from './kinds/kind.js';
import { KINDS } from './kinds/kinds.js';
import { LocalSpool } from './local-spool.js';
import { type IngestObserver, Observers } from './observer.js';
import type { Origin } from './origin.js';
import { type BreakerState, Persistence } from './persistence.js';
import { type AddOptions, readEntries } from './read-entries.js';
import { Recovery } from './recovery.js';
import type { IngestSettings } from './settings.js';
import { SpoolHome } from './spool/home.js';
import { noTotals, type Totals } from './totals.js';
import { WriteQueue } from './write-queue.js';

export type BarAddOptions = Pick<AddOptions, 'volumeScale' | 'allowNonPositive'>;
export type TickAddOptions = Pick<AddOptions, 'allowNonPositive' | 'nanoseconds'>;
export type TradeAddOptions = TickAddOptions & Pick<AddOptions, 'replace'>;
export type OrderBookAddOptions = TickAddOptions & Pick<AddOptions, 'allowEmptySide'>;

/** How it stands at this moment; totals count rows since the ingest was opened. */
export interface IngestStats extends Readonly<Totals> {
  /** Rows in memory that are not written yet. */
  readonly queued: number;
  /** Batches that are being written. */
  readonly writing: number;
  readonly breaker: BreakerState;
  readonly spool: {
    readonly bytes: number;
    readonly segments: number;
    /** Rows on the disk that are not written yet, with those of processes that died. */
    readonly rows: number;
    /** Why nothing can be appended: ENOSPC, SPOOL_FULL, ... */
    readonly blocked: string | undefined;
  };
}

/** What became of the rows, in all. */
export interface IngestReport {
  /** In their tables. */
  readonly written: number;
  /** On the local disk: the next ingest that opens there writes them. */
  readonly spooled: number;
  /** In memory alone, and lost; at `database` their callers were told. */
  readonly left: number;
  /** Dropped for newer ones. */
  readonly dropped: number;
  readonly deadLetters: number;
}

interface IngestParts {
  readonly pool: Pool;
  readonly log: Logger;
  readonly settings: IngestSettings;
}

/** Milliseconds. */
const LONGEST_CLOSE = 10_000;
/** For connections that were cut to be given back. */
const LONGEST_END = 2_000;

/**
 * Takes live rows and writes them in batches, in the order of each series. Rows are checked when they are added: a bad one is refused there and
 * then. What only the database can refuse goes to the dead letters. See {@link IngestOptions}.
 */
export class Ingest {
  readonly #parts: IngestParts;
  readonly #observers: Observers;
  readonly #totals = noTotals();
  readonly #stop = new AbortController();
  readonly #persistence: Persistence;
  readonly #deadLetters: DeadLetters;
  readonly #queue: WriteQueue;
  readonly #home: SpoolHome;
  readonly #recovery: Recovery;
  readonly #admission: Admission;
  #local: LocalSpool | undefined;
  #opening: Promise<void> | undefined;
  #opened = false;
  #closing: Promise<IngestReport> | undefined;

  constructor(parts: IngestParts) {
    const { pool, log, settings } = parts;
    this.#parts = parts;
    this.#observers = new Observers(log);
    this.#persistence = new Persistence(settings, this.#stop.signal);
    this.#deadLetters = new DeadLetters(settings.directory);
    const shared = { pool, log, deadLetters: this.#deadLetters, observers: this.#observers, totals: this.#totals };
    const writer = new BatchWriter({ ...shared, persistence: this.#persistence, stopped: this.#stop.signal });
    this.#queue = new WriteQueue(settings, (entries) => writer.write(entries));
    this.#admission = new Admission(this.#queue, settings, this.#stop.signal, ({ group, rows }) => {
      this.#totals.dropped += rows.length;
      this.#observers.tell('dropped', { kind: group.kind.name, rows: rows.length });
      this.#observers.tell('settled', { kind: group.kind.name, rows, written: false });
    });
    this.#home = new SpoolHome(join(settings.directory, 'spool'));
    this.#recovery = new Recovery({ ...shared, home: this.#home, push: (entry) => this.#admission.push(entry) });
    this.#persistence.onRetry((error) => {
      this.#totals.retries += 1;
      log.info({ err: error }, 'a batch is tried again');
      this.#observers.tell('retried', { error });
    });
    this.#persistence.onBreaker((state) => {
      if (state === 'open') log.warn('the database is away: batches wait');
      if (state === 'closed') log.warn('the database is there again');
      this.#observers.tell('breaker', { state });
    });
  }

  /**
   * Writes what processes that died had acknowledged, and makes the spool. `openStore({ ingest: ... })` calls it; otherwise the first `add` does.
   * @throws SpoolError, ConnectionError; it may be called again
   */
  async open(): Promise<void> {
    if (this.#closing) throw new IngestClosedError();
    this.#opening ??= this.#open().catch((error) => {
      this.#opening = undefined;
      throw error;
    });
    await this.#opening;
  }

  /**
   * Bars, of any series. The newest value of a bar wins. `volumeScale` is that of a series which does not exist yet.
   *
   * @throws InvalidInputError naming every bad bar by its position; then none was taken
   * @throws QueueFullError (`whenFull: 'reject'`), IngestClosedError, SpoolError; then none was taken
   * @throws RowsNotWrittenError at the durability `database`: the rows that it does not name are written
   */
  add(bars: BarInput | readonly BarInput[], options: BarAddOptions = {}): Promise<void> {
    return this.#add(KINDS.bar, Array.isArray(bars) ? bars : [bars], options);
  }

  /** As {@link addTrades}. Trades of one instant without ids belong into one call of that. */
  addTrade(trade: TradeInput, options: TradeAddOptions = {}): Promise<void> {
    return this.addTrades([trade], options);
  }

  /** Trades. One that is stored with other values is a dead letter, unless `replace` is said. Throws as {@link add} does. */
  addTrades(trades: readonly TradeInput[], options: TradeAddOptions = {}): Promise<void> {
    return this.#add(KINDS.trade, trades, options);
  }

  /** As {@link addQuotes}. */
  addQuote(quote: QuoteInput, options: TickAddOptions = {}): Promise<void> {
    return this.addQuotes([quote], options);
  }

  /** Quotes; throws as {@link add} does. */
  addQuotes(quotes: readonly QuoteInput[], options: TickAddOptions = {}): Promise<void> {
    return this.#add(KINDS.quote, quotes, options);
  }

  /** As {@link addOrderBooks}. */
  addOrderBook(book: OrderBookInput, options: OrderBookAddOptions = {}): Promise<void> {
    return this.addOrderBooks([book], options);
  }

  /** Snapshots of order books; the newest of an instant wins. Throws as {@link add} does. */
  addOrderBooks(books: readonly OrderBookInput[], options: OrderBookAddOptions = {}): Promise<void> {
    return this.#add(KINDS.orderBook, books, options);
  }

  /** Waits until all that was taken so far is in its table or in the dead letters, however long the database is away. */
  async flush(): Promise<void> {
    if (!this.#opening) return;
    await this.#opening;
    await this.#queue.hurry(async () => {
      await this.#admission.idle();
      await this.#local?.read();
      await Promise.all([...this.#origins].map((origin) => origin.settled()));
    });
  }

  /** Hears what happens; answers how to stop. */
  observe(observer: IngestObserver): () => void {
    return this.#observers.add(observer);
  }

  get stats(): IngestStats {
    const spool = this.#local?.spool;
    return {
      ...this.#totals,
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

  /** Takes nothing more, writes what it can within `timeout` milliseconds (default 10,000), and tells what became of everything. */
  close({ timeout = LONGEST_CLOSE }: { readonly timeout?: number } = {}): Promise<IngestReport> {
    this.#closing ??= this.#close(timeout);
    return this.#closing;
  }

  get #origins(): readonly Origin[] {
    return [...this.#recovery.origins, this.#local?.origin ?? this.#admission.memory];
  }

  /** Entries. */
  get #spooled(): number {
    return this.#origins.reduce((sum, origin) => sum + (origin.spooled ? origin.left : 0), 0);
  }

  async #open(): Promise<void> {
    const { pool, log, settings } = this.#parts;
    await this.#recovery.adopt();
    if (settings.durability === 'spool') {
      this.#local = await LocalSpool.create({
        home: this.#home,
        pool,
        log,
        limits: settings,
        onBlocked: (code) => this.#observers.tell('spoolBlocked', { code }),
        room: () => this.#queue.room,
        push: (entry) => this.#queue.push(entry),
        pushWaiting: (entry) => this.#admission.push(entry),
      });
    }
    void this.#admission.inTurn(() => this.#recover());
    this.#opened = true;
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

  async #add(kind: Kind, inputs: readonly unknown[], options: AddOptions): Promise<void> {
    if (this.#closing) throw new IngestClosedError();
    const entries = readEntries(kind, inputs, options);
    if (entries.length === 0) return;
    if (!this.#opened) await this.open();
    if (this.#closing) throw new IngestClosedError();
    const wait = this.#parts.settings.whenFull !== 'reject';
    const call = this.#parts.settings.durability === 'database' ? new Call(entries.length) : undefined;
    if (this.#local) await this.#local.append(entries, wait);
    else await this.#admission.admit(entries, call);
    const rows = entries.flatMap((entry) => entry.rows);
    this.#totals.accepted += rows.length;
    this.#observers.tell('accepted', { kind: kind.name, rows });
    await call?.settled;
  }

  async #close(timeout: number): Promise<IngestReport> {
    const { log } = this.#parts;
    await this.#opening?.catch(() => {});
    const deadline = new AbortController();
    await Promise.race([this.flush(), sleep(timeout, undefined, { signal: deadline.signal }).catch(() => {})]);
    deadline.abort();
    this.#stop.abort();
    const waiting = this.#queue.stop();
    for (const entry of waiting) entry.call?.failed(entry, 'unwritten', new IngestClosedError());
    const end = performance.now() + LONGEST_END;
    while (this.#queue.writing > 0 && performance.now() < end) await sleep(10);
    const left = this.#admission.memory.left + this.#totals.unwritten;
    const spooled = this.#spooled;
    await this.#local?.stop(new IngestClosedError());
    await this.#recovery.stop();
    const { written, dropped, deadLetters } = this.#totals;
    const report = { written, spooled, left, dropped, deadLetters };
    if (left > 0) log.error(report, 'the ingest is closed, and rows are lost');
    else if (this.#opening) log.info(report, 'the ingest is closed');
    return report;
  }
}
