import { randomUUID } from 'node:crypto';
import { IngestClosedError, QueueFullError } from '../errors.js';
import type { Call } from './call.js';
import type { Entry, NewEntry } from './entry.js';
import { Origin } from './origin.js';
import type { IngestSettings } from './settings.js';
import type { WriteQueue } from './write-queue.js';

/** Lets rows into the queue: what finds no room waits in turn, is refused, or drops the oldest. */
export class Admission {
  /** Of rows that are in memory alone. */
  readonly memory = new Origin(randomUUID(), false);
  readonly #queue: WriteQueue;
  readonly #settings: IngestSettings;
  readonly #stopped: AbortSignal;
  readonly #onDrop: (entry: Entry) => void;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(queue: WriteQueue, settings: IngestSettings, stopped: AbortSignal, onDrop: (entry: Entry) => void) {
    this.#queue = queue;
    this.#settings = settings;
    this.#stopped = stopped;
    this.#onDrop = onDrop;
  }

  /** Entries come in in the order of these calls. @throws QueueFullError, IngestClosedError */
  async admit(entries: readonly NewEntry[], call: Call | undefined): Promise<void> {
    const { whenFull, queueSize } = this.#settings;
    const fits = this.#waiting === 0 && this.#queue.room >= entries.length;
    if (!fits && whenFull === 'reject') {
      const message = `${this.#queue.size} of ${queueSize} rows wait, and ${entries.length} more find no room`;
      const hint = 'add them again later, or fewer at once; BARS_DB_WRITE_QUEUE_SIZE makes room';
      throw new QueueFullError('QUEUE_FULL', message, { hint });
    }
    if (fits) this.#push(entries, call);
    else await this.inTurn(() => this.#admitSlowly(entries, call));
  }

  /** Everything that was called for before comes first, and what is called for later waits. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const turn = this.#last.then(work).finally(() => {
      this.#waiting -= 1;
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  async idle(): Promise<void> {
    await this.#last;
  }

  /** Waits until there is room; false: the ingest is stopped. */
  async push(entry: Entry): Promise<boolean> {
    if (!(await this.#room())) return false;
    this.#queue.push(entry);
    return true;
  }

  async #admitSlowly(entries: readonly NewEntry[], call: Call | undefined): Promise<void> {
    for (const [index, entry] of entries.entries()) {
      if (this.#settings.whenFull === 'drop-oldest' && this.#queue.room === 0) this.#dropOldest();
      if ((this.#queue.room > 0 && !this.#stopped.aborted) || (await this.#room())) {
        this.#push([entry], call);
        continue;
      }
      if (!call) throw new IngestClosedError();
      for (const rest of entries.slice(index)) call.failed(rest, 'unwritten', new IngestClosedError());
      return;
    }
  }

  async #room(): Promise<boolean> {
    while (this.#queue.room === 0 && !this.#stopped.aborted) await this.#queue.waitForRoom();
    return !this.#stopped.aborted;
  }

  #push(entries: readonly NewEntry[], call: Call | undefined): void {
    const acceptedAt = performance.now();
    for (const entry of entries) {
      const number = this.memory.accepted[entry.lane]! + 1;
      this.memory.accept(entry.lane, number);
      this.#queue.push(entry.placed(this.memory, number, acceptedAt, call));
    }
  }

  #dropOldest(): void {
    const dropped = this.#queue.dropOldest();
    if (dropped) this.#onDrop(dropped);
  }
}
