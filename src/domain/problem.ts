import { InvalidInputError, type Problem } from '../errors.js';

/** Where a reader of outside values puts what it finds wrong; it then answers undefined and goes on, so that a batch reports everything. */
export type Report = (problem: Problem) => void;

/** @throws InvalidInputError OBJECT_EXPECTED for arguments that are none: a caller without types gets a typed error too */
export function requireObject(value: unknown, subject: string): void {
  if (typeof value === 'object' && value !== null) return;
  throw new InvalidInputError([{ code: 'OBJECT_EXPECTED', path: '', value, rule: 'not an object' }], subject);
}

/** Runs `read` and throws one {@link InvalidInputError} with every problem that it reported. */
export function readOrThrow<T>(subject: string, read: (report: Report) => T | undefined): T {
  const problems: Problem[] = [];
  const value = read((problem) => problems.push(problem));
  if (problems.length > 0 || value === undefined) throw new InvalidInputError(problems, subject);
  return value;
}
