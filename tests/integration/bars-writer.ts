/** A process of its own that upserts the bars of the series it shares with others: `bars-writer.ts DATABASE_URL SEED`. */
import { openStore } from '../../src/index.js';
import { randomBars, randomNumbers } from './bars-workload.js';

const [, , databaseUrl, seed] = process.argv;
const store = await openStore({ databaseUrl: databaseUrl! });
try {
  const random = randomNumbers(Number(seed));
  const total = { inserted: 0, changed: 0, unchanged: 0 };
  for (let round = 0; round < 12; round += 1) {
    const counts = await store.bars.upsert(randomBars(random, 60, round));
    total.inserted += counts.inserted;
    total.changed += counts.changed;
    total.unchanged += counts.unchanged;
  }
  process.stdout.write(JSON.stringify(total));
} finally {
  await store.close();
}
