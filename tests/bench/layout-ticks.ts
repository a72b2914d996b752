import type { OrderBookInput } from '../../src/domain/order-book.js';
import type { TradeInput } from '../../src/domain/trade.js';
import { type BenchDatabase, medianTime } from './bench-database.js';
import type { BenchLayouts } from './layout-databases.js';
import { type Comparison, rate } from './report.js';

const ROUNDS = 3;
const TRADES = 300_000;
const BOOKS = 30_000;
const LEVELS = 20;
/** A Monday, 14:30 UTC, in microseconds. */
const START = 1_704_724_200_000_000n;

export async function compareTrades(layouts: BenchLayouts): Promise<Comparison> {
  const trades = Array.from({ length: TRADES }, (_, index): TradeInput => {
    const [cents, size] = [`${index % 100}`.padStart(2, '0'), 1 + (index % 999)];
    const side = index % 2 === 0 ? 'buy' : 'sell';
    return {
      symbol: 'BTCUSDT',
      timestamp: START + BigInt(index) * 137n,
      tradeId: index,
      price: `42000.${cents}`,
      size: `0.${size}`,
      side,
    };
  });
  return compare(layouts, {
    title: `Writing ${TRADES.toLocaleString('en-US')} new trades`,
    what: `One symbol, each trade with its id, checked and in one upsert into an empty table. Median of ${ROUNDS} rounds.`,
    rows: TRADES,
    write: ({ store }) => store.trades.upsert(trades),
    table: 'trades',
    target: 100_000,
  });
}

export async function compareOrderBooks(layouts: BenchLayouts): Promise<Comparison> {
  const books = Array.from({ length: BOOKS }, (_, index): OrderBookInput => {
    const level = (price: number, depth: number) =>
      [`${price}.${10 + (index % 90)}`, `0.${1 + ((index + depth) % 999)}`] as const;
    return {
      symbol: 'BTCUSDT',
      timestamp: START + BigInt(index) * 100_000n,
      bids: Array.from({ length: LEVELS }, (_, depth) => level(42_000 - depth, depth)),
      asks: Array.from({ length: LEVELS }, (_, depth) => level(42_001 + depth, depth)),
    };
  });
  return compare(layouts, {
    title: `Writing ${BOOKS.toLocaleString('en-US')} order book snapshots`,
    what: `One symbol, ${LEVELS} levels a side, checked (levels sorted, bids below asks) and in one upsert into an empty table. Median of ${ROUNDS} rounds.`,
    rows: BOOKS,
    write: ({ store }) => store.orderBooks.upsert(books),
    table: 'order_book_snapshots',
    target: 10_000,
  });
}

async function compare(
  { plain, timescale }: BenchLayouts,
  {
    title,
    what,
    rows,
    write,
    table,
    target,
  }: {
    readonly title: string;
    readonly what: string;
    readonly rows: number;
    readonly write: (bench: BenchDatabase) => Promise<unknown>;
    readonly table: string;
    readonly target: number;
  },
): Promise<Comparison> {
  const measure = (bench: BenchDatabase) =>
    medianTime(
      ROUNDS,
      () => write(bench),
      async () => {
        await bench.client.query(`TRUNCATE ${table}, time_series`);
        await bench.settle();
      },
    );
  await write(timescale); // warm-up of what both run through
  const [without, store] = [await measure(plain), await measure(timescale)];
  const reached = Math.round((rows / store) * 1000);
  return {
    title,
    what,
    figures: [
      { who: 'this store, plain layout', figure: rate(rows, without), ratio: `${(without / store).toFixed(2)} x` },
      { who: 'this store, timescale layout', figure: rate(rows, store), ratio: '' },
    ],
    targets: [
      {
        text: `>= ${target.toLocaleString('en-US')} rows/s (${reached.toLocaleString('en-US')})`,
        met: reached >= target,
      },
    ],
  };
}
