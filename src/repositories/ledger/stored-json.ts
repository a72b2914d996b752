import type { Report } from '../../domain/problem.js';
import { describeProblem, type Problem, StoredValueError } from '../../errors.js';

/** Where a stored document stands. */
interface Place {
  readonly table: string;
  readonly column: string;
  readonly id: string;
}

/** The value of a stored document. @throws StoredValueError STORED_JSON_INVALID where it breaks the schema of its type and version */
export function decodeStored({ table, column, id }: Place, decode: (report: Report) => unknown): unknown {
  const problems: Problem[] = [];
  const value = decode((problem) => problems.push(problem));
  const [first] = problems;
  if (first === undefined) return value;
  const message = `${table} ${id} holds what the store does not write: ${describeProblem(first)}`;
  const hint = 'something else than the store wrote this row: mend it there';
  throw new StoredValueError('STORED_JSON_INVALID', message, { table, column, hint });
}
