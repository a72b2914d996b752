import { copyChunks } from '../../database/copy.js';
import { type ExportPart, jsonOf, textOf } from './column.js';
import type { PartRows } from './part-rows.js';

/**
 * Neither occurs in JSON text, where control characters are escaped; so a line of it is never quoted, and comes out of COPY as it is.
 * https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.3
 */
const BARE_LINES = String.raw`(FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')`;

/** CSV as PostgreSQL writes it: a header, line feeds, RFC 4180 quotes where there must be some, nothing for null and "" for an empty text. */
export async function* csvRows(rows: PartRows): AsyncGenerator<Buffer, void> {
  const { client, table } = rows;
  yield Buffer.from(`${table.columns.map(({ name }) => name).join(',')}\n`);
  const quote = (text: string) => client.escapeLiteral(text);
  for (const part of rows.parts) {
    const fields = table.columns.map((column) => textOf(column, part, quote)).join(', ');
    const query = `SELECT ${fields} FROM ${table.relation} AS stored WHERE ${part.where} ORDER BY ${table.order}`;
    yield* copied(rows, part, `COPY (${query}) TO STDOUT (FORMAT csv)`);
  }
}

/** A JSON object a line, its keys in the order of the columns. JSON documents are in it as they are stored, digit by digit. */
export async function* ndjsonRows(rows: PartRows): AsyncGenerator<Buffer, void> {
  const { client, table } = rows;
  const quote = (text: string) => client.escapeLiteral(text);
  for (const part of rows.parts) {
    const fields = table.columns.map((column) => `${jsonOf(column, part, quote)} AS "${column.name}"`).join(', ');
    const query = `SELECT row_to_json(line) FROM ${table.relation} AS stored CROSS JOIN LATERAL (SELECT ${fields}) AS line
      WHERE ${part.where} ORDER BY ${table.order}`;
    yield* copied(rows, part, `COPY (${query}) TO STDOUT ${BARE_LINES}`);
  }
}

async function* copied({ client, signal, done }: PartRows, part: ExportPart, statement: string) {
  done(part, yield* copyChunks(client, statement, signal));
}
