/**
 * A process that adds bars and trades as fast as it may, to be killed: `producer.ts URL DIRECTORY ROUND`. Every bar is added again and again, each time
 * with a close that says which time it is; a trade once, with the time as its id. ROUND makes the times of a later process greater. It prints what it
 * adds (`bar:time`, and `T:time`), and what was acknowledged.
 */
import {
  openStore,
  RowsNotWrittenError,
  type Store,
  type StoreOptions,
  type UnwrittenRow,
} from '../../../src/index.js';
import { sayNow } from './say-now.js';

const [databaseUrl = '', directory = '', round = '0', durability = 'spool'] = process.argv.slice(2);
const SERIES = 12;
const MINUTES = 30;
const START = Date.UTC(2024, 0, 2);

const options: StoreOptions = {
  databaseUrl,
  connectionTimeout: 2_000,
  logLevel: process.env.CHAOS_LOG ? 'info' : 'silent',
  ingest: {
    directory,
    durability: durability as 'spool' | 'database',
    interval: 20,
    batchSize: 100,
    queueSize: 500,
    segmentSize: 16_384,
    spoolSize: 2 ** 21,
    retryDelay: 10,
  },
};

/** The server may be away when the process begins: whoever supervises it would start it again. */
async function open(tries: number): Promise<Store> {
  try {
    return await openStore(options);
  } catch (error) {
    if (tries === 0) throw error;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return open(tries - 1);
  }
}

const store = await open(100);
sayNow('open\n');

let time = Number(round) * 1_000_000;
let running = true;
let waiting = 0;

/** What the next line says has happened: one write(2), so that a kill never cuts it. */
const say = (what: 'add' | 'ack' | 'not', bars: readonly string[]) => sayNow(`${what} ${bars.join(' ')}\n`);

function watch(names: readonly string[], add: () => Promise<void>): void {
  say('add', names);
  waiting += 1;
  add().then(
    () => {
      say('ack', names);
      waiting -= 1;
    },
    (error) => {
      // A rejection that does not say `unknown` means that the row is not there.
      const rows: readonly UnwrittenRow[] = error instanceof RowsNotWrittenError ? error.rows : [];
      const not = rows.filter(({ outcome }) => outcome === 'unwritten').map(({ row }) => names[row]!);
      if (not.length > 0) say('not', not);
      waiting -= 1;
    },
  );
}

process.on('SIGTERM', async () => {
  running = false;
  const report = await store.ingest.close({ timeout: 300_000 });
  sayNow(`closed ${JSON.stringify(report)}\n`);
  await store.close();
});

while (running) {
  time += 1;
  const size = 1 + (time % 7);
  const picked = Array.from({ length: size }, (_, index) => (time * 31 + index * 7) % (SERIES * MINUTES));
  const numbers = [...new Set(picked)];
  const names = numbers.map((number) => `${number}:${time}`);
  const bars = numbers.map((number) => ({
    symbol: `S${number % SERIES}`,
    timeframe: '1m' as const,
    timestamp: new Date(START + Math.floor(number / SERIES) * 60_000),
    open: 1,
    high: 1_000_000_000,
    low: 1,
    close: time,
    volume: 1,
  }));
  watch(names, () => store.ingest.add(bars));
  const timestamp = new Date(START + (time % 1_000_000));
  const trade = { symbol: `S${time % SERIES}`, timestamp, tradeId: `${time}`, price: 1, size: 1 };
  watch([`T:${time}`], () => store.ingest.addTrade(trade));
  while (waiting >= 20 && running) await new Promise((resolve) => setTimeout(resolve, 1));
  if (time % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
}
