import { InvalidInputError } from '../errors.js';

/** What the caller's iterable threw, as it was: its network errors must not be taken for the database's. */
export interface SourceFailure {
  error?: unknown;
}

/** What a caller's iterable gives, in arrays of `size`; the last may be shorter. */
export async function* batchesOf<T>(
  source: Iterable<T> | AsyncIterable<T>,
  size: number,
  failure: SourceFailure,
  signal: AbortSignal | undefined,
): AsyncGenerator<T[], undefined> {
  let batch: T[] = [];
  try {
    for await (const item of source) {
      signal?.throwIfAborted();
      batch.push(item);
      if (batch.length === size) {
        yield batch;
        batch = [];
      }
    }
  } catch (error) {
    failure.error = error;
    throw error;
  }
  if (batch.length > 0) yield batch;
  return undefined;
}

/** `subject` is what it should be an iterable of: `bars`. @throws InvalidInputError */
export function requireIterable(rows: unknown, subject: string): void {
  if (typeof rows === 'object' && rows !== null && (Symbol.iterator in rows || Symbol.asyncIterator in rows)) return;
  const hint = 'put a single one into an array';
  const code = `${subject.toUpperCase().replaceAll(' ', '_')}_INVALID`;
  throw new InvalidInputError(
    [{ code, path: '', value: rows, rule: `not an array or another iterable of ${subject}`, hint }],
    subject,
  );
}
