import { openStore } from '../../src/index.js';

/** `URL FILE`: imports the file, and says when it begins to write. For tests that kill it. */
const [databaseUrl = '', path = ''] = process.argv.slice(2);
const store = await openStore({ databaseUrl });
await store.importFiles({
  paths: [path],
  onError: 'stop',
  onProgress: ({ phase }) => phase === 'write' && process.stdout.write('writing\n'),
});
process.stdout.write('done\n');
await new Promise(() => setInterval(() => {}, 1000)); // waits to be killed, however late
