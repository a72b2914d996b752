import type { Json } from '../../domain/json.js';
import type { JsonKind, JsonSchemas } from '../../domain/json-schemas.js';
import type { Problem } from '../../errors.js';
import { describeProblem, StoredValueError } from '../../errors.js';

/** Where a stored document stands. */
interface Place {
  readonly table: string;
  readonly column: string;
  readonly id: string;
}

/** The value of a stored document. @throws StoredValueError STORED_JSON_INVALID where it breaks the schema of its type and version */
export function decodeStored(
  schemas: JsonSchemas,
  [kind, type, version]: readonly [JsonKind, string, number],
  json: Json,
  { table, column, id }: Place,
): unknown {
  const problems: Problem[] = [];
  const value = schemas.decode(kind, type, version, json, column, (problem) => problems.push(problem));
  const [first] = problems;
  if (first === undefined) return value;
  const message = `${table} ${id} holds what the store does not write: ${describeProblem(first)}`;
  const hint = 'something else than the store wrote this row: mend it there';
  throw new StoredValueError('STORED_JSON_INVALID', message, { table, column, hint });
}
