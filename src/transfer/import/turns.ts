/**
 * Files are read several at a time and written one after the other, in their order: where two say different things of a bar, the later one holds,
 * however the reading goes.
 */
export class Turns {
  #next = 0;
  readonly #over = new Set<number>();
  readonly #waiting = new Map<number, () => void>();

  async wait(place: number): Promise<void> {
    if (place <= this.#next) return;
    await new Promise<void>((resolve) => this.#waiting.set(place, resolve));
  }

  /** Every place says so, whether it has waited or not; a second time means nothing. */
  end(place: number): void {
    if (place < this.#next) return;
    this.#over.add(place);
    while (this.#over.delete(this.#next)) this.#next += 1;
    this.#waiting.get(this.#next)?.();
    this.#waiting.delete(this.#next);
  }
}
