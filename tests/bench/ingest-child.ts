/**
 * `ingest-child.ts URL DIRECTORY DURABILITY SHAPE ROWS RATE`: live 1m bars of this process, as exact text, as exchanges send them. SHAPE is `market`, 500
 * symbols and each minute a bar of each, or `history`, one symbol's bars one after the other. RATE is bars a second; 0, as fast as it goes. Prints what it measured.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BarInput } from '../../src/index.js';
import { openStore } from '../../src/store.js';
import { START, USUAL, walk } from './bench-bars.js';

export interface IngestMeasured {
  /** From the first `add` to the last commit. */
  readonly milliseconds: number;
  /** From `add` to committed, of the row that waited longest in each transaction; milliseconds. */
  readonly waited: { readonly p50: number; readonly p99: number; readonly most: number };
  /** Megabytes, in order, at equal distances; the heap after a collection. */
  readonly heap: readonly number[];
  readonly resident: readonly number[];
  readonly transactions: number;
  /** Of this process; microseconds a bar. */
  readonly processor: number;
}

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
store.ingest.observe({ written: ({ waited }) => void waits.push((waited ?? 0) * 1000) });
const total = Number(rows);
const [heap, resident]: [number[], number[]] = [[], []];
const start = performance.now();
const before = process.cpuUsage();
for (let index = 0; index < total; index += PER_ADD) {
  const due = Number(rate) > 0 ? start + (index / Number(rate)) * 1000 : 0;
  if (due > performance.now() + 1) await sleep(due - performance.now());
  const bars: BarInput[] = [];
  for (let one = index; one < Math.min(index + PER_ADD, total); one += 1) bars.push(barAt(one));
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
