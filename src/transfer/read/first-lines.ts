import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { sizeOfFile } from './csv-text.js';

/** In bytes, unpacked: a look at a file costs no more. */
const LOOK = 65_536;
const MOST_LINES = 20;

/**
 * The first lines of a text file, packed by gzip or not, the last of them perhaps cut where it is very long. What is no text gives something that
 * looks like nothing; a damaged archive what was read of it.
 */
export async function firstLines(path: string): Promise<string[]> {
  await sizeOfFile(path);
  let bytes = await take(createReadStream(path, { end: LOOK - 1 }));
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    const file = createReadStream(path);
    const packed = createGunzip();
    file.on('error', (error) => packed.destroy(error));
    bytes = await take(file.pipe(packed)).catch(() => Buffer.alloc(0));
    file.destroy();
  }
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
