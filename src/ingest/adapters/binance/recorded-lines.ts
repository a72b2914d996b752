import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { InvalidInputError, type Problem } from '../../../errors.js';

export interface RecordedLine {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

const CHUNK = 1 << 18;
/** In bytes. A snapshot of 5,000 levels a side has half a million. */
const LONGEST_LINE = 16 << 20;
const LINE_FEED = 10;
/** RFC 1952. */
const GZIP = Buffer.from([0x1f, 0x8b]);

export function recordingError(path: string, problems: readonly Problem[]): InvalidInputError {
  return new InvalidInputError(problems, `recording ${path}`);
}

/**
 * The lines of a text file, packed by gzip or not, without those that are blank, in constant memory.
 * @throws InvalidInputError FILE_MISSING, FILE_UNREADABLE, RECORDING_DAMAGED, RECORDING_LINE_TOO_LONG
 */
export async function* recordedLines(path: string): AsyncGenerator<RecordedLine, void, undefined> {
  let line = 1;
  let begun: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of unpacked(path)) {
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
        const text = textOf([...begun, chunk.subarray(start, end)]);
        if (text !== '') yield { line, text };
        line += 1;
        [start, begun, length] = [end + 1, [], 0];
      }
      begun.push(chunk.subarray(start));
      length += chunk.length - start;
      if (length > LONGEST_LINE) {
        const rule = `a line has at most ${LONGEST_LINE} bytes`;
        throw recordingError(path, [{ code: 'RECORDING_LINE_TOO_LONG', path: '', value: length, rule, line }]);
      }
    }
  } catch (error) {
    throw problemOf(path, line, error as NodeJS.ErrnoException);
  }
  const text = textOf(begun);
  if (text !== '') yield { line, text };
}

async function* unpacked(path: string): AsyncGenerator<Buffer, void, undefined> {
  const packed = (await firstBytes(path, GZIP.length)).equals(GZIP);
  const file = createReadStream(path, { highWaterMark: CHUNK });
  const stream = packed ? file.pipe(createGunzip({ chunkSize: CHUNK })) : file;
  file.on('error', (error) => stream.destroy(error));
  try {
    yield* stream as AsyncIterable<Buffer>;
  } finally {
    file.destroy();
  }
}

async function firstBytes(path: string, count: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function textOf(pieces: readonly Buffer[]): string {
  return (pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)).toString('utf8').trim();
}

function problemOf(path: string, line: number, error: NodeJS.ErrnoException): unknown {
  if (error.code === 'ENOENT') {
    const hint = 'is the path right? It is taken from the current directory';
    return recordingError(path, [{ code: 'FILE_MISSING', path: '', value: path, rule: 'there is no such file', hint }]);
  }
  if (error.code?.startsWith('Z_')) {
    const rule = `gzip: ${error.message}`;
    const hint = 'what comes before this line was read; the file was cut or changed';
    return recordingError(path, [{ code: 'RECORDING_DAMAGED', path: '', value: path, rule, hint, line }]);
  }
  if (error.syscall === undefined) return error;
  return recordingError(path, [{ code: 'FILE_UNREADABLE', path: '', value: path, rule: error.message }]);
}
