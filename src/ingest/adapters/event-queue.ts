/** Between one that gives, which is asked to wait when the queue is full, and one that takes all there is. */
export class EventQueue<Item> {
  readonly #limit: number;
  #items: Item[] = [];
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wakeTaker: (() => void) | undefined;
  #givers: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get full(): boolean {
    return this.#items.length >= this.#limit && !this.#ended;
  }

  /** Takes it, full or not. */
  push(item: Item): void {
    this.#items.push(item);
    this.#wakeTaker?.();
  }

  /** Waits until there is room, or nobody takes any more. */
  async room(): Promise<void> {
    while (this.full) await new Promise<void>((resolve) => this.#givers.push(resolve));
  }

  /** Waits for an item, and takes all; undefined at the end. @throws what the end was told, behind the last item */
  async take(): Promise<Item[] | undefined> {
    while (this.#items.length === 0) {
      if (this.#failure) throw this.#failure.error;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wakeTaker = resolve;
      });
    }
    const items = this.#items;
    this.#items = [];
    this.#release();
    return items;
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
