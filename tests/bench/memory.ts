import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { START, walk } from './bench-bars.js';
import type { BenchDatabase } from './bench-database.js';
import { type Comparison, rate } from './report.js';

const ROWS = 1_000_000;
const LIMIT_MB = 500;

interface Child {
  readonly peakMegabytes: number;
  readonly milliseconds: number;
}

/** Import and iteration in processes of their own, whose peak memory the operating system has kept. */
export async function measureMemory(bench: BenchDatabase): Promise<Comparison> {
  await bench.empty();
  const csv = join(bench.directory, 'BIG_1m.csv');
  await writeCsv(csv);
  const imported = await runChild(['import', bench.url, csv]);
  const { count } = (await bench.store.bars.series())[0]!;
  if (count !== ROWS) throw new Error(`the import left ${count} bars`);
  const iterated = await runChild(['iterate', bench.url]);
  const perSecond = (ROWS / imported.milliseconds) * 1000;
  return {
    title: `${ROWS.toLocaleString('en-US')} bars in constant memory`,
    what: 'A CSV file of 1m bars imported, then read back by `iterate`, each in a process of its own; peak resident set size of that process.',
    figures: [
      { who: 'import', figure: rate(ROWS, imported.milliseconds), ratio: `peak ${imported.peakMegabytes} MB` },
      { who: 'iterate', figure: rate(ROWS, iterated.milliseconds), ratio: `peak ${iterated.peakMegabytes} MB` },
    ],
    targets: [
      {
        text: `import >= 100,000 rows/s (${Math.round(perSecond).toLocaleString('en-US')})`,
        met: perSecond >= 100_000,
      },
      { text: `import under ${LIMIT_MB} MB (${imported.peakMegabytes})`, met: imported.peakMegabytes < LIMIT_MB },
      { text: `iterate under ${LIMIT_MB} MB (${iterated.peakMegabytes})`, met: iterated.peakMegabytes < LIMIT_MB },
    ],
  };
}

async function writeCsv(file: string): Promise<void> {
  const stream = createWriteStream(file);
  stream.write('timestamp,open,high,low,close,volume\n');
  let index = 0;
  for (const { open, high, low, close, volume } of walk(ROWS)) {
    const prices = [open, high, low, close].map((price) => (price / 100).toFixed(2)).join(',');
    const line = `${new Date(START + index * 60_000).toISOString()},${prices},${volume}\n`;
    index += 1;
    if (!stream.write(line)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'close');
}

async function runChild(args: readonly string[]): Promise<Child> {
  const script = fileURLToPath(new URL('memory-child.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}`);
  return JSON.parse(output) as Child;
}
