/**
 * A process of its own for the tests of the embedded server. The first argument says what it does in the directory that is the second:
 * `use`: joins the server, prints it as JSON, and leaves when stdin ends. `hold`: takes the lock of the folder and keeps it.
 * `count`: adds 1 to the number in the file `counter` 20 times, under the lock. `cli`: runs `wyckoff db` with the other arguments.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { registerDatabaseCommands } from '../../src/cli/database.js';
import { withLock } from '../../src/database/embedded/directory-lock.js';
import { startEmbeddedServer } from '../../src/database/embedded-server.js';

const [what, directory = '', ...rest] = process.argv.slice(2);

if (what === 'use') {
  let started = false;
  const server = await startEmbeddedServer({
    dataDirectory: directory,
    onStart: () => {
      started = true;
    },
  });
  console.log(JSON.stringify({ ...server, started }));
  for await (const _ of process.stdin);
  await server.release();
} else if (what === 'hold') {
  await withLock(directory, async () => {
    console.log('{}');
    await sleep(600_000);
  });
} else if (what === 'count') {
  console.log('{}');
  const counter = join(directory, '..', 'counter');
  for (let i = 0; i < 20; i++) {
    await withLock(directory, async () => {
      const count = Number(await readFile(counter, 'utf8'));
      await sleep(1);
      await writeFile(counter, String(count + 1));
    });
  }
} else if (what === 'cli') {
  process.env.WYCKOFF_DATA_DIR = directory;
  const program = new Command('wyckoff');
  registerDatabaseCommands(program);
  await program.parseAsync(['db', ...rest], { from: 'user' });
}
