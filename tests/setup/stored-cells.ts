import type pg from 'pg';

/** A cell without its format: decimals and whole numbers as plain text, instants as microseconds since the epoch, JSON as its stored text. */
export type Cell = string | null | readonly string[];
export type Row = Readonly<Record<string, Cell>>;

export interface StoredTable {
  /** SQL type of each column. */
  readonly types: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

/** A table as the server tells it. `order` is SQL. */
export async function storedTable(client: pg.Client, relation: string, order: string): Promise<StoredTable> {
  const { rows: columns } = await client.query<{ name: string; type: string }>(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position`,
    [relation],
  );
  const cells = columns.map(({ name, type }) => `${sqlOf(`t."${name}"`, type)} AS "${name}"`);
  const { rows } = await client.query<Row>(`SELECT ${cells.join(', ')} FROM ${relation} AS t ORDER BY ${order}`);
  return { types: Object.fromEntries(columns.map(({ name, type }) => [name, type])), rows };
}

function sqlOf(column: string, type: string): string {
  if (type.startsWith('timestamp')) return `(extract(epoch FROM ${column}) * 1000000)::bigint::text`;
  if (type === 'bytea') return `encode(${column}, 'hex')`;
  return type === 'ARRAY' ? `${column}::text[]` : `${column}::text`;
}

/** A cell of a CSV file, of a column of this SQL type. */
export function csvCell(text: string, type: string): Cell {
  if (type === 'ARRAY') return text === '' ? [] : text.split(' ');
  if (text === '') return null;
  return type.startsWith('timestamp') ? microseconds(text) : text;
}

/** A cell of a line of NDJSON that `JSON.parse` has read. Documents come as `JSON.stringify` writes them. */
export function jsonCell(value: unknown, type: string): Cell {
  if (value === null) return null;
  if (type === 'ARRAY') return value as string[];
  if (type === 'jsonb') return JSON.stringify(value);
  return type.startsWith('timestamp') ? microseconds(value as string) : String(value);
}

/** `2024-01-02T14:30:00.123456Z`. */
function microseconds(text: string): string {
  const [, seconds = '', fraction = ''] = /^([^.]+?)(?:\.(\d{6}))?Z$/.exec(text)!;
  return `${BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(fraction || 0)}`;
}

/** value x 10^-scale. */
export function decimalText(value: bigint, scale: number): string {
  const digits = `${value < 0n ? -value : value}`.padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return value < 0n ? `-${text}` : text;
}
