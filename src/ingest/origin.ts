import { LANES } from './lanes.js';

interface Waiting {
  readonly upTo: readonly number[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Where entries come from, and how far it has come in each lane: this process's memory, its spool, or the spool of one that died. */
export class Origin {
  /** How many entries of each lane were accepted; entries are numbered from 1. */
  readonly accepted: number[];
  /** How many of each lane are in their tables or in the dead letters. */
  readonly done: number[];
  readonly #waiting: Waiting[] = [];
  #closed: { readonly error: unknown } | undefined;
  #onDone: () => void = () => {};

  /** Of a process that died. */
  readonly former: boolean;

  /** `spooled`: the database keeps its positions, by its id. `done`: those of a process that died. */
  constructor(
    readonly id: string,
    readonly spooled: boolean,
    done?: readonly number[],
  ) {
    this.former = done !== undefined;
    this.done = done ? [...done] : new Array<number>(LANES).fill(0);
    this.accepted = [...this.done];
  }

  get left(): number {
    return this.accepted.reduce((sum, accepted, lane) => sum + accepted - this.done[lane]!, 0);
  }

  /** Hears of every step. */
  set onDone(listener: () => void) {
    this.#onDone = listener;
  }

  /** The entry of this number was accepted. */
  accept(lane: number, number: number): void {
    if (number > this.accepted[lane]!) this.accepted[lane] = number;
  }

  advance(lane: number, number: number): void {
    if (number > this.done[lane]!) this.done[lane] = number;
    for (let index = this.#waiting.length - 1; index >= 0; index -= 1) {
      const { upTo, resolve } = this.#waiting[index]!;
      if (!this.hasDone(upTo)) continue;
      this.#waiting.splice(index, 1);
      resolve();
    }
    this.#onDone();
  }

  hasDone(upTo: readonly number[]): boolean {
    return upTo.every((number, lane) => this.done[lane]! >= number);
  }

  /** Waits until all that is accepted now is done. @throws what {@link close} is given before */
  async settled(): Promise<void> {
    const upTo = [...this.accepted];
    if (this.hasDone(upTo)) return;
    if (this.#closed) throw this.#closed.error;
    await new Promise<void>((resolve, reject) => this.#waiting.push({ upTo, resolve, reject }));
  }

  /** Nothing more is done here: who waits for it is told so. */
  close(error: unknown): void {
    this.#closed = { error };
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
