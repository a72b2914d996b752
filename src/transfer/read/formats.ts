import { InvalidInputError, type Problem } from '../../errors.js';
import { splitFields } from './csv-fields.js';
import type { HeaderLine } from './csv-text.js';

/**
 * Which format a file is written in, and where in it the values of a bar stand. One format is known so far: CSV with a header that names
 * its columns. Another one is another way to answer a {@link CsvFormat}.
 */

export const BAR_FIELDS = ['timestamp', 'open', 'high', 'low', 'close', 'volume', 'vwap'] as const;
export type BarField = (typeof BAR_FIELDS)[number];

const OPTIONAL: readonly BarField[] = ['vwap'];

export interface CsvFormat {
  readonly headerLine: number;
  readonly delimiter: string;
  /** The number of columns. */
  readonly width: number;
  /** Where each field stands, from 0. */
  readonly columns: Readonly<Record<Exclude<BarField, 'vwap'>, number> & { vwap: number | undefined }>;
  /** Columns that are not imported, as the header has them; `column 1` where it has no name. */
  readonly leftOut: readonly string[];
}

const DELIMITERS = [',', ';', '\t', '|'];

const FIELD_OF_NAME: ReadonlyMap<string, BarField> = new Map([
  ...BAR_FIELDS.map((field) => [field, field] as const),
  ...['date', 'datetime', 'time'].map((name) => [name, 'timestamp'] as const),
]);

/**
 * Reads a header: names in any order and case, anything else left out.
 * @throws InvalidInputError `HEADER_MISSING`, `COLUMN_MISSING` or `COLUMN_REPEATED`
 */
export function recogniseCsv(header: HeaderLine): CsvFormat {
  const [best] = DELIMITERS.map((delimiter) => readHeader(header.text, delimiter)).sort((a, b) => b.named - a.named);
  const { names, fields, named, delimiter } = best!;
  if (named === 0) throw headerMissing(header);
  const problems: Problem[] = [];
  const problem = (code: string, path: BarField, rule: string, hint: string) =>
    problems.push({ code, path, value: names, rule, hint, line: header.line });
  for (const field of BAR_FIELDS) {
    const found = names.filter((_, column) => fields[column] === field);
    const wanted = field === 'timestamp' ? 'timestamp (or date, datetime, time)' : field;
    if (found.length === 0 && !OPTIONAL.includes(field)) {
      problem('COLUMN_MISSING', field, `no column is named ${wanted}`, `name the column ${field} in the header`);
    } else if (found.length > 1) {
      const rule = `${found.length} columns are named ${wanted}`;
      problem('COLUMN_REPEATED', field, rule, `leave one of ${found.join(', ')} under that name`);
    }
  }
  if (problems.length > 0) throw new InvalidInputError(problems, 'header');
  const column = (field: BarField) => fields.indexOf(field);
  return {
    headerLine: header.line,
    delimiter,
    width: names.length,
    columns: {
      timestamp: column('timestamp'),
      open: column('open'),
      high: column('high'),
      low: column('low'),
      close: column('close'),
      volume: column('volume'),
      vwap: fields.includes('vwap') ? column('vwap') : undefined,
    },
    leftOut: names.map((name, index) => name || `column ${index + 1}`).filter((_, index) => !fields[index]),
  };
}

function readHeader(text: string, delimiter: string) {
  const names = (splitFields(text, delimiter) ?? []).map((name) => name.trim());
  const fields = names.map((name) => FIELD_OF_NAME.get(name.toLowerCase()));
  return { delimiter, names, fields, named: fields.filter((field) => field !== undefined).length };
}

const SHOWN_HEADER = 200;

function headerMissing({ line, text }: HeaderLine): InvalidInputError {
  const rule = 'a header names the columns: date or timestamp, open, high, low, close and volume';
  const hint = 'put such a line at the top of the file, with commas, semicolons, tabs or bars between the names';
  const value = text.slice(0, SHOWN_HEADER);
  return new InvalidInputError([{ code: 'HEADER_MISSING', path: '', value, rule, hint, line }], 'header');
}
