/** When a file may go on. */
export interface FileTurn {
  /**
   * Until all files before it have a connection and their claim: what they wait for would not come free while this one, which writes after them,
   * holds it.
   */
  begin(): Promise<void>;
  begun(): void;
  /** Until all files before it are written. */
  write(): Promise<void>;
}

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
