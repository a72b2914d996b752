import { InvalidInputError, RowConflictError } from '../errors.js';
import type { Entry } from './entry.js';
import { faultOf, GroupRefused, namedRows } from './faults.js';

/** An entry that the database refuses by itself. */
export interface Refusal {
  readonly entry: Entry;
  readonly error: unknown;
  /** How often it was tried to write it. */
  readonly attempts: number;
}

/**
 * Writes entries, all at once where nothing is wrong with them. Those that are refused are set apart: by what the error says of them, or by
 * trying halves until they are alone. The others are written, in their order.
 *
 * @param write all or nothing, without those that are dead
 * @param refuse is to mark them as dead
 * @throws what `write` throws that is no fault of the rows
 */
export async function writeApart(
  entries: readonly Entry[],
  write: (entries: readonly Entry[]) => Promise<void>,
  refuse: (refusals: readonly Refusal[]) => Promise<void>,
  before = 0,
): Promise<void> {
  for (let attempts = before + 1; ; attempts += 1) {
    try {
      return await write(entries);
    } catch (failure) {
      const living = entries.filter(({ dead }) => !dead);
      if (faultOf(failure) === 'database' || living.length === 0) throw failure;
      const refusals = refusalsOf(failure, living, attempts);
      if (refusals.length === 0) {
        const middle = Math.ceil(entries.length / 2);
        await writeApart(entries.slice(0, middle), write, refuse, attempts);
        return writeApart(entries.slice(middle), write, refuse, attempts);
      }
      await refuse(refusals);
    }
  }
}

function refusalsOf(failure: unknown, living: readonly Entry[], attempts: number): Refusal[] {
  const error = failure instanceof GroupRefused ? failure.error : failure;
  const named = failure instanceof GroupRefused ? namedEntries(failure) : [];
  if (named.length > 0) return named.map((refusal) => ({ ...refusal, attempts }));
  return living.length === 1 ? [{ entry: living[0]!, error, attempts }] : [];
}

/** The entries that the error names by their rows, each with what is wrong with it alone. */
function namedEntries({ entries, error }: GroupRefused): Omit<Refusal, 'attempts'>[] {
  const problems = namedRows(error);
  const found: Omit<Refusal, 'attempts'>[] = [];
  let first = 0;
  for (const entry of entries) {
    const { subject } = entry.group.kind;
    const problem = entry.rows.map((_, index) => problems.get(first + index)).find((one) => one !== undefined);
    first += entry.rows.length;
    if (problem === undefined) continue;
    const { row: _, ...own } = problem;
    const alone = error instanceof RowConflictError ? RowConflictError : InvalidInputError;
    found.push({ entry, error: new alone([own], subject) });
  }
  return found;
}
