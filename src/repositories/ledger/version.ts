import { readOrThrow, requireObject } from '../../domain/problem.js';
import { LARGEST_INT, readWholeNumber } from '../../domain/whole-number.js';
import { StaleVersionError } from '../../errors.js';

/** Names the version of the row that the caller read and decided upon. */
export interface Versioned {
  readonly version: number;
}

/** Reads the version that a change names. @throws InvalidInputError */
export function readVersion(change: Versioned): number {
  requireObject(change, 'change');
  return readOrThrow('version', (report) =>
    readWholeNumber(change.version, 'a version', [1, LARGEST_INT], 'version', report),
  );
}

/** @throws StaleVersionError */
export function requireVersion(subject: string, stored: Versioned, expected: number): void {
  if (stored.version !== expected) throw new StaleVersionError(subject, expected, stored.version);
}
