import { takeBatch } from './batch.js';
import type { Entry } from './entry.js';
import { Fifo } from './fifo.js';
import { LANES } from './lanes.js';

export interface QueueSettings {
  readonly batchSize: number;
  /** Milliseconds. */
  readonly interval: number;
  readonly queueSize: number;
  /** Batches written at a time. */
  readonly writers: number;
}

interface Lane {
  readonly entries: Fifo<Entry>;
  /** A batch of it is being written. */
  busy: boolean;
  /** The last entry that was dropped behind that batch. */
  dropped?: Entry | undefined;
}

/**
 * Entries on their way to the database, in lanes: a lane is written in its order, one batch at a time, several lanes at once. A batch is
 * written when it is full, when its first entry has waited long enough, or when somebody waits for room.
 */
export class WriteQueue {
  readonly #settings: QueueSettings;
  readonly #write: (entries: readonly Entry[]) => Promise<void>;
  readonly #lanes: Lane[] = Array.from({ length: LANES }, () => ({ entries: new Fifo<Entry>(), busy: false }));
  readonly #waiting = new Fifo<() => void>();
  #size = 0;
  #writing = 0;
  #hurry = 0;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  #due = Number.POSITIVE_INFINITY;

  /** `write` answers when the entries are done, or never will be. It never fails. */
  constructor(settings: QueueSettings, write: (entries: readonly Entry[]) => Promise<void>) {
    this.#settings = settings;
    this.#write = write;
  }

  /** Entries that wait or are being written. */
  get size(): number {
    return this.#size;
  }

  get writing(): number {
    return this.#writing;
  }

  get room(): number {
    return Math.max(0, this.#settings.queueSize - this.#size);
  }

  push(entry: Entry): void {
    const { entries, busy } = this.#lanes[entry.lane]!;
    entries.push(entry);
    this.#size += 1;
    if (busy) return;
    const { batchSize, interval } = this.#settings;
    if (entries.length >= batchSize) this.#startReady();
    else if (this.#inHurry) this.#startSoon();
    else if (entries.length === 1) this.#startBy(entry.acceptedAt + interval);
  }

  /** Waits until something was done; callers go on in the order in which they came. */
  async waitForRoom(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      this.#startReady();
    });
  }

  /** Takes the oldest entry that is in memory alone and not being written, where there is one. */
  dropOldest(): Entry | undefined {
    let oldest: Lane | undefined;
    for (const lane of this.#lanes) {
      const head = lane.entries.at(0);
      if (head === undefined || head.origin.spooled) continue;
      if (oldest === undefined || head.acceptedAt < oldest.entries.at(0)!.acceptedAt) oldest = lane;
    }
    const [dropped] = oldest?.entries.take(1) ?? [];
    if (oldest === undefined || dropped === undefined) return undefined;
    this.#size -= 1;
    if (oldest.busy) oldest.dropped = dropped;
    else dropped.origin.advance(dropped.lane, dropped.number);
    return dropped;
  }

  /** Writes without waiting for full batches while `use` is under way. */
  async hurry<T>(use: () => Promise<T>): Promise<T> {
    this.#hurry += 1;
    this.#startReady();
    try {
      return await use();
    } finally {
      this.#hurry -= 1;
    }
  }

  /** Starts no more batches; answers what waits. */
  stop(): Entry[] {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
    this.#letIn(Number.POSITIVE_INFINITY);
    return this.#lanes.flatMap(({ entries }) => entries.take(entries.length));
  }

  get #inHurry(): boolean {
    return this.#hurry > 0 || this.#waiting.length > 0 || this.#size >= this.#settings.queueSize;
  }

  #startReady(): void {
    const { batchSize, interval, writers } = this.#settings;
    if (this.#stopped || this.#writing >= writers) return;
    const now = performance.now();
    const atOnce = this.#inHurry;
    let due = Number.POSITIVE_INFINITY;
    // The oldest first, so that no lane starves while the writers are all busy.
    const idle = this.#lanes.filter(({ busy, entries }) => !busy && entries.length > 0);
    idle.sort((a, b) => a.entries.at(0)!.acceptedAt - b.entries.at(0)!.acceptedAt);
    for (const lane of idle) {
      const deadline = lane.entries.at(0)!.acceptedAt + interval;
      if (!atOnce && lane.entries.length < batchSize && deadline > now) due = Math.min(due, deadline);
      else if (this.#writing < writers) void this.#start(lane);
    }
    this.#startBy(due);
  }

  /** What comes together goes together: the first of a hundred rows is not written alone. */
  #startSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      this.#startReady();
    });
  }

  #startBy(due: number): void {
    if (due >= this.#due || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(
      () => {
        this.#due = Number.POSITIVE_INFINITY;
        this.#startReady();
      },
      Math.max(0, due - performance.now()),
    );
  }

  async #start(lane: Lane): Promise<void> {
    const batch = takeBatch(lane.entries, this.#settings.batchSize);
    lane.busy = true;
    this.#writing += 1;
    try {
      await this.#write(batch);
    } finally {
      lane.busy = false;
      lane.dropped?.origin.advance(lane.dropped.lane, lane.dropped.number);
      lane.dropped = undefined;
      this.#writing -= 1;
      this.#size -= batch.length;
      this.#letIn(batch.length);
      this.#startReady();
    }
  }

  /** At most as many as may find room: each looks again. */
  #letIn(count: number): void {
    for (const resolve of this.#waiting.take(Math.min(count, this.#waiting.length))) resolve();
  }
}
