import type { FeedEvent } from './adapter.js';

/** Of a full queue: some MB. A trade or a quote weighs 1. */
const LIMIT = 4_096;
/** Levels of a book that weigh as much as a trade. */
const LEVELS = 10;

/** Between one that gives, which is asked to wait when the queue is full, and one that takes all there is. */
export class EventQueue {
  #events: FeedEvent[] = [];
  #weight = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wakeTaker: (() => void) | undefined;
  #givers: (() => void)[] = [];

  get full(): boolean {
    return this.#weight >= LIMIT && !this.#ended;
  }

  /** Takes it, full or not. */
  push(event: FeedEvent): void {
    this.#events.push(event);
    this.#weight += event.kind === 'orderBook' ? 1 + (event.row.bids.length + event.row.asks.length) / LEVELS : 1;
    this.#wakeTaker?.();
  }

  /** Waits until there is room, or nobody takes any more. */
  async room(): Promise<void> {
    while (this.full) await new Promise<void>((resolve) => this.#givers.push(resolve));
  }

  /** Waits for an event, and takes all; undefined at the end. @throws what the end was told, behind the last event */
  async take(): Promise<FeedEvent[] | undefined> {
    while (this.#events.length === 0) {
      if (this.#failure) throw this.#failure.error;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wakeTaker = resolve;
      });
    }
    const events = this.#events;
    this.#events = [];
    this.#weight = 0;
    this.#release();
    return events;
  }

  end(failure?: { readonly error: unknown }): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wakeTaker?.();
    this.#release();
  }

  #release(): void {
    for (const wake of this.#givers.splice(0)) wake();
  }
}
