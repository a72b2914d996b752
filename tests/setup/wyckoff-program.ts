import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Puts a program `wyckoff` into a folder, which runs the source. */
export async function writeWyckoffProgram(folder: string): Promise<void> {
  const loader = fileURLToPath(import.meta.resolve('tsx'));
  const script = `#!/bin/sh\nexec '${process.execPath}' --import '${loader}' '${join(ROOT, 'src/cli/main.ts')}' "$@"\n`;
  await writeFile(join(folder, 'wyckoff'), script, { mode: 0o755 });
}
