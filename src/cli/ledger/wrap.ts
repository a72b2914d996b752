import { plain } from './format.js';

const LEAST_ROOM = 20;

/** `text` behind `start`; what the terminal has no room for goes on below the text's beginning. What controls a terminal becomes a space. */
export function wrapped(start: string, text: string, room: number = process.stdout.columns ?? Infinity): string {
  const width = Math.max(LEAST_ROOM, room - start.length);
  const lines: string[] = [''];
  for (const word of plain(text).split(/\s+/)) {
    const line = lines.at(-1)!;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return `${start}${lines.join(`\n${' '.repeat(start.length)}`)}`;
}
