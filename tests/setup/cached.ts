import { setTimeout as sleep } from 'node:timers/promises';
import type { Store, Timeframe } from '../../src/index.js';
import { minuteBar } from './ingest.js';

export const START = (minuteBar('A', 0).timestamp as Date).getTime();

/** Asks until it is so, for as long as a test may take. */
export async function until<T>(read: () => T | undefined | false): Promise<T> {
  for (;;) {
    const answer = read();
    if (answer !== undefined && answer !== false) return answer;
    await sleep(5);
  }
}

/** As text: decimals of equal value are equal. */
export const plain = (rows: unknown): string =>
  JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));

/** Waits until the cache answers what the database does. */
export async function agree(store: Store, input: { symbol: string; timeframe: Timeframe; count: number; at: Date }) {
  const { count, ...rest } = input;
  const stored = plain(await store.bars.asOf({ ...rest, limit: count }));
  await until(() => {
    const cached = store.feed.cache.bars(input);
    return cached !== undefined && plain(cached) === stored;
  });
}
