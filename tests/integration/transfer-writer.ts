/**
 * A process of its own that writes bars through a bar store until its standard input closes: new ones, corrections and deletions of its own series. What it
 * is about to do and what was acknowledged goes to a log, a line each: `transfer-writer.ts LOG PREFIX SEED FIRST`.
 */
import { openSync, writeSync } from 'node:fs';
import { openBarStore } from '../../src/index.js';
import { instantOf } from '../setup/bar-arbitraries.js';
import { randomNumbers } from './bars-workload.js';
import type { LoggedOperation } from './transfer-writers.js';

const [, , path, prefix, seed, first] = process.argv as [string, string, string, string, string, string];
const log = openSync(path, 'a');
const note = (line: string) => writeSync(log, `${line}\n`);
const random = randomNumbers(Number(seed));
let stopped = false;
process.stdin.on('end', () => {
  stopped = true;
});
process.stdin.resume();

function nextOperation(number: number): LoggedOperation {
  if (random(12) === 0) {
    const from = random(number * 2 + 1);
    return { symbol: `${prefix}A`, from, to: from + 1 + random(3) };
  }
  const symbols = random(3) === 0 ? [`${prefix}A`, `${prefix}B`] : [`${prefix}${'AB'[random(2)]}`];
  const minutes = [number * 2, number * 2 + 1, random(number * 2 + 1)].slice(0, 1 + random(3));
  return { symbols, minutes: [...new Set(minutes)], value: number };
}

const store = await openBarStore();
process.stdout.write('open\n');
for (let number = Number(first); !stopped; number += 1) {
  const operation = nextOperation(number);
  note(`begin ${JSON.stringify(operation)}`);
  if ('symbol' in operation) {
    const { symbol, from, to } = operation;
    await store.delete({ symbol, timeframe: '1m', from: instantOf(from), to: instantOf(to) });
  } else {
    await store.upsert(
      operation.symbols.flatMap((symbol) =>
        operation.minutes.map((minute) => ({
          ...{ symbol, timeframe: '1m' as const, timestamp: instantOf(minute) },
          ...{ open: 1, high: operation.value + 1, low: 1, close: 1, volume: operation.value, source: `op ${number}` },
        })),
      ),
    );
  }
  note('done');
  if (number % 4 === 0) process.stdout.write(`${number}\n`);
}
await store.close();
