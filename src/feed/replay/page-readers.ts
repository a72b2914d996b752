import type { Session } from '../../database/session.js';
import type { EventPage, ReadPage } from './event-stream.js';

/** Two read while the others wait their turn: the pool is there for others too. */
const READERS = 2;

/** Hands out connections for pages, few at a time and in the order in which they are asked for. No page holds one after it was read. */
export class PageReaders {
  readonly #session: Session;
  readonly #waiting: (() => void)[] = [];
  readonly #underWay = new Set<Promise<unknown>>();
  #closed = false;

  constructor(session: Session) {
    this.#session = session;
  }

  async read(page: ReadPage): Promise<EventPage | undefined> {
    while (this.#underWay.size >= READERS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#closed) return undefined;
    const reading = this.#session.withClient(page);
    this.#underWay.add(reading);
    try {
      return await reading;
    } finally {
      this.#underWay.delete(reading);
      this.#waiting.shift()?.();
    }
  }

  /** Waits for what is being read; what waits is not read any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#underWay);
    for (const waiting of this.#waiting.splice(0)) waiting();
  }
}
