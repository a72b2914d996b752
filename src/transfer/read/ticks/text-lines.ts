import { createReadStream } from 'node:fs';
import { type ReadingOptions, sizeOfFile } from '../csv-text.js';
import { fileError } from '../file-problem.js';

/** In bytes: a book of 5,000 levels a side has 300,000, the document of an indicator up to a million characters. */
export const LONGEST_LINE = 16 << 20;
/** In bytes. */
const CHUNK = 1 << 18;
const LINE_FEED = 10;

/** Lines that stand together. */
export interface TextLines {
  /** The number of the first one, from 1. */
  readonly first: number;
  /** Without their line ends; blank ones are empty. */
  readonly texts: readonly string[];
}

/** The lines of a text file, some thousands at a time. @throws InvalidInputError `LINE_TOO_LONG` */
export async function* readLines(
  path: string,
  { signal, onProgress }: ReadingOptions = {},
): AsyncGenerator<TextLines, void> {
  const total = await sizeOfFile(path);
  let [first, read] = [1, 0];
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK })) {
    signal?.throwIfAborted();
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer);
    // Cut between lines, so that no character is cut either.
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      const texts = splitLines(bytes.toString('utf8', 0, end - 1), first);
      yield { first, texts };
      first += texts.length;
    }
    rest = bytes.subarray(end);
    if (rest.length > LONGEST_LINE) throw tooLong(first);
    read += (chunk as Buffer).length;
    onProgress?.(read, total);
  }
  if (rest.length > 0) yield { first, texts: splitLines(rest.toString('utf8'), first) };
}

function splitLines(text: string, first: number): string[] {
  const lines = (first === 1 && text.startsWith('\ufeff') ? text.slice(1) : text).split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index]!;
    if (line.length > LONGEST_LINE) throw tooLong(first + index);
    if (line.endsWith('\r') || line.startsWith(' ')) lines[index] = line.trim();
  }
  return lines;
}

function tooLong(line: number) {
  const rule = `the line has more than ${LONGEST_LINE} bytes`;
  return fileError({ code: 'LINE_TOO_LONG', path: '', value: line, rule, line });
}

/** The lines one by one, for two files that are read side by side. Blank ones are left out. */
export async function* eachLine(path: string, options?: ReadingOptions): AsyncGenerator<[number, string], undefined> {
  for await (const { first, texts } of readLines(path, options)) {
    for (let index = 0; index < texts.length; index += 1) {
      if (texts[index] !== '') yield [first + index, texts[index]!];
    }
  }
  return undefined;
}
