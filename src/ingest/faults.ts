import {
  AuthenticationError,
  ConflictError,
  ConnectionError,
  ConstraintError,
  DatabaseError,
  InvalidInputError,
  PoolExhaustedError,
  type Problem,
  RowConflictError,
  StoredValueError,
  WyckoffError,
} from '../errors.js';
import type { Entry } from './entry.js';

/**
 * SQLSTATE classes of what a row can be to blame for: cardinality, data (out of range, ...), constraints, WITH CHECK, a RAISE of a trigger,
 * limits of the server's that a value exceeds. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const OF_ROWS = new Set(['21', '22', '23', '44', 'P0', '54']);

/** No disk, memory or connections; system errors; a server that is read only, as a standby is. */
const OF_SERVER = /^(53|58|25006)/;

/**
 * Whose fault is it?
 * - `rows`: the database refuses what it was given, now and later.
 * - `database`: it is away, busy, full, or not as it has to be (a missing right, a missing table). It is tried again: a row must not end in the
 *   dead letters because a password had changed.
 * - `unknown`: nothing that we know of.
 */
export function faultOf(error: unknown): 'rows' | 'database' | 'unknown' {
  if (error instanceof GroupRefused || error instanceof InvalidInputError) return 'rows';
  if (error instanceof ConstraintError) return 'rows';
  if (error instanceof RowConflictError || error instanceof StoredValueError) return 'rows';
  if (error instanceof ConflictError) return error.code === 'WRITE_INTERFERED' ? 'database' : 'rows';
  if (error instanceof Stopped) return 'database';
  if (error instanceof DatabaseError) return OF_ROWS.has(error.sqlstate?.slice(0, 2) ?? '') ? 'rows' : 'database';
  if (error instanceof WyckoffError) return 'rows';
  return 'unknown';
}

/** Whether it is the whole database that is away, or takes nothing from anybody: then it is left alone for a while. */
export function isAway(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof PoolExhaustedError || error instanceof AuthenticationError)
    return true;
  return error instanceof DatabaseError && OF_SERVER.test(error.sqlstate ?? '');
}

/** What the error says of single rows, by their position. */
export function namedRows(error: unknown): Map<number, Problem> {
  const problems = error instanceof InvalidInputError || error instanceof RowConflictError ? error.problems : [];
  const named = new Map<number, Problem>();
  for (const problem of problems) {
    if (problem.row !== undefined && !named.has(problem.row)) named.set(problem.row, problem);
  }
  return named;
}

/** Rows that one call of a repository was given and refused. */
export class GroupRefused extends Error {
  constructor(
    readonly entries: readonly Entry[],
    readonly error: unknown,
  ) {
    super('rows were refused');
  }
}

/** What was wrong, without who had been given it. */
export function causeOf(error: unknown): unknown {
  return error instanceof GroupRefused ? error.error : error;
}

/** The ingest is being closed and waits no longer. */
export class Stopped extends Error {}
