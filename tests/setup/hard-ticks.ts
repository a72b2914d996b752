import type { Store } from '../../src/index.js';

const AT = BigInt(Date.UTC(2024, 0, 2, 14, 30)) * 1000n;

/**
 * Trades, quotes, books and indicators that a file could lose something of: eighteen and twenty-four digits, prices below zero, ids that look like other
 * things, rows of one instant without ids, one-sided quotes and books, a book of 5,000 levels, documents with all that JSON has.
 */
export async function writeHardTicks(store: Store): Promise<void> {
  const trade = (symbol: string, micros: bigint, price: string, size: string, more: object = {}) => ({
    ...{ symbol, timestamp: AT + micros, price, size },
    ...more,
  });
  const ids = ['10', '9', 'a,"b" c', ' 7', 'null', 'NaN', "it's", 'ünïcode', '\ttab', '0x1f'];
  await store.trades.upsert(
    [
      trade('ES', 0n, '9999999999.99999999', '9999999999999999.99999999'),
      trade('ES', 1n, '-37.63', '0.00000001', { side: 'sell' }),
      ...ids.map((tradeId, index) => trade('ES', 2n, `0.0000000${index}`, '1', { tradeId, side: 'buy' })),
      // More than ten places, so that their order is not that of their texts.
      ...Array.from({ length: 12 }, (_, index) => trade('BTC/USDT', 7n, `100.${index % 3}`, '2')),
      trade('BTC/USDT', 999_999n, '100', '3'),
      trade('BTC/USDT', -3_000_000_000_000_000n, '1', '1'),
    ],
    { allowNonPositive: true },
  );
  const quote = (micros: bigint, bid: string | null, ask: string | null, sequence?: bigint) => ({
    ...{ symbol: 'ES', timestamp: AT + micros, sequence: sequence ?? null },
    ...{ bidPrice: bid, bidSize: bid && '9999999999999999.99999999', askPrice: ask, askSize: ask && '0.00000001' },
  });
  await store.quotes.upsert(
    [
      quote(0n, '-9999999999.99999999', '9999999999.99999999', 2n ** 63n - 1n),
      quote(0n, '-9999999999.99999999', '9999999999.99999999', 0n),
      quote(1n, '1', null),
      quote(1n, '1', null),
      quote(1n, null, '0'),
    ],
    { allowNonPositive: true },
  );
  const levels = (start: number, step: number) =>
    Array.from({ length: 5_000 }, (_, index) => [`${start + index * step}.00000001`, `${index + 1}.5`] as const);
  await store.orderBooks.upsert(
    [
      { symbol: 'ES', timestamp: AT, bids: levels(60_000, -1), asks: levels(60_001, 1) },
      { symbol: 'ES', timestamp: AT + 1n, bids: [['-9999999999.99999999', '9999999999999999.99999999']], asks: [] },
      { symbol: 'BTC/USDT', timestamp: AT + 2n, bids: [], asks: [['0.1', 1]] },
    ],
    { allowEmptySide: true, allowNonPositive: true },
  );
  const documents = [
    {
      b: '0.10',
      a: [1, 1.5, -2e-7, 9007199254740991, null, true],
      '': { 'a,"b"': 'tab\t, "quotes", back\\slashes\nand lines' },
    },
    'null',
    null,
    -0.5,
    { text: 'x'.repeat(100_000) },
  ];
  await store.indicators.upsert(
    documents.flatMap((value, day) =>
      ['sma_20', 'rsi'].map((name) => ({
        ...{ symbol: 'ES', timeframe: '1d' as const, name, value },
        timestamp: new Date(Date.UTC(2024, 0, 2 + day)),
      })),
    ),
  );
}
