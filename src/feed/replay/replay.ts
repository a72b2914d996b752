import { setImmediate as turnOfLoop } from 'node:timers/promises';
import type { Session } from '../../database/session.js';
import { dateOf } from '../../domain/microseconds.js';
import { EventStream } from './event-stream.js';
import { openSeries } from './open-series.js';
import { Pace } from './pace.js';
import { PageReaders } from './page-readers.js';
import type { ReplayEvent } from './replay-event.js';
import type { ReplayRequest } from './replay-request.js';
import { StreamHeap } from './stream-heap.js';

/**
 * A loop over what is in memory never leaves the microtasks: after so many events it lets the process do what else is due, reading ahead and
 * hearing of an abort among that.
 */
const EVENTS_A_TURN = 256;

/** A replay under way: `while (await ready()) for (let event = take(); event; event = take())`. */
export class Replay {
  readonly #readers: PageReaders;
  readonly #pace: Pace | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #heap = new StreamHeap();
  /** Streams whose page is used up. */
  #spent: EventStream[];
  #taken = 0;

  private constructor(readers: PageReaders, streams: EventStream[], pace: Pace | undefined, signal?: AbortSignal) {
    this.#readers = readers;
    this.#spent = streams;
    this.#pace = pace;
    this.#signal = signal;
  }

  /** @throws NotFoundError SERIES_UNKNOWN */
  static async open(session: Session, request: ReplayRequest, signal: AbortSignal | undefined): Promise<Replay> {
    signal?.throwIfAborted();
    const { from, speed } = request;
    const pages = await session.withClient((client) => openSeries(client, request));
    const readers = new PageReaders(session);
    const streams = pages.map((page, rank) => new EventStream(rank, () => readers.read(page)));
    const pace = speed === undefined ? undefined : new Pace(dateOf(from).getTime(), speed, signal);
    return new Replay(readers, streams, pace, signal);
  }

  /** Waits until the next event can be taken; false after the last. */
  async ready(): Promise<boolean> {
    this.#signal?.throwIfAborted();
    if (this.#taken >= EVENTS_A_TURN) {
      this.#taken = 0;
      await turnOfLoop();
      this.#signal?.throwIfAborted();
    }
    for (const stream of this.#spent.splice(0)) if (await stream.turn()) this.#heap.add(stream);
    const { top } = this.#heap;
    if (!top) return false;
    await this.#pace?.until(top.instant);
    return true;
  }

  /** The next event, where there is nothing to wait for. */
  take(): ReplayEvent | undefined {
    const { top } = this.#heap;
    if (!top || this.#spent.length > 0 || this.#taken >= EVENTS_A_TURN) return undefined;
    if (this.#pace && !this.#pace.reached(top.instant)) return undefined;
    const { event } = top;
    this.#taken += 1;
    if (top.advance()) this.#heap.sink();
    else this.#spent.push(this.#heap.removeTop());
    return event;
  }

  /** Waits for what is being read. */
  async close(): Promise<void> {
    await this.#readers.close();
  }
}
