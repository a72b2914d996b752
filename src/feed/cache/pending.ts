interface Row<T> {
  value: T;
  /** Accepted and not settled; below zero where what settled was not seen to be accepted yet. */
  open: number;
  /** By `performance.now()`, when the last of them was settled. */
  settledAt: number;
}

/** Rows that were accepted and that the database may not have yet, by their instant. The newest value of an instant is kept. */
export class Pending<Instant, T> {
  readonly #rows = new Map<Instant, Row<T | undefined>>();

  get size(): number {
    return this.#rows.size;
  }

  /** Answers whether the row is to be shown. */
  accept(instant: Instant, value: T): boolean {
    const row = this.#rows.get(instant) ?? { value: undefined, open: 0, settledAt: 0 };
    row.open += 1;
    row.value = value;
    // It was settled before it was told to be accepted: the database has it.
    if (row.open === 0) this.#rows.delete(instant);
    else this.#rows.set(instant, row);
    return row.open > 0;
  }

  settle(instant: Instant): void {
    const row = this.#rows.get(instant) ?? { value: undefined, open: 0, settledAt: 0 };
    row.open -= 1;
    row.settledAt = performance.now();
    this.#rows.set(instant, row);
  }

  /** Forgets what was settled before all that is committed was read. */
  forget(readFrom: number): void {
    for (const [instant, { open, settledAt }] of this.#rows)
      if (open === 0 && settledAt < readFrom) this.#rows.delete(instant);
  }

  /** Forgets what lies before the stretch that is held. */
  forgetBefore(first: Instant): void {
    for (const instant of this.#rows.keys()) if (instant < first) this.#rows.delete(instant);
  }

  *shown(): Generator<[Instant, T]> {
    for (const [instant, { value, open }] of this.#rows) if (open >= 0 && value !== undefined) yield [instant, value];
  }
}
