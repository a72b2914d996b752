/** `limited-producer.ts URL DIRECTORY`: adds 400 bars, on a disk that refuses a segment before the segment is full. */
import { openStore } from '../../../src/index.js';
import { sayNow } from './say-now.js';

const [databaseUrl = '', directory = ''] = process.argv.slice(2);
const store = await openStore({
  databaseUrl,
  logLevel: 'silent',
  ingest: { directory, durability: 'spool', interval: 0, segmentSize: 2 ** 20 },
});
store.ingest.observe({ spoolBlocked: ({ code }) => sayNow(`blocked ${code}\n`) });
const adding: Promise<void>[] = [];
for (let minute = 0; minute < 400; minute += 1) {
  const timestamp = new Date(Date.UTC(2024, 0, 2) + minute * 60_000);
  const bar = { symbol: 'A', timeframe: '1m', timestamp, open: 1, high: 2, low: 1, close: 1, volume: minute } as const;
  adding.push(store.ingest.add(bar).then(() => void sayNow(`ack ${minute}\n`)));
  if (minute % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}
await Promise.all(adding);
await store.ingest.flush();
await store.close();
sayNow('closed\n');
