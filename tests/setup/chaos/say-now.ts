import { writeSync } from 'node:fs';

/** Writes a line to standard output before anything else happens: a kill behind it cannot take it back. */
export function sayNow(text: string): void {
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error; // the pipe is full: whoever reads it comes back
    }
  }
}
