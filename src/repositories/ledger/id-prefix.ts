import type { Client } from '../../database/session.js';
import { statement } from '../../database/statement.js';

/** Where ids stand. */
export interface IdColumn {
  readonly name: string;
  readonly column: string;
}

const DIGITS = 32;

/** The ids in a column that start with these hexadecimal digits, hyphens or not: the first `limit` of them in their order, each once. */
export async function idsByPrefix(
  client: Client,
  { name, column }: IdColumn,
  prefix: string,
  limit: number,
): Promise<string[]> {
  const digits = prefix.replaceAll('-', '');
  // Bounds, not LIKE: they are read from the index of the ids.
  const text = `SELECT DISTINCT ${column} AS id FROM ${name} WHERE ${column} BETWEEN $1::uuid AND $2::uuid
    ORDER BY ${column} LIMIT $3`;
  const bounds = ['0', 'f'].map((digit) => digits.padEnd(DIGITS, digit));
  const { rows } = await client.query<{ id: string }>(statement(text, [...bounds, limit]));
  return rows.map((row) => row.id);
}
