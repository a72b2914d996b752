import { openStore } from '../../src/index.js';

/** `URL PATH`: imports a file or a folder, and says when it begins and when it begins to write. For tests that kill it. */
const [databaseUrl = '', path = ''] = process.argv.slice(2);
const store = await openStore({ databaseUrl });
process.stdout.write('begun\n');
const { totals } = await store.files.import({
  paths: [path],
  onError: 'stop',
  onProgress: ({ phase }) => phase === 'write' && process.stdout.write('writing\n'),
});
process.stdout.write(`done ${totals.failed}\n`);
await new Promise(() => setInterval(() => {}, 1000)); // waits to be killed, however late
