import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILT = join(ROOT, 'dist/src/cli/main.js');

/**
 * Arguments of node that run the command line: what `npm test` has just built, which starts in a third of the time; the sources where a test
 * is run by itself, when what was built may be old.
 */
export const WYCKOFF: readonly string[] =
  process.env.npm_lifecycle_event === 'test' ? [BUILT] : ['--import', 'tsx', join(ROOT, 'src/cli/main.ts')];

/** Likewise, as a shell runs it. */
export const WYCKOFF_IN_SHELL = [process.execPath, ...WYCKOFF].map((word) => `'${word}'`).join(' ');

/** Puts a program `wyckoff` into a folder, which runs what was built. */
export async function writeWyckoffProgram(folder: string): Promise<void> {
  await writeFile(join(folder, 'wyckoff'), `#!/bin/sh\nexec '${process.execPath}' '${BUILT}' "$@"\n`, { mode: 0o755 });
}
