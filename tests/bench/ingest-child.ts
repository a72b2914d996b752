/**
 * `ingest-child.ts URL DIRECTORY DURABILITY SHAPE ROWS RATE`: live 1m bars of this process, as exact text, as exchanges send them. SHAPE is `market`, 500
 * symbols and each minute a bar of each, or `history`, one symbol's bars one after the other. RATE is bars a second; 0, as fast as it goes. Prints what it measured.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BarInput } from '../../src/index.js';
import { START, USUAL, walk } from './bench-bars.js';

export interface IngestMeasured {
  /** From the first `add` to the last commit. */
  readonly milliseconds: number;
  /** From `add` to committed, of a row that waited longest in each transaction; milliseconds. */
  readonly waited: { readonly p50: number; readonly p99: number; readonly most: number };
  /** Megabytes, in order, at equal distances; the heap after a collection. */
  readonly heap: readonly number[];
  readonly resident: readonly number[];
  readonly transactions: number;
  /** Of this process; microseconds a bar. */
  readonly processor: number;
}

// As it is published: what runs TypeScript gives every closure its name, one by one.
const built = new URL('../../dist/src/store.js', import.meta.url).href;
const { openStore } = (await import(built)) as typeof import('../../src/store.js');

const SYMBOLS = 500;
const PER_ADD = 500;
const SAMPLES = 10;

const [databaseUrl = '', directory = '', durability = '', shape = '', rows = '0', rate = '0'] = process.argv.slice(2);

const cents = (value: number) => `${Math.floor(value / 100)}.${String(value % 100).padStart(2, '0')}`;
const texts = [...walk(10_007, 7, USUAL)].map(({ open, high, low, close, volume }) => ({
  open: cents(open),
  high: cents(high),
  low: cents(low),
  close: cents(close),
  volume: String(volume),
}));

function barAt(index: number): BarInput {
  const [symbol, minute] = shape === 'market' ? [index % SYMBOLS, Math.floor(index / SYMBOLS)] : [0, index];
  const timestamp = new Date(START + minute * 60_000);
  return { symbol: `M${symbol}`, timeframe: '1m', timestamp, ...texts[index % texts.length]! };
}

const store = await openStore({
  databaseUrl,
  logLevel: 'silent',
  ingest: { directory, durability: durability as 'memory' | 'spool' },
});
const waits: number[] = [];
/** When how many bars had been given. What waits on the disk says nothing of itself: the count tells since when the bars behind the last commit wait. */
const given: [bars: number, at: number][] = [];
let oldest = 0;
store.ingest.observe({
  written: ({ waited = 0 }) => {
    const { written } = store.ingest.stats;
    while (oldest + 1 < given.length && given[oldest]![0] < written) oldest += 1;
    waits.push(Math.max(waited * 1000, performance.now() - (given[oldest]?.[1] ?? 0)));
    if (oldest > 10_000) given.splice(0, oldest);
    if (given.length < oldest) oldest = 0;
  },
});
const total = Number(rows);
const [heap, resident]: [number[], number[]] = [[], []];
const start = performance.now();
const before = process.cpuUsage();
for (let index = 0; index < total; index += PER_ADD) {
  const due = Number(rate) > 0 ? start + (index / Number(rate)) * 1000 : 0;
  if (due > performance.now() + 1) await sleep(due - performance.now());
  const bars: BarInput[] = [];
  for (let one = index; one < Math.min(index + PER_ADD, total); one += 1) bars.push(barAt(one));
  given.push([index + bars.length, performance.now()]);
  await store.ingest.add(bars);
  if (Math.floor((index / total) * SAMPLES) < heap.length) continue;
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  heap.push(Math.round(heapUsed / 2 ** 20));
  resident.push(Math.round(rss / 2 ** 20));
}
await store.ingest.flush();
const milliseconds = performance.now() - start;
const { user, system } = process.cpuUsage(before);
const { written, batches } = store.ingest.stats;
if (written !== total) throw new Error(`${written} of ${total} bars were written`);
await store.close();
waits.sort((a, b) => a - b);
const at = (share: number) => Math.round(waits[Math.min(waits.length - 1, Math.floor(waits.length * share))]!);
const measured: IngestMeasured = {
  milliseconds,
  waited: { p50: at(0.5), p99: at(0.99), most: at(1) },
  heap,
  resident,
  transactions: batches,
  processor: Math.round(((user + system) / total) * 10) / 10,
};
process.stdout.write(`${JSON.stringify(measured)}\n`);
