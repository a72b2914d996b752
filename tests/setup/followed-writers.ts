import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { minuteBar } from './ingest.js';
import type { Following } from './subscriber.js';

const WRITER = fileURLToPath(new URL('arrivals-writer.ts', import.meta.url));
const START = (minuteBar('A', 0).timestamp as Date).getTime();

export function startWriter(url: string, symbol: string, count: number): Promise<unknown> {
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, url, symbol, String(count)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return once(child, 'close');
}

/** Takes bars until each symbol has what the writers leave: every bar, with its last close; none goes back to an older one. */
export async function takeAll(following: Following, symbols: readonly string[], count: number): Promise<void> {
  const closes = new Map<string, string>();
  const wanted = (minute: number) => (minute % 3 === 0 ? '11' : '10');
  const complete = () =>
    symbols.every((symbol) =>
      Array.from({ length: count }, (_, minute) => closes.get(`${symbol} ${minute}`) === wanted(minute)).every(Boolean),
    );
  const highest = new Map<string, number>();
  while (!complete()) {
    const [arrival] = await following.take(1);
    if (arrival?.kind !== 'bar') throw new Error(`unexpected ${arrival?.kind}`);
    const { symbol, timestamp, close } = arrival.bar;
    const minute = (timestamp.getTime() - START) / 60_000;
    const name = `${symbol} ${minute}`;
    if (closes.get(name) === '11') expect(close.toString()).toBe('11');
    closes.set(name, close.toString());
    // A bar that was never seen comes in the order in which its series was written.
    const before = highest.get(symbol) ?? -1;
    if (minute > before) expect(minute).toBe(before + 1);
    highest.set(symbol, Math.max(before, minute));
  }
}
