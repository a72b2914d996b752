import { type Id, readId } from '../../domain/identifier.js';
import { readOrThrow } from '../../domain/problem.js';

/** @throws InvalidInputError ID_INVALID */
export function idOf<T extends Id<string>>(id: string): T {
  return readOrThrow('id', (report) => readId<T>(id, 'id', report));
}
