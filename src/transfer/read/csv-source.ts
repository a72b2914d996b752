import type { Problem } from '../../errors.js';
import type { DuckDB } from '../duckdb.js';
import type { BarSource, WrittenRow } from './bar-source.js';
import { splitFields } from './csv-fields.js';
import { linesOf, loadRows } from './csv-load.js';
import type { CsvText } from './csv-text.js';
import { type CsvFormat, recogniseCsv } from './formats.js';
import { readWrittenTime } from './written-time.js';

/** @throws InvalidInputError where the text is of no known layout */
export function csvSource(text: CsvText): BarSource {
  const format = recogniseCsv(text.header);
  return {
    layout: 'csv',
    rows: text.rows,
    leftOut: format.leftOut,
    notices: [],
    columns: new Set(),
    told: {},
    load: (db, { round }) => loadRows(db, text, format, round),
    written: (db, table) => writtenRows(db, text, format, table),
  };
}

async function* writtenRows(db: DuckDB, text: CsvText, format: CsvFormat, table: string): AsyncGenerator<WrittenRow> {
  const lines = `SELECT line::DOUBLE AS line, text FROM ${linesOf(text)} SEMI JOIN ${table} USING (line) ORDER BY line`;
  for await (const chunk of db.stream(lines)) {
    const line = chunk.getColumnVector(0);
    const written = chunk.getColumnVector(1);
    const { rowCount } = chunk; // asked of the engine each time
    for (let index = 0; index < rowCount; index += 1) {
      yield readRow(line.getItem(index) as number, written.getItem(index) as string, format);
    }
  }
}

function readRow(line: number, text: string, format: CsvFormat): WrittenRow {
  const row = splitFields(text, format.delimiter);
  if (row === undefined) {
    const rule = 'a quoted field ends on its line, with a delimiter or nothing behind it';
    return broken(line, { code: 'QUOTE_UNCLOSED', path: '', value: text, rule });
  }
  if (row.length !== format.width) {
    const rule = `a row has the ${format.width} columns of the header; this one has ${row.length}`;
    return broken(line, { code: 'ROW_WIDTH', path: '', value: text, rule });
  }
  const { columns } = format;
  const problems: Problem[] = [];
  const field = (index: number) => row[index] ?? '';
  const vwap = columns.vwap === undefined ? '' : field(columns.vwap).trim();
  const timestamp = field(columns.timestamp);
  const fields = {
    time: readWrittenTime(timestamp, 'timestamp', (problem) => problems.push(problem)),
    open: field(columns.open),
    high: field(columns.high),
    low: field(columns.low),
    close: field(columns.close),
    volume: field(columns.volume),
    vwap: vwap === '' ? null : vwap,
    original: { timestamp },
  };
  return { line, problems, fields };
}

function broken(line: number, problem: Problem): WrittenRow {
  return { line, problems: [problem], fields: undefined };
}
