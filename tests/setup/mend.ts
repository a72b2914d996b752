import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { WYCKOFF_IN_SHELL } from './wyckoff-program.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a mend as `wyckoff doctor` printed it, as an administrator would: in a shell, or as SQL. */
export async function runMend(url: string, mend: string): Promise<void> {
  if (/(^|\s)wyckoff /.test(mend.split(' -- ')[0]!)) return runInShell(url, mend);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(mend);
  } finally {
    await client.end();
  }
}

async function runInShell(url: string, command: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'wyckoff-mend-'));
  try {
    const program = join(directory, 'wyckoff');
    await writeFile(program, `#!/bin/sh\nexec ${WYCKOFF_IN_SHELL} "$@"\n`);
    await chmod(program, 0o755);
    const env = { ...process.env, PATH: `${directory}:${process.env.PATH}`, WYCKOFF_DATABASE_URL: url };
    await new Promise<void>((resolve, reject) => {
      execFile('/bin/sh', ['-c', command], { cwd: ROOT, env }, (error, _, stderr) =>
        error ? reject(new Error(`${command}: ${stderr}`, { cause: error })) : resolve(),
      );
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
