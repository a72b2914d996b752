/** Rows since the ingest was opened. */
export interface Totals {
  accepted: number;
  /** In their tables, with those whose place a newer one took in the same batch. */
  written: number;
  batches: number;
  retries: number;
  deadLetters: number;
  /** Dropped for newer ones. */
  dropped: number;
  /** Told to their callers as not written. */
  unwritten: number;
  /** Bytes of spools in which nothing could be read. */
  damagedBytes: number;
}

export function noTotals(): Totals {
  return {
    accepted: 0,
    written: 0,
    batches: 0,
    retries: 0,
    deadLetters: 0,
    dropped: 0,
    unwritten: 0,
    damagedBytes: 0,
  };
}
