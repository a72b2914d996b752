import type { BarInput } from '../../src/index.js';
import { instantOf } from '../setup/bar-arbitraries.js';

/** Repeatable random whole numbers below a bound (mulberry32). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Bars of four lasting series and of one that begins with this round, each instant once, in random order. */
export function randomBars(random: (below: number) => number, count: number, round: number): BarInput[] {
  const bars = new Map<string, BarInput>();
  const symbols = ['D', 'C', 'B', 'A', `NEW${round}`];
  while (bars.size < count) {
    const symbol = symbols[random(symbols.length)]!;
    const slot = random(150) + (random(10) === 0 ? 20_000 : 0);
    const low = 1 + random(3);
    bars.set(`${symbol} ${slot}`, {
      symbol,
      timeframe: random(4) === 0 ? '5m' : '1m',
      timestamp: instantOf(slot * 5),
      open: low,
      high: low + random(3),
      low,
      close: low,
      volume: random(50),
    });
  }
  return [...bars.values()];
}
