import type { Report } from '../../src/domain/problem.js';
import type { Problem } from '../../src/errors.js';

/** What a reader answered, and everything that it reported. */
export function reading<T>(read: (report: Report) => T): { value: T; problems: Problem[]; codes: string[] } {
  const problems: Problem[] = [];
  const value = read((problem) => problems.push(problem));
  return { value, problems, codes: problems.map(({ code }) => code) };
}
