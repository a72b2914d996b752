import { type BarInput, Decimal } from '../../src/index.js';
import { BarModel } from './bar-model.js';

/** What a bar says, as one write left it. To give a former state back is to put the same object there again. */
interface State {
  readonly bar: BarInput;
}

/** One file, or all files of one import: what it put where, and what was there before it. */
export interface ModelImport {
  readonly written: Map<number, { readonly before: State | undefined; readonly put: Set<State> }>;
  undone: boolean;
}

/** A series in memory whose imports can be undone: written down in the plainest way, with an undo log. */
export class UndoModel {
  readonly symbol: string;
  #bars = new Map<number, State>();

  constructor(symbol: string) {
    this.symbol = symbol;
  }

  get bars(): BarModel {
    const model = new BarModel(this.symbol, '1m');
    model.upsert([...this.#bars.values()].map(({ bar }) => bar));
    return model;
  }

  /** Writes bars, for the imports given: a file and the run that it belongs to. */
  write(bars: readonly BarInput[], ...imports: ModelImport[]): void {
    for (const bar of bars) {
      const at = (bar.timestamp as Date).getTime();
      const before = this.#bars.get(at);
      if (before && textOf(before.bar) === textOf(bar)) continue;
      const state = { bar };
      this.#bars.set(at, state);
      for (const { written } of imports) {
        const entry = written.get(at) ?? { before, put: new Set() };
        entry.put.add(state);
        written.set(at, entry);
      }
    }
  }

  delete(from: Date, to: Date): void {
    for (const at of [...this.#bars.keys()]) if (at >= from.getTime() && at < to.getTime()) this.#bars.delete(at);
  }

  /** How many bars of the import are no longer as it wrote them. */
  touched({ written }: ModelImport): number {
    return [...written].filter(([at, { put }]) => {
      const state = this.#bars.get(at);
      return !state || !put.has(state);
    }).length;
  }

  undo(done: ModelImport): { deleted: number; restored: number } {
    const counts = { deleted: 0, restored: 0 };
    for (const [at, { before }] of done.written) {
      const now = this.#bars.get(at)!;
      if (!before) {
        this.#bars.delete(at);
        counts.deleted += 1;
      } else {
        this.#bars.set(at, before);
        if (textOf(before.bar) !== textOf(now.bar)) counts.restored += 1;
      }
    }
    done.undone = true;
    return counts;
  }
}

function textOf({ open, high, low, close, volume, vwap, source }: BarInput): string {
  const numbers = [open, high, low, close, volume, vwap].map((value) =>
    value === null || value === undefined ? null : new Decimal(`${value}`).toFixed(),
  );
  return JSON.stringify([...numbers, source ?? null]);
}
