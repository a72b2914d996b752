import { createReadStream } from 'node:fs';
import { sizeOfFile } from './csv-text.js';

/** In bytes: a look at a file costs no more, unless its first line is longer. */
const LOOK = 65_536;
const LONGEST_LOOK = 16 << 20;
const MOST_LINES = 20;
const LINE_FEED = 10;

/** The first lines of a text file, whole. What is no text gives something that looks like nothing. */
export async function firstLines(path: string): Promise<string[]> {
  const size = await sizeOfFile(path);
  const bytes = await take(createReadStream(path));
  const text = bytes.toString('utf8');
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/, MOST_LINES + 1);
  // What stands behind the last line end may go on.
  return lines.length > 1 && (lines.length > MOST_LINES || bytes.length < size) ? lines.slice(0, -1) : lines;
}

async function take(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  let ended = false;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    ended ||= chunk.includes(LINE_FEED);
    if (length >= (ended ? LOOK : LONGEST_LOOK)) break;
  }
  return Buffer.concat(chunks);
}
