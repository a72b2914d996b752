import { createReadStream } from 'node:fs';

/** In bytes: a look at a file costs no more. */
const LOOK = 65_536;
const MOST_LINES = 20;

/** The first lines of a text file, the last of them perhaps cut where it is very long. What is no text gives something that looks like nothing. */
export async function firstLines(path: string): Promise<string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path, { end: LOOK - 1 })) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const lines = bytes
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .split(/\r?\n/, MOST_LINES + 1);
  // What stands behind the last line end may go on.
  const more = lines.length > MOST_LINES || bytes.length === LOOK;
  return more && lines.length > 1 ? lines.slice(0, -1) : lines;
}
