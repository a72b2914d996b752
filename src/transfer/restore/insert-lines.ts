import type { Client } from '../../database/session.js';
import { toDatabaseError } from '../../database/sqlstate.js';
import { DatabaseError } from '../../errors.js';
import type { ColumnType, ExportColumn } from '../export/column.js';
import type { ExportTable } from '../export/kinds.js';
import { refusal } from './export-files.js';

/** A statement takes so many lines, or so many bytes. */
const BATCH = 1_000;
const BATCH_BYTES = 4 * 2 ** 20;

/** SQLSTATE: a value that its type does not take, a constraint that says no. */
const OF_THE_ROW = /^2[23]/;

/** Inserts lines of NDJSON, each as the row that it was made of. @throws InvalidInputError EXPORT_ROW_INVALID, which names the first */
export async function insertLines(
  client: Client,
  table: ExportTable,
  lines: AsyncIterable<Buffer>,
  path: string,
  onRows: (rows: number) => void,
): Promise<number> {
  const statement = insertOf(table);
  let batch: Buffer[] = [];
  let [bytes, rows] = [0, 0];
  const flush = async () => {
    await insert(client, statement, batch, path, rows);
    rows += batch.length;
    [batch, bytes] = [[], 0];
    onRows(rows);
  };
  for await (const line of lines) {
    batch.push(line);
    bytes += line.length;
    if (batch.length === BATCH || bytes > BATCH_BYTES) await flush();
  }
  await flush();
  return rows;
}

async function insert(client: Client, statement: string, lines: readonly Buffer[], path: string, before: number) {
  await client.query('SAVEPOINT batch');
  try {
    // The text goes to the server as it is: a parser here would make floats of the numbers in the documents.
    await client.query(statement, [`[${lines.map((line) => line.toString('utf8')).join(',')}]`]);
  } catch (error) {
    const found = toDatabaseError(error);
    if (!(found instanceof DatabaseError) || !OF_THE_ROW.test(found.sqlstate ?? '')) throw found;
    await client.query('ROLLBACK TO SAVEPOINT batch');
    for (const [index, line] of lines.length > 1 ? lines.entries() : []) {
      await insert(client, statement, [line], path, before + index);
    }
    const hint = 'take a copy of the export that is whole, and a database that does not have these rows already';
    throw refusal('EXPORT_ROW_INVALID', path, `the database refuses it: ${found.message}`, { hint, line: before + 1 });
  }
  await client.query('RELEASE SAVEPOINT batch');
}

/** Rows in the order of their lines: the trigger of the audit trail gives each event its place as it comes. */
function insertOf({ relation, columns }: ExportTable): string {
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  const values = columns.map(({ name, type }) =>
    type === 'bytes' ? `decode(line."${name}", 'hex')` : `line."${name}"`,
  );
  const types = columns.map((column) => `"${column.name}" ${typeOf(column)}`).join(', ');
  return `INSERT INTO ${relation} (${names}) SELECT ${values.join(', ')}
    FROM ROWS FROM (json_to_recordset($1::json) AS (${types})) WITH ORDINALITY AS line(${names}, place) ORDER BY place`;
}

const TYPES: Partial<Record<Extract<ColumnType, string>, string>> = {
  uuid: 'uuid',
  instant: 'timestamptz',
  date: 'date',
  boolean: 'boolean',
  int: 'integer',
  bigint: 'bigint',
  json: 'jsonb',
};

function typeOf({ type }: ExportColumn): string {
  return typeof type === 'object' ? 'numeric' : (TYPES[type] ?? 'text');
}
