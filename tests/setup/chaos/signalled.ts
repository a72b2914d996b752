/** `signalled.ts URL DIRECTORY DURABILITY TIMEOUT`: adds three bars, which wait for long, and ends when it is told to. */
import { closeOnSignal, openStore } from '../../../src/index.js';
import { sayNow } from './say-now.js';

const [databaseUrl = '', directory = '', durability = '', timeout = ''] = process.argv.slice(2);
const store = await openStore({
  databaseUrl,
  logLevel: 'warn',
  ingest: { directory, durability: durability as 'memory' | 'spool', interval: 3_600_000, retryDelay: 10 },
});
closeOnSignal(store, { timeout: Number(timeout), onClosed: (report) => sayNow(`${JSON.stringify(report)}\n`) });
for (let minute = 0; minute < 3; minute += 1) {
  const timestamp = new Date(Date.UTC(2024, 0, 2) + minute * 60_000);
  await store.ingest.add({ symbol: 'A', timeframe: '1m', timestamp, open: 1, high: 2, low: 1, close: 1, volume: 1 });
}
sayNow('added\n');
