import { RowsNotWrittenError, type UnwrittenRow } from '../errors.js';

/** One call of `add` that waits until its rows are in their tables. */
export class Call {
  readonly settled: Promise<void>;
  #left: number;
  #resolve!: () => void;
  #reject!: (error: RowsNotWrittenError) => void;
  readonly #unwritten: UnwrittenRow[] = [];

  constructor(entries: number) {
    this.#left = entries;
    this.settled = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  written(): void {
    this.#one();
  }

  failed(
    { positions }: { readonly positions: readonly number[] },
    outcome: UnwrittenRow['outcome'],
    error: unknown,
  ): void {
    for (const row of positions) this.#unwritten.push({ row, outcome, error });
    this.#one();
  }

  #one(): void {
    this.#left -= 1;
    if (this.#left > 0) return;
    if (this.#unwritten.length === 0) this.#resolve();
    else this.#reject(new RowsNotWrittenError(this.#unwritten.sort((a, b) => a.row - b.row)));
  }
}
