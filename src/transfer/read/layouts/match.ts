import type { Problem } from '../../../errors.js';
import { splitFields } from '../csv-fields.js';
import type { TextLine } from '../csv-text.js';
import {
  DELIMITERS,
  type Delimiter,
  type KnownLayout,
  REQUIRED_FIELDS,
  TEXT_FIELDS,
  type TextField,
} from './description.js';

/** A description laid over the first lines of a file. */
export interface Match {
  readonly description: KnownLayout;
  readonly delimiter: Delimiter;
  /** As the header has them, or the description where there is no header. */
  readonly names: readonly string[];
  readonly columns: Readonly<Partial<Record<TextField, number>>>;
  /** The last line of the header; 0 where there is none. */
  readonly headerLine: number;
  /** The first rows, taken apart. */
  readonly rows: readonly (readonly string[])[];
  /** What the header itself says. */
  readonly symbol: string | undefined;
  /** Columns that are missing or twice there. */
  readonly problems: readonly Problem[];
}

const NO_LINE: TextLine = { line: 0, text: '' };

/** Lays a description over the first lines: with its delimiter or the file's own word for it, else with the one that finds most columns. */
export function match(description: KnownLayout, lines: readonly TextLine[], declared?: Delimiter): Match {
  const delimiter = description.delimiter ?? declared;
  const delimiters = delimiter ? [delimiter] : DELIMITERS;
  const matches = delimiters.map((delimiter) => matchWith(description, lines, delimiter));
  return matches.reduce((best, next) => (found(next) > found(best) ? next : best));
}

export function found({ columns }: Match): number {
  return Object.values(columns).filter((column) => column !== undefined).length;
}

/** Whether this is that layout, and not another one that has some of its columns. */
export function isRecognised({ description, names, rows, headerLine, problems }: Match, lines: readonly TextLine[]) {
  const { marks = [], looks, headerStarts, exact } = description;
  if (problems.length > 0) return false;
  if (!marks.every((mark) => names.some((name) => namesColumn(mark, name, false)))) return false;
  if (headerStarts && !startsAs(headerStarts, lines)) return false;
  if (looks && !looks.every((look, column) => look.test(rows[0]?.[column]?.trim() ?? ''))) return false;
  if (headerLine === 0 && rows[0]?.length !== names.length) return false;
  // A column that only differs in its case would be left out in silence.
  const { volume } = description.columns;
  return !exact || !names.some((name) => name !== volume && plainName(name) === 'volume');
}

function startsAs(starts: readonly RegExp[], lines: readonly TextLine[]): boolean {
  return starts.every((start, line) => start.test(plainName(lines[line]?.text.split(/[,;\t]/)[0] ?? '')));
}

function matchWith(description: KnownLayout, lines: readonly TextLine[], delimiter: Delimiter): Match {
  const headerLines = description.names ? 0 : (description.header ?? 1);
  const header = lines.slice(0, headerLines);
  const parts = (line: TextLine) => splitFields(line.text, delimiter) ?? [];
  const naming = header[(description.namesLine ?? 1) - 1];
  const names = description.names ?? (naming ? parts(naming).map((name) => name.trim()) : []);
  const columns: Partial<Record<TextField, number>> = {};
  const problems: Problem[] = [];
  const problem = (code: string, path: TextField, rule: string, hint: string) =>
    problems.push({ code, path, value: names, rule, hint, ...(naming && { line: naming.line }) });
  for (const field of TEXT_FIELDS) {
    const wanted = [description.columns[field] ?? []].flat();
    const places = names.flatMap((name, place) =>
      wanted.some((want) => namesColumn(want, name, description.exact === true)) ? [place] : [],
    );
    const [first = '', ...others] = wanted;
    const called = others.length > 0 ? `${first} (or ${others.join(', ')})` : first;
    if (places.length > 1) {
      const rule = `${places.length} columns are named ${called}`;
      problem(
        'COLUMN_REPEATED',
        field,
        rule,
        `leave one of ${places.map((place) => names[place]).join(', ')} under that name`,
      );
    } else if (places.length === 1) columns[field] = places[0]!;
    else if (isRequired(field, description)) {
      const none = field === 'volume' ? ', or that there is none ("volumeOptional": true)' : '';
      problem(
        'COLUMN_MISSING',
        field,
        `no column is named ${called}`,
        `name the column ${first} in the header, or say with --map which one it is${none}`,
      );
    }
  }
  const rows = lines.slice(headerLines).flatMap((line) => {
    const row = splitFields(line.text, delimiter);
    return row?.length === names.length ? [row] : [];
  });
  return {
    description,
    delimiter,
    names,
    columns,
    headerLine: header.at(-1)?.line ?? 0,
    rows,
    symbol: description.headerStarts
      ? symbolOfLine(parts(header[naming === header[0] ? 1 : 0] ?? NO_LINE))
      : prefixOf(description, names, columns),
    problems,
  };
}

function isRequired(field: TextField, { volumeOptional }: KnownLayout): boolean {
  return (REQUIRED_FIELDS as readonly string[]).includes(field) && !(field === 'volume' && volumeOptional);
}

function namesColumn(wanted: string, name: string, exact: boolean): boolean {
  if (exact) return wanted === name;
  if (!wanted.includes('*')) return plainName(wanted) === plainName(name);
  return starPattern(wanted).test(name);
}

function starPattern(wanted: string): RegExp {
  const literal = wanted.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replace('*', '(.+)')}$`, 'i');
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[\s._<>"-]/g, '');
}

/** The symbol that stands for `*` in the names of the columns. */
function prefixOf(
  { columns: wanted }: KnownLayout,
  names: readonly string[],
  columns: Match['columns'],
): string | undefined {
  const star = [wanted.close ?? []].flat().find((name) => name.includes('*'));
  const close = columns.close === undefined ? undefined : names[columns.close];
  return star && close ? starPattern(star).exec(close)?.[1] : undefined;
}

/** The one symbol that all columns of the line name; several are joined, and then are no symbol. */
function symbolOfLine(fields: readonly string[]): string | undefined {
  const symbols = new Set(fields.slice(1).map((field) => field.trim()));
  symbols.delete('');
  return symbols.size > 0 ? [...symbols].join(' ') : undefined;
}
