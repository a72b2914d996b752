import { setImmediate } from 'node:timers/promises';
import type { BenchDatabase } from './bench-database.js';
import type { Comparison } from './report.js';

const SYMBOLS = 500;
const BARS = 130;
const READS = 100_000;
const MINUTE = 60_000;

type Reads = 'newest bar' | '100 bars' | 'book' | 'imbalances of 1, 5, 15 and 60 s';

/** Reads of the cache, each timed by itself, while bars go on being accepted. */
export async function compareCacheReads(bench: BenchDatabase): Promise<Comparison> {
  await bench.empty();
  const { store } = bench;
  const now = Math.floor(Date.now() / MINUTE) * MINUTE;
  const symbols = Array.from({ length: SYMBOLS }, (_, index) => `CACHE${index}`);
  const bar = (symbol: string, ago: number, close: number) => ({
    ...{ symbol, timeframe: '1m' as const, timestamp: new Date(now - ago * MINUTE) },
    ...{ open: 10, high: 20, low: 1, close, volume: 100 + ago },
  });
  for (const symbol of symbols) {
    await store.bars.upsert(Array.from({ length: BARS }, (_, ago) => bar(symbol, ago + 1, 1 + (ago % 19))));
    await store.orderBooks.upsert(
      Array.from({ length: 250 }, (_, second) => ({
        ...{ symbol, timestamp: BigInt(now - second * 1_000) * 1000n },
        ...{ bids: [[10, 1 + (second % 7)]] as const, asks: [[11, 2]] as const },
      })),
    );
  }
  const { cache } = store.feed;
  await cache.start();
  const reads: Record<Reads, (symbol: string) => unknown> = {
    'newest bar': (symbol) => cache.bars({ symbol, timeframe: '1m' }),
    '100 bars': (symbol) => cache.bars({ symbol, timeframe: '1m', count: 100 }),
    book: (symbol) => cache.book(symbol),
    'imbalances of 1, 5, 15 and 60 s': (symbol) => cache.imbalances(symbol, { at: BigInt(now) * 1000n }),
  };
  const times = new Map<Reads, number[]>(Object.keys(reads).map((name) => [name as Reads, []]));
  let misses = 0;
  for (let round = 0; round < READS; round += 1) {
    const symbol = symbols[(round * 7919) % SYMBOLS]!;
    // As it goes in a live system: what was read last has changed since.
    if (round % 100 === 0) await setImmediate();
    if (round % 100 === 0) await store.ingest.add(bar(symbol, 1 + (round % 3), 1 + (round % 17)));
    for (const [name, read] of Object.entries(reads)) {
      const start = performance.now();
      const answer = read(symbol);
      times.get(name as Reads)!.push(performance.now() - start);
      if (answer === undefined) misses += 1;
    }
  }
  await store.ingest.flush();
  const quantile = (name: Reads, part: number) => {
    const sorted = times.get(name)!.sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length * part)]! * 1000;
  };
  const names = [...times.keys()];
  const worst = Math.max(...names.map((name) => quantile(name, 0.99)));
  return {
    title: `Reads of the cache, ${SYMBOLS} symbols`,
    what: `${READS.toLocaleString('en-US')} reads of each kind, each timed by itself, symbol by symbol, while bars are accepted and corrected.`,
    figures: names.map((name) => ({
      who: name,
      figure: `p50 ${quantile(name, 0.5).toFixed(1)} µs, p99 ${quantile(name, 0.99).toFixed(1)} µs`,
      ratio: '',
    })),
    targets: [
      { text: `p99 <= 50 µs (${worst.toFixed(1)})`, met: worst <= 50 },
      {
        text: `misses below 1 in 1,000 (${misses} of ${READS * names.length})`,
        met: misses < (READS * names.length) / 1_000,
      },
    ],
  };
}
