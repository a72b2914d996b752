import { openStore } from '../../src/store.js';
import { importAll } from './transfer-files.js';

/** `URL PARALLEL FILE...`: imports files; prints how long it took and the most memory that this process had. */
const [databaseUrl = '', parallel, ...files] = process.argv.slice(2);
const store = await openStore({ databaseUrl });
const start = performance.now();
await importAll(store, files, { parallel: Number(parallel) });
const milliseconds = performance.now() - start;
await store.close();
process.stdout.write(
  JSON.stringify({ milliseconds, peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024) }),
);
