import type { Problem } from '../../errors.js';
import type { DuckDB } from '../duckdb.js';
import type { BarSource, OptionalColumn, WrittenRow } from './bar-source.js';
import { splitFields } from './csv-fields.js';
import { linesOf, loadRows } from './csv-load.js';
import type { CsvText } from './csv-text.js';
import { fieldsOfObject } from './json-lines.js';
import type { LayoutDescription, TextField } from './layouts/description.js';
import { layoutOf, type TextLayout } from './layouts/text-layout.js';
import { plainNumber } from './written-number.js';
import { readWrittenTime } from './written-time.js';

const OPTIONAL: Readonly<Partial<Record<TextField, OptionalColumn>>> = {
  symbol: 'symbol',
  timeframe: 'timeframe',
  volumeScale: 'volume_scale',
  source: 'source',
};

/** @throws InvalidInputError where the text is of no known layout */
export function csvSource(text: CsvText, map: LayoutDescription | undefined): BarSource {
  const layout = layoutOf(text, map);
  return {
    layout: text.keys && layout.name === 'csv' ? 'ndjson' : layout.name,
    rows: layout.rows,
    mapping: layout.mapping,
    leftOut: layout.leftOut,
    notices: layout.notices,
    columns: new Set(Object.keys(layout.columns).flatMap((field) => OPTIONAL[field as TextField] ?? [])),
    told: layout.told,
    load: (db, { round }) => loadRows(db, text, layout, round),
    written: (db, table) => writtenRows(db, text, layout, table),
  };
}

async function* writtenRows(db: DuckDB, text: CsvText, layout: TextLayout, table: string): AsyncGenerator<WrittenRow> {
  const { asked } = await db.row<{ asked: number }>(`SELECT count(*)::DOUBLE AS asked FROM ${table}`);
  if (asked === 0) return; // else the whole file would be read for nothing
  const lines = `SELECT line::DOUBLE AS line, text FROM ${linesOf(text)} SEMI JOIN ${table} USING (line) ORDER BY line`;
  for await (const chunk of db.stream(lines, asked)) {
    const line = chunk.getColumnVector(0);
    const written = chunk.getColumnVector(1);
    const { rowCount } = chunk; // asked of the engine each time
    for (let index = 0; index < rowCount; index += 1) {
      yield readRow(line.getItem(index) as number, written.getItem(index) as string, layout, text.keys);
    }
  }
}

function readRow(line: number, text: string, layout: TextLayout, keys: CsvText['keys']): WrittenRow {
  const row = keys ? fieldsOfObject(text, keys) : splitFields(text, layout.delimiter);
  if (row === undefined && keys) {
    return broken(line, { code: 'JSON_INVALID', path: '', value: text, rule: 'a line is a JSON object' });
  }
  if (row === undefined) {
    const rule = 'a quoted field ends on its line, with a delimiter or nothing behind it';
    return broken(line, { code: 'QUOTE_UNCLOSED', path: '', value: text, rule });
  }
  if (row.length !== layout.width) {
    if (keys) {
      const rule = 'an object has the keys of the first one; this one has others beside them';
      const hint = 'give the first line all keys, with null where it has no value';
      return broken(line, { code: 'ROW_WIDTH', path: '', value: text, rule, hint });
    }
    const where = layout.headerLine > 0 ? 'the header' : 'this layout';
    const rule = `a row has the ${layout.width} columns of ${where}; this one has ${row.length}`;
    return broken(line, { code: 'ROW_WIDTH', path: '', value: text, rule });
  }
  const original: Partial<Record<TextField, string>> = {};
  const field = (name: TextField): string | undefined => {
    const index = layout.columns[name];
    if (index === undefined) return undefined;
    original[name] = row[index]!;
    return row[index]!;
  };
  const isMissing = (value: string | undefined) =>
    value === undefined || value.trim() === '' || layout.missing.has(value.trim());
  const price = (name: TextField) => scaled(plainNumber(field(name) ?? '', layout), layout);
  const volume = field('volume');
  const vwap = isMissing(field('vwap')) ? null : price('vwap');
  const ofDay = field('time');
  const timestamp = ofDay === undefined ? field('timestamp')! : `${field('timestamp')!.trim()} ${ofDay.trim()}`;
  const problems: Problem[] = [];
  const time = readWrittenTime(timestamp, 'timestamp', (problem) => problems.push(problem), layout.times);
  const fields = {
    time,
    open: price('open'),
    high: price('high'),
    low: price('low'),
    close: price('close'),
    volume: layout.volumeOptional && isMissing(volume) ? '0' : plainNumber(volume ?? '', layout),
    vwap,
    symbol: field('symbol'),
    timeframe: field('timeframe'),
    volumeScale: field('volumeScale'),
    source: field('source') || null,
    original: { ...original, timestamp },
  };
  return { line, problems, fields };
}

/** An integer x 10^priceScale as the decimal that it stands for. What has a point is none, and is not of that scale. */
function scaled(text: string, { priceScale }: TextLayout): string {
  if (priceScale === 0) return text;
  return /^[+-]?\d+$/.test(text) ? `${text}e-${priceScale}` : `?${text}`;
}

function broken(line: number, problem: Problem): WrittenRow {
  return { line, problems: [problem], fields: undefined };
}
