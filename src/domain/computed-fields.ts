import type { Report } from './problem.js';

/** Reports fields that follow from others, or that the store sets: a value that is given would be ignored, and its caller not know. */
export function refuseComputed(input: object, fields: readonly string[], report: Report): boolean {
  const given = fields.filter((field) => (input as Readonly<Record<string, unknown>>)[field] !== undefined);
  for (const path of given) {
    const value = (input as Readonly<Record<string, unknown>>)[path];
    const rule = `${path} is computed, never taken from the caller`;
    report({ code: 'FIELD_IS_COMPUTED', path, value, rule, hint: 'leave it out' });
  }
  return given.length > 0;
}
