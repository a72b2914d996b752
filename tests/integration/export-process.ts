import { openStore } from '../../src/index.js';

/** `URL DIRECTORY [stop]`: exports the bars; `stop` says when it has begun to write and then stands still. For tests that kill it. */
const [databaseUrl = '', directory = '', stop] = process.argv.slice(2);
const store = await openStore({ databaseUrl });
const onProgress = ({ bytes }: { bytes: number }) => {
  if (stop === undefined || bytes === 0) return;
  process.stdout.write('writing\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // until it is killed
};
await store.files.export({ kinds: ['bars'], format: 'ndjson', directory, onProgress }).then(
  () => process.stdout.write('done\n'),
  (error) => process.stdout.write(`${error.code}: ${error.message}\n`),
);
await store.close();
