import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ScaledBar } from '../../src/domain/bar.js';
import { BarBlock, NO_PRICE } from '../../src/domain/bar-block.js';

const price = fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n });
const anyBar: fc.Arbitrary<ScaledBar> = fc.record({
  timestamp: fc.integer({ min: -11_676_096_000_000, max: 253_402_300_799_999 }),
  open: price,
  high: price,
  low: price,
  close: price,
  volume: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  vwap: fc.option(price),
  source: fc.option(fc.string({ minLength: 1, maxLength: 5 })),
});

const BAR: ScaledBar = {
  timestamp: 0,
  open: 2n,
  high: 4n,
  low: 1n,
  close: 3n,
  volume: 5n,
  vwap: 2n,
  source: 'a',
};

function blockOf(bars: readonly ScaledBar[], expectedLength?: number): BarBlock {
  const block = new BarBlock(expectedLength);
  bars.forEach((bar, index) => {
    block.push(bar, index + 100);
  });
  return block;
}

function barAt(block: BarBlock, index: number): ScaledBar {
  const vwap = block.vwap[index]!;
  return {
    timestamp: block.timestamp[index]!,
    open: block.open[index]!,
    high: block.high[index]!,
    low: block.low[index]!,
    close: block.close[index]!,
    volume: block.volume[index]!,
    vwap: vwap === NO_PRICE ? null : vwap,
    source: block.source[index]!,
  };
}

describe('BarBlock', () => {
  it('keeps every bar and its origin, however often it has to grow', () => {
    fc.assert(
      fc.property(fc.array(anyBar, { maxLength: 40 }), fc.nat(3), (bars, expectedLength) => {
        const block = blockOf(bars, expectedLength);
        expect(block.length).toBe(bars.length);
        expect(bars.map((_, index) => barAt(block, index))).toEqual(bars);
        expect(bars.map((_, index) => block.origin[index])).toEqual(bars.map((_, index) => index + 100));
      }),
      { numRuns: 200 },
    );
  });

  it('orders by time, and leaves bars of one instant as they came', () => {
    const instants = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer()), { maxLength: 60 });
    fc.assert(
      fc.property(instants, (timestamps) => {
        const block = blockOf(timestamps.map((timestamp) => ({ ...BAR, timestamp })));
        const expected = timestamps.map((timestamp, index) => ({ timestamp, index }));
        expected.sort((a, b) => a.timestamp - b.timestamp); // stable by the language's own rule
        expect(Array.from(block.timeOrder())).toEqual(expected.map(({ index }) => index));
      }),
      { numRuns: 300 },
    );
  });

  it('sameValues sees every value, but neither the instant nor the origin', () => {
    const other: ScaledBar = {
      timestamp: 9,
      open: 7n,
      high: 7n,
      low: 7n,
      close: 7n,
      volume: 7n,
      vwap: null,
      source: null,
    };
    for (const field of Object.keys(BAR) as (keyof ScaledBar)[]) {
      const block = blockOf([BAR, { ...BAR, [field]: other[field] }]);
      expect([field, block.sameValues(0, block, 1)]).toEqual([field, field === 'timestamp']);
    }
    expect(blockOf([BAR]).sameValues(0, blockOf([{ ...BAR, open: 9n }, BAR]), 1)).toBe(true);
  });
});
