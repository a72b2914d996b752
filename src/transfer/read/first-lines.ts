import { createReadStream } from 'node:fs';
import { sizeOfFile } from './csv-text.js';

/** In bytes: a look at a file costs no more. */
const LOOK = 65_536;
const MOST_LINES = 20;

/** The first lines of a text file, the last of them perhaps cut where it is very long. What is no text gives something that looks like nothing. */
export async function firstLines(path: string): Promise<string[]> {
  await sizeOfFile(path);
  const bytes = await take(createReadStream(path, { end: LOOK - 1 }));
  const text = bytes.toString('utf8');
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/, MOST_LINES + 1);
  // What stands behind the last line end may go on.
  return lines.length > 1 && (lines.length > MOST_LINES || bytes.length >= LOOK) ? lines.slice(0, -1) : lines;
}

async function take(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= LOOK) break;
  }
  return Buffer.concat(chunks).subarray(0, LOOK);
}
