import { BarBlock } from '../../domain/bar-block.js';

/** Bars of a stretch: one in twenty of them has its ratios from bars in front of it, the others from the stretch itself. */
export const STRETCH = 100;

/** Where the stretches of a sample begin, ascending: one at a random place of each of `count` equal parts of `bars`. */
export function sampleStarts(bars: number, count: number, random: () => number = Math.random): number[] {
  const part = bars / count;
  return Array.from({ length: count }, (_, index) => {
    const begin = Math.ceil(index * part);
    const room = Math.max(Math.floor((index + 1) * part) - STRETCH - begin, 0);
    return begin + Math.floor(random() * (room + 1));
  });
}

/** The stretches of {@link STRETCH} bars that begin at `starts`, cut out of the blocks as they pass. */
export async function* cutStretches(
  blocks: AsyncIterable<BarBlock>,
  starts: readonly number[],
): AsyncGenerator<BarBlock, undefined> {
  let passed = 0;
  let next = 0;
  let stretch = new BarBlock(STRETCH);
  for await (const block of blocks) {
    for (;;) {
      const start = starts[next];
      if (start === undefined) return undefined;
      const from = Math.max(start - passed, 0);
      const to = Math.min(start + STRETCH - passed, block.length);
      for (let index = from; index < to; index += 1) copyBar(block, index, stretch);
      if (start + STRETCH > passed + block.length) break; // the rest of it is in the next block
      yield stretch;
      stretch = new BarBlock(STRETCH);
      next += 1;
    }
    passed += block.length;
  }
  if (stretch.length > 0) yield stretch;
  return undefined;
}

function copyBar(from: BarBlock, index: number, to: BarBlock): void {
  const bar = {
    ...{ timestamp: from.timestamp[index]!, open: from.open[index]!, high: from.high[index]! },
    ...{ low: from.low[index]!, close: from.close[index]!, volume: from.volume[index]! },
    ...{ vwap: from.vwapAt(index), source: from.source[index] ?? null },
  };
  to.push(bar, from.origin[index]!);
}
