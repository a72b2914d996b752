import { InvalidInputError, type Problem } from '../../errors.js';

/** A file that cannot be imported at all. */
export function fileError(problem: Problem): InvalidInputError {
  return new InvalidInputError([problem], 'file');
}

/** How many problems are kept of a file; all are counted. */
export const KEPT_PROBLEMS = 1_000;

/** The rows of a file that were not taken. */
export class Rejections {
  /** Rejected rows; a row may have several problems. */
  count = 0;
  /** In the order of the file's lines; the first {@link KEPT_PROBLEMS}. */
  readonly problems: Problem[] = [];

  reject(line: number, problems: readonly Problem[]): void {
    this.count += 1;
    for (const problem of problems) {
      if (this.problems.length < KEPT_PROBLEMS) this.problems.push({ ...problem, value: shorten(problem.value), line });
    }
  }
}

/** A thousand of the longest lines would be 64 MB. */
const KEPT_TEXT = 200;

function shorten(value: unknown): unknown {
  return typeof value === 'string' && value.length > KEPT_TEXT ? `${value.slice(0, KEPT_TEXT)}...` : value;
}
