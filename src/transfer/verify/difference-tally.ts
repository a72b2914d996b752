import type { DifferenceExample, DifferenceKind, Differences } from './verification.js';

/** Of each kind and field. */
const KEPT_EXAMPLES = 10;

interface Counted {
  count: number;
  readonly fields: Record<string, number>;
  readonly examples: DifferenceExample[];
}

/** Counts differences, and keeps the first ones as examples. */
export class DifferenceTally {
  readonly #kinds = new Map<DifferenceKind, Counted>();

  /** Something of which there may be millions: `example` is called for those that are kept. */
  add(kind: DifferenceKind, example: () => Partial<DifferenceExample>, count = 1): void {
    const counted = this.#of(kind);
    counted.count += count;
    if (counted.examples.length < KEPT_EXAMPLES) counted.examples.push({ ...NOTHING, ...example() });
  }

  /** Fields of one bar. */
  addFields(kind: DifferenceKind, fields: readonly string[], example: (field: string) => DifferenceExample): void {
    if (fields.length === 0) return;
    const counted = this.#of(kind);
    counted.count += 1;
    for (const field of fields) {
      const before = counted.fields[field] ?? 0;
      counted.fields[field] = before + 1;
      if (before < KEPT_EXAMPLES) counted.examples.push(example(field));
    }
  }

  result(): Differences[] {
    return [...this.#kinds].map(([kind, counted]) => ({ kind, ...counted }));
  }

  #of(kind: DifferenceKind): Counted {
    const counted = this.#kinds.get(kind) ?? { count: 0, fields: {}, examples: [] };
    this.#kinds.set(kind, counted);
    return counted;
  }
}

const NOTHING: DifferenceExample = { line: null, timestamp: null, field: null, expected: null, found: null };
