import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fileError } from './file-problem.js';

/** In bytes. A row of bars has about 60. */
export const LONGEST_LINE = 65_536;

const CHUNK = 1 << 18;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
/** The reader takes a whole line as one field, for which it must be given a delimiter: one that no line may contain. */
export const UNIT_SEPARATOR = 0x1f;

/** How many lines a layout is recognised by. */
const FIRST_LINES = 50;

export interface TextLine {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** What a first reading of a text file, as bytes, has found. Blank lines do not count. */
export interface CsvText {
  /** As messages call it. */
  readonly name: string;
  /** Paths that may tell what the file has, the most telling first. */
  readonly tellingNames: readonly string[];
  /** Where its bytes are. */
  readonly path: string;
  /** At least one. */
  readonly firstLines: readonly TextLine[];
  readonly lines: number;
  readonly lastLine: number;
  readonly lastText: string;
  readonly lineBeforeLast: number;
  /** Both LF and CRLF occur. */
  readonly mixedLineEnds: boolean;
  /** Where each line is a JSON object: the keys of the first one. */
  readonly keys?: readonly string[] | undefined;
}

export interface ReadingOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((bytes: number, total: number) => void) | undefined;
}

/**
 * Reads a file once, as bytes, before anything parses it: whether it is UTF-8 text with lines of a sensible length, how it begins and
 * ends and how many lines it has. DuckDB's reader is told what was found here and is held to it, since it loses and invents lines without a word
 * where line ends are mixed. `file` is how it is called: its bytes may lie elsewhere than it does.
 * @throws InvalidInputError
 */
export async function scanText(
  path: string,
  { signal, onProgress }: ReadingOptions = {},
  file: Pick<CsvText, 'name' | 'tellingNames'> = { name: path, tellingNames: [path] },
): Promise<CsvText> {
  const { name, tellingNames } = file;
  const size = await sizeOfFile(path);
  if (size === 0) throw fileError({ code: 'FILE_EMPTY', path: '', value: name, rule: 'the file is empty' });
  const scan = new LineScan(name);
  let read = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK, signal })) {
      scan.add(chunk as Buffer);
      read += (chunk as Buffer).length;
      onProgress?.(read, size);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw isSystemError(error) ? unreadable(path, error) : error;
  }
  scan.end();
  if (scan.lines === 0) {
    throw fileError({ code: 'FILE_EMPTY', path: '', value: name, rule: 'the file has only blank lines' });
  }
  const { firstLines, lines, lastLine, lastText, lineBeforeLast, mixedLineEnds } = scan;
  return { path, name, tellingNames, firstLines, lines, lastLine, lastText, lineBeforeLast, mixedLineEnds };
}

