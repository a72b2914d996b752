import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Puts a program `wyckoff` into a folder, which runs what was built. */
export async function writeWyckoffProgram(folder: string): Promise<void> {
  const main = join(ROOT, 'dist/src/cli/main.js');
  await writeFile(join(folder, 'wyckoff'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
}
