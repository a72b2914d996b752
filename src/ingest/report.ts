import type { BreakerState } from './breaker.js';
import type { Totals } from './totals.js';

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
