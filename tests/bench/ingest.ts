import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchDatabase } from './bench-database.js';
import type { IngestMeasured } from './ingest-child.js';
import { type Comparison, rate } from './report.js';

const ROWS = 900_000;
const PACED_SECONDS = 30;
/** Bars a second. */
const TARGETS = { memory: 30_000, spool: 15_000 } as const;
/** Milliseconds from `add` to the commit. */
const LONGEST_WAIT = 1_500;
/** Megabytes by which the heap, once it is full of rows, may grow until the end. */
const GROWTH = 16;

type Durability = keyof typeof TARGETS;

/** Live bars from one process, as fast as it goes, and then at the target rate, at which waiting times mean something. */
export async function measureIngest(bench: BenchDatabase): Promise<Comparison> {
  const figures: Comparison['figures'][number][] = [];
  const targets: Comparison['targets'][number][] = [];
  for (const durability of ['memory', 'spool'] as const) {
    for (const [shape, what] of [
      ['market', '500 symbols'],
      ['history', 'one symbol'],
    ] as const) {
      const full = await ingest(bench, durability, shape, ROWS, 0);
      const perSecond = (ROWS / full.milliseconds) * 1000;
      figures.push({
        who: `${durability}, ${what}, as fast as it goes`,
        figure: rate(ROWS, full.milliseconds),
        ratio: `${full.processor} µs of processor a bar, heap ${full.heap.at(-1)} MB, resident ${full.resident.at(-1)} MB`,
      });
      const grown = full.heap.at(-1)! - full.heap[Math.floor(full.heap.length / 2)]!;
      targets.push(
        {
          text: `${durability}, ${what}: >= ${number(TARGETS[durability])} bars/s (${number(perSecond)})`,
          met: perSecond >= TARGETS[durability],
        },
        {
          text: `${durability}, ${what}: the heap of the second half grows by < ${GROWTH} MB (${grown})`,
          met: grown < GROWTH,
        },
      );
    }
    const target = TARGETS[durability];
    const paced = await ingest(bench, durability, 'market', target * PACED_SECONDS, target);
    const { p50, p99, most } = paced.waited;
    figures.push({
      who: `${durability}, 500 symbols, at ${number(target)} bars/s`,
      figure: `p99 ${p99} ms`,
      ratio: `from add to committed; p50 ${p50} ms, the longest ${most} ms`,
    });
    targets.push({
      text: `${durability}: add to committed p99 <= ${LONGEST_WAIT} ms (${p99})`,
      met: p99 <= LONGEST_WAIT,
    });
  }
  return {
    title: 'Live bars from one process',
    what:
      `1m bars as exact text, 500 a call of \`add\`, with the default settings: each minute a bar of each of 500 symbols, or one symbol's bars one after the ` +
      `other; ${number(ROWS)} bars as fast as it goes, and then ${PACED_SECONDS} s at the target rate. The waiting time is that of the bar that waited longest in ` +
      'each transaction. A process of its own, with the built package; the server shares the machine.',
    figures,
    targets,
  };
}

async function ingest(
  bench: BenchDatabase,
  durability: Durability,
  shape: 'market' | 'history',
  rows: number,
  perSecond: number,
): Promise<IngestMeasured> {
  await bench.empty();
  const script = fileURLToPath(new URL('ingest-child.ts', import.meta.url));
  const directory = join(bench.directory, 'ingest');
  const args = [bench.url, directory, durability, shape, String(rows), String(perSecond)];
  const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`the ingest at ${durability} ended with ${code}`);
  return JSON.parse(output) as IngestMeasured;
}

const number = (value: number) => Math.round(value).toLocaleString('en-US');
