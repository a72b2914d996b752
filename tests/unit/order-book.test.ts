import { describe, expect, it } from 'vitest';
import { deriveBook, readOrderBook } from '../../src/domain/order-book.js';
import { reading } from './reading.js';

const ONE = 10n ** 8n;
const side = (...levels: readonly (readonly [bigint, bigint])[]) => ({
  prices: levels.map(([price]) => price),
  sizes: levels.map(([, size]) => size),
});

describe('what follows from the levels', () => {
  it('is exact, with a ninth decimal in the middle', () => {
    expect(deriveBook({ bids: side([3n, ONE], [2n, ONE]), asks: side([4n, ONE]) })).toEqual({
      mid: 35n,
      spread: 1n,
      bidVolume: 2n * ONE,
      askVolume: ONE,
      imbalance: 33_333_333n,
    });
  });

  it.each([
    [1n, 1n, 0n],
    [1n, 2n, -33_333_333n],
    [2n, 1n, 33_333_333n],
    // (1 - 3) / 4 and halves of the eighth decimal, away from zero
    [1n, 3n, -50_000_000n],
    [200_000_001n, 199_999_999n, 1n],
    [199_999_999n, 200_000_001n, -1n],
    [400_000_001n, 399_999_999n, 0n],
  ])('bids of %s and asks of %s are out of balance by %s', (bid, ask, imbalance) => {
    expect(deriveBook({ bids: side([1n, bid]), asks: side([2n, ask]) }).imbalance).toBe(imbalance);
  });

  it('leaves out what an empty side does not have', () => {
    expect(deriveBook({ bids: side(), asks: side([4n, ONE]) })).toEqual({
      mid: null,
      spread: null,
      bidVolume: 0n,
      askVolume: ONE,
      imbalance: null,
    });
  });
});

it('reports every bad level at its place, and no crossing that follows from it', () => {
  const { value, problems } = reading((report) =>
    readOrderBook(
      {
        timestamp: 0n,
        bids: [
          [9, 0],
          ['10', 1],
        ] as never,
        asks: [
          [5, 1],
          [4, 1],
        ],
      },
      {},
      report,
    ),
  );
  expect(value).toBeUndefined();
  expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([
    'SIZE_NOT_POSITIVE bids.0',
    'BOOK_LEVELS_UNSORTED asks.1',
  ]);
});
