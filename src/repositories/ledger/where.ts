/** The conditions of a query, and their values. Those whose value is undefined are left out. */
export class Where {
  readonly #conditions: string[] = [];
  readonly values: unknown[] = [];

  /** `condition` has a `?` where the value goes. */
  and(condition: string, value: unknown): this {
    if (value === undefined) return this;
    this.values.push(value);
    this.#conditions.push(condition.replace('?', `$${this.values.length}`));
    return this;
  }

  /** A condition without a value. */
  andThat(condition: string): this {
    this.#conditions.push(condition);
    return this;
  }

  /** A place for one more value, outside the conditions. */
  place(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  toString(): string {
    return this.#conditions.length === 0 ? 'true' : this.#conditions.join(' AND ');
  }
}
