/**
 * A process of its own that writes new bars, or reads those there are, while chunks change, until its input ends: `rechunk-neighbour.ts DATABASE_URL
 * write|read`. It says when it has done so for the first time.
 */
import { openStore } from '../../src/index.js';

const [, , databaseUrl, part] = process.argv;
const START = Date.UTC(2024, 0, 4);

let over = false;
process.stdin.resume().once('end', () => {
  over = true;
});
const begun = () => process.stdout.write('begun\n');

const store = await openStore({ databaseUrl: databaseUrl! });
try {
  process.stdout.write(`${JSON.stringify(part === 'write' ? await write() : await read())}\n`);
} finally {
  await store.close();
}

/** A bar on each of 28 days at a time. */
async function write(): Promise<{ inserted: number }> {
  let inserted = 0;
  for (let minute = 0; !over; minute += 1) {
    const counts = await store.bars.upsert(
      Array.from({ length: 28 }, (_, day) => ({
        symbol: 'NEW',
        timeframe: '1m' as const,
        timestamp: new Date(START + day * 86_400_000 + minute * 60_000),
        ...{ open: 1, high: 2, low: 1, close: 1, volume: minute },
      })),
    );
    inserted += counts.inserted;
    if (minute === 0) begun();
  }
  return { inserted };
}

/** Every count that it saw, by each of two ways of reading. */
async function read(): Promise<{ counts: number[] }> {
  const counts = new Set<number>();
  const key = { symbol: 'AAPL', timeframe: '1h' } as const;
  for (let turn = 0; !over; turn += 1) {
    counts.add((await store.bars.range(key)).length);
    counts.add(await store.bars.count({ ...key, from: new Date(START), to: new Date(START + 28 * 86_400_000) }));
    counts.add((await store.bars.columns(key)).length);
    if (turn === 0) begun();
  }
  return { counts: [...counts] };
}
