/** What commands print on standard output. */
import { pipeline } from 'node:stream/promises';

export const FORMATS = ['table', 'csv', 'json'] as const;
export type Format = (typeof FORMATS)[number];

/** A row by column name. Decimals and instants are text already. */
export type OutputRow = Readonly<Record<string, string | number | null>>;

type OutputRows = Iterable<OutputRow> | AsyncIterable<OutputRow>;

const CHUNK = 65_536;

export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** On standard error: for people, where standard output is for a program. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function sayJson(value: unknown): void {
  say(JSON.stringify(value, undefined, 2));
}

/** A header and a line for each row (RFC 4180, but with line feeds alone); empty where there is no value. In constant memory. */
export function printCsv(columns: readonly string[], rows: OutputRows): Promise<void> {
  return print(csvLines(columns, rows));
}

/** An array of objects, one a line. In constant memory. */
export function printJson(columns: readonly string[], rows: OutputRows): Promise<void> {
  return print(jsonLines(columns, rows));
}

async function* csvLines(columns: readonly string[], rows: OutputRows): AsyncGenerator<string> {
  yield `${columns.join(',')}\n`;
  for await (const row of rows) yield `${columns.map((column) => csvField(row[column])).join(',')}\n`;
}

async function* jsonLines(columns: readonly string[], rows: OutputRows): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const row of rows) {
    yield `${separator}${JSON.stringify(Object.fromEntries(columns.map((column) => [column, row[column] ?? null])))}`;
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n';
}

function csvField(value: string | number | null | undefined): string {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Waits where the reader is slower, and stops where it has left, as `| head` does: that is no failure. */
async function print(lines: AsyncIterable<string>): Promise<void> {
  try {
    await pipeline(chunked(lines), process.stdout, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

/** A write for each line would take longer than the query. */
async function* chunked(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = '';
  for await (const line of lines) {
    chunk += line;
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk) yield chunk;
}
