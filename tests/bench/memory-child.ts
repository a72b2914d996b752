import { openStore } from '../../src/store.js';

/** `import URL FILE` or `iterate URL`; prints how long it took and the most memory that this process had. */
const [task, databaseUrl = '', file = ''] = process.argv.slice(2);
const store = await openStore({ databaseUrl });
const start = performance.now();
if (task === 'import') {
  const [result] = (await store.files.import({ paths: [file] })).files;
  if (result?.error) throw result.error;
} else {
  let bars = 0;
  for await (const bar of store.bars.iterate({ symbol: 'BIG', timeframe: '1m' })) if (bar.high.gte(bar.low)) bars += 1;
  if (bars !== 1_000_000) throw new Error(`iterate gave ${bars} bars`);
}
const milliseconds = performance.now() - start;
await store.close();
process.stdout.write(
  JSON.stringify({ milliseconds, peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024) }),
);
