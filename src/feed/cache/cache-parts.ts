import type { ArrivalKind } from '../../repositories/tell-arrival.js';
import type { ChangeSource } from '../subscribe/change-pages.js';
import type { CacheOptions } from './settings.js';

/** What the cache needs of an ingest: to hear of rows, as exact text, when they are accepted and when they have come to their end. */
export interface AcceptingRows {
  observe(observer: {
    accepted(event: { readonly kind: ArrivalKind; readonly rows: readonly object[] }): void;
    settled(event: { readonly kind: ArrivalKind; readonly rows: readonly object[]; readonly written: boolean }): void;
  }): () => void;
}

export interface CacheParts {
  readonly source: ChangeSource;
  /** Aborted when the feed is closed. */
  readonly closed: AbortSignal;
  readonly ingest: AcceptingRows;
  readonly options?: CacheOptions | undefined;
}
