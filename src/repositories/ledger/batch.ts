import type { Client } from '../../database/session.js';
import { type Report, requireObject } from '../../domain/problem.js';
import { InvalidInputError, type Problem } from '../../errors.js';
import { type LedgerRow, type LedgerTable, selectByIds } from './ledger-table.js';

/** What becomes of bad rows. */
export interface BatchOptions {
  /** Takes the problems of bad rows, which are then left out; without it, a batch with a bad row is refused as a whole. */
  readonly onProblem?: ((problem: Problem) => void) | undefined;
}

/** The rows of a batch, each with its position, and what is wrong with them. */
export class Batch<Draft extends { readonly id: string }> {
  readonly #subject: string;
  readonly #single: boolean;
  readonly #onProblem: BatchOptions['onProblem'];
  #rows: (readonly [position: number, draft: Draft])[] = [];

  /** `read` answers a draft, or undefined when it reported why not. */
  static read<Input, Draft extends { readonly id: string }>(
    subject: string,
    inputs: Iterable<Input>,
    options: BatchOptions,
    read: (input: Input, report: Report) => Draft | undefined,
  ): Batch<Draft> {
    const batch = new Batch<Draft>(subject, false, options.onProblem);
    requireObject(inputs, subject);
    batch.#fill([...inputs], read);
    return batch;
  }

  /** A batch of one, whose problems need no position. */
  static of<Input, Draft extends { readonly id: string }>(
    subject: string,
    input: Input,
    read: (input: Input, report: Report) => Draft | undefined,
  ): Batch<Draft> {
    const batch = new Batch<Draft>(subject, true, undefined);
    batch.#fill([input], read);
    return batch;
  }

  private constructor(subject: string, single: boolean, onProblem: BatchOptions['onProblem']) {
    this.#subject = subject;
    this.#single = single;
    this.#onProblem = onProblem;
  }

  get drafts(): Draft[] {
    return this.#rows.map(([, draft]) => draft);
  }

  /**
   * Checks each row against others of the ledger; those with a problem are refused or left out. A row that is there already was checked when it
   * was created: what has happened since does not make its creation wrong, and a repeated create has to be recognised.
   */
  async check<Entity extends LedgerRow>(
    client: Client,
    table: LedgerTable<Entity>,
    check: (draft: Draft, report: Report) => void,
  ): Promise<void> {
    const failed = new Map<string, Problem[]>();
    for (const [position, draft] of this.#rows) {
      const problems: Problem[] = [];
      check(draft, this.#reporter(position, problems));
      if (problems.length > 0) failed.set(draft.id, problems);
    }
    for (const id of (await selectByIds(client, table, [...failed.keys()])).keys()) failed.delete(id);
    this.#settle([...failed.values()].flat());
    this.#rows = this.#rows.filter(([, draft]) => !failed.has(draft.id));
  }

  #fill<Input>(inputs: readonly Input[], read: (input: Input, report: Report) => Draft | undefined): void {
    const problems: Problem[] = [];
    const positions = new Map<string, number>();
    for (const [position, input] of inputs.entries()) {
      const before = problems.length;
      const report = this.#reporter(position, problems);
      const draft = read(input, report);
      if (draft === undefined || problems.length > before) continue;
      const first = positions.get(draft.id);
      if (first === undefined) {
        positions.set(draft.id, position);
        this.#rows.push([position, draft]);
      } else report({ code: 'ID_TWICE', path: 'id', value: draft.id, rule: `row ${first} has this id already` });
    }
    this.#settle(problems);
  }

  #reporter(position: number, problems: Problem[]): Report {
    return (problem) => {
      problems.push(this.#single ? problem : { ...problem, row: position });
    };
  }

  #settle(problems: readonly Problem[]): void {
    if (problems.length === 0) return;
    if (!this.#onProblem) throw new InvalidInputError(problems, this.#subject);
    for (const problem of problems) this.#onProblem(problem);
  }
}
