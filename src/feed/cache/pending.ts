/** A row of one instant that was accepted and that the database may not have yet. */
export interface PendingRow<T> {
  /** The newest; undefined where what settled was not seen to be accepted yet. */
  value: T | undefined;
  /** Accepted and not settled. */
  open: number;
  /** By `performance.now()`, when the last of them was settled. */
  settledAt: number;
  /** Whether the database was seen to have this value: then nothing is covered by it. */
  agreed: boolean;
}

/** Rows that were accepted and that the database may not have yet, by their instant. */
export class Pending<T> {
  readonly #bytesOf: (value: T) => number;
  readonly #rows = new Map<number, PendingRow<T>>();
  #bytes = 0;

  constructor(bytesOf: (value: T) => number) {
    this.#bytesOf = bytesOf;
  }

  get rows(): number {
    return this.#rows.size;
  }

  /** Estimated. While the database is away a spool takes far more than a queue: they count as much as what is held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** `same`: what is held there has these values. Answers whether it is to be shown. */
  accept(instant: number, value: T, same: boolean): boolean {
    const row = this.#rows.get(instant) ?? { value: undefined, open: 0, settledAt: 0, agreed: true };
    row.open += 1;
    this.#bytes += this.#bytesOf(value) - this.#bytesIn(row);
    row.value = value;
    row.agreed &&= same;
    // It was settled before it was told to be accepted: the database has it.
    if (row.open === 0) this.#drop(instant, row);
    else this.#rows.set(instant, row);
    return row.open > 0;
  }

  settle(instant: number): void {
    const row = this.#rows.get(instant) ?? { value: undefined, open: 0, settledAt: 0, agreed: true };
    row.open -= 1;
    row.settledAt = performance.now();
    this.#rows.set(instant, row);
  }

  /**
   * Forgets what was settled before all that is committed was read. Answers whether the database was seen to have other values at last: somebody else
   * wrote them later.
   */
  forget(readFrom: number): boolean {
    let differs = false;
    for (const [instant, row] of this.#rows) {
      if (row.open !== 0 || row.settledAt >= readFrom) continue;
      this.#drop(instant, row);
      differs ||= !row.agreed;
    }
    return differs;
  }

  /** Forgets what lies before the stretch that is held. */
  forgetBefore(first: number): void {
    for (const [instant, row] of this.#rows) if (instant < first) this.#drop(instant, row);
  }

  /** What is to be shown over what the database has. */
  *shown(): Generator<PendingRow<T> & { readonly value: T }> {
    for (const row of this.#rows.values())
      if (row.open >= 0 && row.value !== undefined) yield row as PendingRow<T> & { readonly value: T };
  }

  #drop(instant: number, row: PendingRow<T>): void {
    this.#bytes -= this.#bytesIn(row);
    this.#rows.delete(instant);
  }

  #bytesIn({ value }: PendingRow<T>): number {
    return value === undefined ? 0 : this.#bytesOf(value);
  }
}
