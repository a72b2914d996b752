import { createReadStream } from 'node:fs';

const CHUNK = 1_048_576;

export interface CsvRecord {
  readonly text: string;
  /** Of its beginning, from 1. */
  readonly line: number;
}

/** The records of a CSV file. Line feeds end them, those inside of quotes do not. */
export async function* readCsvRecords(path: string): AsyncGenerator<CsvRecord, undefined> {
  let rest = '';
  let line = 1;
  let open = '';
  let openedAt = 1;
  for await (const chunk of createReadStream(path, {
    encoding: 'utf8',
    highWaterMark: CHUNK,
  }) as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const text of lines) {
      if (open === '') openedAt = line;
      line += 1;
      const record = open === '' ? text : `${open}\n${text}`;
      if (closesQuotes(record)) {
        open = '';
        yield { text: record, line: openedAt };
      } else open = record;
    }
  }
  const last = open === '' ? rest : `${open}\n${rest}`;
  if (last !== '') yield { text: last, line: open === '' ? line : openedAt };
  return undefined;
}

function closesQuotes(text: string): boolean {
  if (!text.includes('"')) return true;
  let quotes = 0;
  for (let index = text.indexOf('"'); index >= 0; index = text.indexOf('"', index + 1)) quotes += 1;
  return quotes % 2 === 0;
}

export function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
