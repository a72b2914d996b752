import type { Logger } from '../observability/logger.js';
import type { BreakerState } from './breaker.js';
import type { KindName } from './kinds/kind.js';

/** What an ingest tells of itself while it works. What an observer throws is logged and changes nothing. */
export interface IngestObserver {
  /** Rows were taken, at the durability that their caller asked for; as exact text, each an input of its repository. */
  accepted?(event: { readonly kind: KindName; readonly rows: readonly object[] }): void;
  /** A transaction was committed. */
  written?(event: {
    /** Rows that it settled, with those whose place a newer one took. */
    readonly rows: number;
    /** Rows that it wrote, by kind. */
    readonly kinds: Readonly<Partial<Record<KindName, number>>>;
    /** How long it took, with its retries. */
    readonly seconds: number;
    /** How long its first row had waited from `add` to the commit; undefined for rows of an earlier process. */
    readonly waited: number | undefined;
  }): void;
  /** An attempt to write a batch failed, whoever is to blame. */
  failed?(event: { readonly error: unknown }): void;
  /** Rows that were accepted have come to their end: they are in their tables (`written`), or will not be. Their order is not that of `accepted`. */
  settled?(event: { readonly kind: KindName; readonly rows: readonly object[]; readonly written: boolean }): void;
  /** An attempt failed for no fault of the rows, and another one follows. */
  retried?(event: { readonly error: unknown }): void;
  breaker?(event: { readonly state: BreakerState }): void;
  deadLetter?(event: { readonly kind: KindName; readonly rows: number; readonly code: string }): void;
  dropped?(event: { readonly kind: KindName; readonly rows: number }): void;
  /** The spool takes nothing for the moment (`code` says why: ENOSPC, SPOOL_FULL, ...), or does again (undefined). */
  spoolBlocked?(event: { readonly code: string | undefined }): void;
  /** Bytes of a spool that say nothing: the torn end of a file, which nobody was told was safe, or damage in the middle of one. */
  damaged?(event: { readonly file: string; readonly bytes: number; readonly torn: boolean }): void;
}

type EventName = keyof IngestObserver;

export class Observers {
  readonly #observers = new Set<IngestObserver>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  get none(): boolean {
    return this.#observers.size === 0;
  }

  /** Answers how to stop. */
  add(observer: IngestObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  tell<Name extends EventName>(name: Name, event: Parameters<NonNullable<IngestObserver[Name]>>[0]): void {
    for (const observer of this.#observers) {
      try {
        (observer[name] as ((event: unknown) => void) | undefined)?.call(observer, event);
      } catch (err) {
        this.#log.error({ err, event: name }, 'an observer of the ingest failed');
      }
    }
  }
}