/** @throws InvalidInputError where there is no file, or none that can be read */
export async function sizeOfFile(path: string): Promise<number> {
  const found = await stat(path).catch((error: unknown) => {
    throw isSystemError(error) ? unreadable(path, error) : error;
  });
  if (found.isFile()) return found.size;
  const rule = found.isDirectory() ? 'this is a directory' : 'this is not a regular file';
  throw fileError({ code: 'FILE_NOT_REGULAR', path: '', value: path, rule, hint: 'name the files themselves' });
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

function unreadable(path: string, error: NodeJS.ErrnoException) {
  if (error.code === 'ENOENT') {
    const hint = 'is the path right? It is taken from the current directory';
    return fileError({ code: 'FILE_MISSING', path: '', value: path, rule: 'there is no such file', hint });
  }
  return fileError({ code: 'FILE_UNREADABLE', path: '', value: path, rule: error.message });
}

class LineScan {
  readonly firstLines: TextLine[] = [];
  /** Those that are not blank. */
  lines = 0;
  lastLine = 0;
  lineBeforeLast = 0;
  lastText = '';
  #lines = 0;
  #lineFeeds = 0;
  #returns = 0;
  #rest: Buffer = Buffer.alloc(0);
  /** Where the last line stands in the bytes that are being read; no line ends at 0. */
  #lastStart = 0;
  #lastEnd = 0;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  get mixedLineEnds(): boolean {
    return this.#returns > 0 && this.#returns < this.#lineFeeds;
  }

  add(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    this.#checkText(bytes);
    this.#read(bytes.subarray(0, end));
    this.#rest = bytes.subarray(end);
    this.#checkLength(this.#rest.length, this.#lines + 1);
  }

  end(): void {
    if (this.#rest.length > 0) this.#read(this.#rest);
  }

  /** Whole lines: the last may lack its line feed at the end of the file. */
  #read(bytes: Buffer): void {
    if (!isUtf8(bytes)) this.#rejectEncoding(bytes);
    if (bytes.includes(CARRIAGE_RETURN)) this.#checkReturns(bytes);
    for (let start = 0; start < bytes.length; ) {
      const feed = bytes.indexOf(LINE_FEED, start);
      let end = feed < 0 ? bytes.length : feed;
      const next = feed < 0 ? end : feed + 1;
      this.#lines += 1;
      if (feed >= 0) {
        this.#lineFeeds += 1;
        if (end > start && bytes[end - 1] === CARRIAGE_RETURN) {
          this.#returns += 1;
          end -= 1;
        }
      }
      this.#checkLength(end - start, this.#lines);
      if (!isBlank(bytes, start, end)) this.#take(bytes, start, end);
      start = next;
    }
    if (this.#lastEnd > 0) this.lastText = bytes.toString('utf8', this.#lastStart, this.#lastEnd);
    this.#lastEnd = 0;
  }

  #take(bytes: Buffer, start: number, end: number): void {
    if (this.firstLines.length < FIRST_LINES) {
      const text = bytes.toString('utf8', start, end);
      const plain = this.lines === 0 && text.startsWith('\ufeff') ? text.slice(1) : text;
      this.firstLines.push({ line: this.#lines, text: plain });
    }
    this.lines += 1;
    this.lineBeforeLast = this.lastLine;
    this.lastLine = this.#lines;
    this.#lastStart = start;
    this.#lastEnd = end;
  }

  #checkText(bytes: Buffer): void {
    for (const byte of [0, UNIT_SEPARATOR]) {
      const index = bytes.indexOf(byte);
      if (index < 0) continue;
      const hint = 'CSV text in UTF-8 is read: unpack a compressed file, export a spreadsheet, convert UTF-16';
      const rule = 'the file has NUL or other control characters: it is not text';
      this.#reject('FILE_NOT_TEXT', rule, hint, this.#lines + lineFeedsBefore(bytes, index) + 1);
    }
  }

  #checkLength(length: number, line: number): void {
    if (length <= LONGEST_LINE) return;
    const rule = `the line has more than ${LONGEST_LINE} bytes`;
    this.#reject('LINE_TOO_LONG', rule, 'is this a CSV file, with one bar a line?', line);
  }

  #checkReturns(bytes: Buffer): void {
    for (let at = bytes.indexOf(CARRIAGE_RETURN); at >= 0; at = bytes.indexOf(CARRIAGE_RETURN, at + 1)) {
      if (bytes[at + 1] === LINE_FEED) continue;
      const rule = 'a carriage return stands alone: lines end with LF or CRLF';
      const hint = 'save the file with the line ends of Unix or Windows';
      this.#reject('LINE_END_INVALID', rule, hint, this.#lines + lineFeedsBefore(bytes, at) + 1);
    }
  }

  #rejectEncoding(bytes: Buffer): never {
    let line = this.#lines + 1;
    for (let start = 0; start < bytes.length; line += 1) {
      const feed = bytes.indexOf(LINE_FEED, start);
      const end = feed < 0 ? bytes.length : feed + 1;
      if (!isUtf8(bytes.subarray(start, end))) break;
      start = end;
    }
    this.#reject('FILE_NOT_UTF8', 'the text is not UTF-8', 'convert the file to UTF-8', line);
  }

  #reject(code: string, rule: string, hint: string, line: number): never {
    throw fileError({ code, path: '', value: this.#path, rule, hint, line });
  }
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) if (bytes[index] !== SPACE) return false;
  return true;
}

function lineFeedsBefore(bytes: Buffer, index: number): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0 && at < index; at = bytes.indexOf(LINE_FEED, at + 1)) count += 1;
  return count;
}
