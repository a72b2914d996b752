import { expect, it } from 'vitest';
import { BarBlock } from '../../src/domain/bar-block.js';
import { cutStretches, STRETCH, sampleStarts } from '../../src/transfer/verify/sample-stretches.js';

/** Bars 0 to `count`, in blocks of `size`. */
async function* blocksOf(count: number, size: number): AsyncGenerator<BarBlock> {
  for (let start = 0; start < count; start += size) {
    const block = new BarBlock(size);
    for (let at = start; at < Math.min(start + size, count); at += 1) {
      const price = BigInt(at);
      block.push(
        { timestamp: at, open: price, high: price, low: price, close: price, volume: price, vwap: null, source: null },
        at + 2,
      );
    }
    yield block;
  }
}

it('a stretch is in each part of the file, whole, wherever the blocks are cut', async () => {
  for (const [bars, count, size] of [
    [1_000, 3, 64],
    [1_000, 3, 1_000],
    [10_101, 100, 997],
    [505, 5, 100],
  ] as const) {
    for (const random of [() => 0, () => 0.999_999, Math.random]) {
      const starts = sampleStarts(bars, count, random);
      const found: number[][] = [];
      for await (const stretch of cutStretches(blocksOf(bars, size), starts))
        found.push(Array.from(stretch.timestamp.subarray(0, stretch.length)));
      expect(found).toEqual(starts.map((start) => Array.from({ length: STRETCH }, (_, index) => start + index)));
      starts.forEach((start, part) => {
        expect(start).toBeGreaterThanOrEqual((part * bars) / count);
        expect(start + STRETCH).toBeLessThanOrEqual(((part + 1) * bars) / count);
      });
    }
  }
});

it('a bar is cut out with its line and its values', async () => {
  for await (const stretch of cutStretches(blocksOf(300, 120), [70])) {
    expect([stretch.origin[60], stretch.close[60], stretch.vwapAt(60)]).toEqual([132, 130n, null]);
  }
});
