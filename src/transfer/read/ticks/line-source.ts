import type { Report } from '../../../domain/problem.js';
import type { Problem } from '../../../errors.js';
import { splitFields } from '../csv-fields.js';
import { readLines } from './text-lines.js';
import type { Tally, TickBatch, TickInputs, TickKind, TickSource } from './tick-source.js';

/** A layout with a row on each line, of columns that have their places. */
export interface LineLayout<Kind extends TickKind> {
  readonly layout: string;
  readonly kind: Kind;
  /** For each value of a row, the column that has it. */
  readonly mapping: Readonly<Record<string, string>>;
  /** A comma by default; null where a line is one field. */
  readonly delimiter?: string | null;
  readonly leftOut: readonly string[];
  /** See `TickSource`. */
  readonly own?: boolean;
  /** How many columns a row has. */
  readonly width: number;
  /** The line of the header, 0 where there is none. */
  readonly headerLine: number;
  /** Null for a row of something else; undefined where it reported what is wrong. */
  read(fields: readonly string[], tally: Tally, report: Report): TickInputs[Kind] | null | undefined;
  notices(tally: Tally): string[];
}

export function lineSource<Kind extends TickKind>(path: string, layout: LineLayout<Kind>): TickSource {
  const { kind, delimiter = ',', width, headerLine } = layout;
  return {
    layout: layout.layout,
    mapping: layout.mapping,
    kinds: [kind],
    leftOut: layout.leftOut,
    own: layout.own,
    notices: (tally) => layout.notices(tally),
    async *batches(tally, options) {
      let problems: Problem[] = [];
      const report = (problem: Problem) => problems.push(problem);
      for await (const { first, texts } of readLines(path, options)) {
        const rows: TickInputs[Kind][] = [];
        const lines: number[] = [];
        for (let index = 0; index < texts.length; index += 1) {
          const text = texts[index]!;
          const line = first + index;
          if (text === '' || line === headerLine) continue;
          tally.rows += 1;
          const fields = delimiter === null ? [text] : fieldsOf(text, delimiter, width, report);
          const row = fields && layout.read(fields, tally, report);
          if (row) {
            rows.push(row);
            lines.push(line);
          }
          if (problems.length > 0) tally.reject(line, problems);
          if (problems.length > 0) problems = [];
        }
        yield { kind, rows, lines } as unknown as TickBatch;
      }
    },
  };
}

export function fieldsOf(text: string, delimiter: string, width: number, report: Report): string[] | undefined {
  const fields = text.includes('"') ? splitFields(text, delimiter) : text.split(delimiter);
  if (fields === undefined) {
    const rule = 'a quoted field ends on its line, with a delimiter or nothing behind it';
    report({ code: 'QUOTE_UNCLOSED', path: '', value: text, rule });
    return undefined;
  }
  if (fields.length === width) return fields;
  const rule = `a row has ${width} columns; this one has ${fields.length}`;
  report({ code: 'ROW_WIDTH', path: '', value: text, rule });
  return undefined;
}

/** `1674100` of a ten-thousandth each is `167.4100`. Exact, since the point alone moves. What is no plain number stays as it is. */
export function tenThousandths(text: string): string {
  if (!/^\d+(?:\.\d+)?$/.test(text)) return text;
  const [whole = '', fraction = ''] = text.split('.');
  const digits = whole.padStart(5, '0');
  return `${digits.slice(0, -4)}.${digits.slice(-4)}${fraction}`;
}
