/** A process of its own that writes new bars, or reads those there are, while chunks change: `rechunk-neighbour.ts DATABASE_URL write|read`. */
import { openStore } from '../../src/index.js';

const [, , databaseUrl, part] = process.argv;
const START = Date.UTC(2024, 0, 4);
const LONG = 6_000;

const store = await openStore({ databaseUrl: databaseUrl! });
try {
  const end = Date.now() + LONG;
  process.stdout.write(JSON.stringify(part === 'write' ? await write(end) : await read(end)));
} finally {
  await store.close();
}

/** A bar on each of 28 days at a time. */
async function write(end: number): Promise<{ inserted: number }> {
  let inserted = 0;
  for (let minute = 0; Date.now() < end; minute += 1) {
    const counts = await store.bars.upsert(
      Array.from({ length: 28 }, (_, day) => ({
        symbol: 'NEW',
        timeframe: '1m' as const,
        timestamp: new Date(START + day * 86_400_000 + minute * 60_000),
        ...{ open: 1, high: 2, low: 1, close: 1, volume: minute },
      })),
    );
    inserted += counts.inserted;
  }
  return { inserted };
}

/** Every count that it saw, by each of two ways of reading. */
async function read(end: number): Promise<{ counts: number[] }> {
  const counts = new Set<number>();
  const key = { symbol: 'AAPL', timeframe: '1h' } as const;
  while (Date.now() < end) {
    counts.add((await store.bars.range(key)).length);
    counts.add(await store.bars.count({ ...key, from: new Date(START), to: new Date(START + 28 * 86_400_000) }));
    counts.add((await store.bars.columns(key)).length);
  }
  return { counts: [...counts] };
}
