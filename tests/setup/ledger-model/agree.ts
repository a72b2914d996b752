import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';

/** The store and the model agree on something; if not, says on what. */
export function agree(what: string, real: unknown, model: unknown): void {
  if (isDeepStrictEqual(real, model)) return;
  expect(real, what).toStrictEqual(model);
  throw new Error(`${what}: equal to the eye, and yet not`);
}
