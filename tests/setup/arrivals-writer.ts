/** A process that writes 1m bars one by one: `arrivals-writer.ts URL SYMBOL COUNT`. Every third is corrected at once. Says how many it wrote. */
import { openStore, type Store } from '../../src/index.js';

const [databaseUrl = '', symbol = '', count = '0'] = process.argv.slice(2);
const START = Date.UTC(2024, 0, 2);

/** The network may be cut when the process begins. */
const open = (): Promise<Store> => openStore({ databaseUrl, logLevel: 'silent' }).catch(open);

const store = await open();
const write = async (minute: number, close: number) => {
  const timestamp = new Date(START + minute * 60_000);
  const bar = { symbol, timeframe: '1m' as const, timestamp, open: 10, high: 20, low: 1, close, volume: 1 };
  for (;;) {
    try {
      await store.bars.upsert([bar]);
      return;
    } catch {} // a connection that a test ended: a bar is recognised when it is written again
  }
};
for (let minute = 0; minute < Number(count); minute += 1) {
  await write(minute, 10);
  if (minute % 3 === 0) await write(minute, 11);
}
await store.close();
process.stdout.write(`${count}\n`);
