import type pg from 'pg';
import { expect, test } from 'vitest';
import type { OrderBookInput, TradeInput } from '../../src/index.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const TABLES = ['indicators', 'order_book_snapshots', 'quotes', 'trades'];
const DAY = 86_400_000_000n;
const START = BigInt(Date.UTC(2024, 0, 1)) * 1000n;

/** Compresses every chunk of a table; answers how many there are. */
async function compress(raw: pg.Client, table: string): Promise<number> {
  const { rowCount } = await raw.query(
    `SELECT compress_chunk(chunk, if_not_compressed => true) FROM show_chunks('${table}') chunk`,
  );
  return rowCount ?? 0;
}

function trades(count: number, change: Partial<TradeInput> = {}): TradeInput[] {
  return Array.from({ length: count }, (_, index) => ({
    symbol: index % 2 ? 'A' : 'B',
    timestamp: START + (BigInt(index) * 3n * DAY) / BigInt(count),
    tradeId: index % 3 ? index : null,
    price: 100 + (index % 7),
    size: 1 + (index % 5),
    side: 'buy' as const,
    ...change,
  }));
}

test('each is a hypertable of one-day chunks, compressed by series after seven days', async () => {
  const { url } = await openTestStore();
  const raw = await openRawClient(url);
  const { rows } = await raw.query(
    `
    SELECT hypertable_name AS name, time_interval::text AS chunk, segmentby, orderby, config ->> 'compress_after' AS after
    FROM timescaledb_information.dimensions
    JOIN timescaledb_information.hypertable_compression_settings ON hypertable = hypertable_name::regclass
    JOIN timescaledb_information.jobs USING (hypertable_name)
    WHERE hypertable_name = ANY ($1) AND proc_name = 'policy_compression' ORDER BY 1`,
    [TABLES],
  );
  const common = { chunk: '1 day', orderby: '"timestamp" DESC', after: '7 days' };
  expect(rows).toEqual(
    TABLES.map((name) => ({
      name,
      ...common,
      segmentby: name === 'indicators' ? 'symbol,timeframe,name' : 'symbol',
    })),
  );
  const indexes = await raw.query('SELECT tablename FROM pg_indexes WHERE tablename = ANY ($1) ORDER BY 1', [TABLES]);
  expect(indexes.rows.map(({ tablename }) => tablename)).toEqual(TABLES); // the unique one of each, and no other
});

test('trades in compressed chunks are read, recognised, added to, replaced and deleted as before', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  const given = trades(6_000);
  await store.trades.upsert(given);
  const before = await store.trades.range({ symbol: 'A' });
  expect(await compress(raw, 'trades')).toBe(3);
  expect(await store.trades.range({ symbol: 'A' })).toEqual(before);
  expect(await store.trades.latest({ symbol: 'A', limit: 20 })).toEqual(before.slice(-20));
  expect(await store.trades.upsert(given)).toMatchObject({ inserted: 0, unchanged: 6_000 });
  // Beside every stored trade one more, at the same instant.
  const more = trades(6_000, { price: '1' }).map((trade) => ({
    ...trade,
    tradeId: trade.tradeId ? `x${trade.tradeId}` : null,
  }));
  expect(await store.trades.upsert(more)).toMatchObject({ inserted: 6_000 });
  await compress(raw, 'trades');
  expect(await store.trades.upsert([...more, ...given])).toMatchObject({ inserted: 0, unchanged: 12_000 });
  const bigger = given.map((trade) => ({ ...trade, size: 9 })).filter(({ tradeId }) => tradeId !== null);
  await expect(store.trades.upsert(bigger)).rejects.toMatchObject({ code: 'ROW_DIFFERS' });
  expect(await store.trades.upsert(bigger, { replace: true })).toMatchObject({ inserted: 0, changed: 4_000 });
  const replaced = await store.trades.range({ symbol: 'B' });
  expect(replaced).toHaveLength(6_000);
  expect(replaced.filter(({ size }) => size.eq(9))).toHaveLength(2_000);
  await compress(raw, 'trades');
  const window = { from: START + DAY / 2n, to: START + 2n * DAY };
  const left = (await store.trades.range({ symbol: 'A' })).filter(
    ({ timestamp }) => timestamp < window.from || timestamp >= window.to,
  );
  expect(await store.trades.delete({ symbol: 'A', ...window })).toBe(6_000 - left.length);
  expect(await store.trades.range({ symbol: 'A' })).toEqual(left);
  expect(await store.trades.count({ symbol: 'B' })).toBe(6_000);
});

test('more trades than TimescaleDB decompresses by itself in one statement are recognised, replaced and deleted', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  const count = 150_000;
  const given = trades(count, { symbol: 'A' });
  await store.trades.upsert(given);
  await compress(raw, 'trades');
  expect(await store.trades.upsert(given)).toMatchObject({ inserted: 0, unchanged: count });
  const changed = given.filter((_, index) => index % 100 === 1 && index % 3).map((trade) => ({ ...trade, size: 9 }));
  expect(await store.trades.upsert(changed, { replace: true })).toMatchObject({ changed: changed.length });
  await compress(raw, 'trades');
  const late = trades(1_000, { symbol: 'A', price: '1' }).map((trade) => ({ ...trade, tradeId: null }));
  expect(await store.trades.upsert(late)).toMatchObject({ inserted: 1_000 });
  await compress(raw, 'trades');
  expect(await store.trades.delete({ symbol: 'A', from: START + 1n })).toBe(count + 1_000 - 2);
  expect(await store.trades.count({ symbol: 'A' })).toBe(2);
});

test('books and indicators in compressed chunks are recognised and replaced', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  const books = Array.from({ length: 300 }, (_, index): OrderBookInput => {
    const bids = Array.from({ length: 20 }, (_, level) => [`${100 - level}.${10 + (index % 90)}`, 1 + level] as const);
    const asks = Array.from({ length: 20 }, (_, level) => [`${102 + level}.${10 + (index % 90)}`, 2 + level] as const);
    return { symbol: 'A', timestamp: START + BigInt(index) * (DAY / 100n), bids, asks };
  });
  const values = Array.from({ length: 72 }, (_, hour) => ({
    ...({ symbol: 'A', timeframe: '1h', name: 'rsi' } as const),
    timestamp: new Date(Date.UTC(2024, 0, 1, hour)),
    value: { rsi: `${hour}.5` } as unknown,
  }));
  await store.orderBooks.upsert(books);
  await store.indicators.upsert(values);
  const [before] = await store.orderBooks.range({ symbol: 'A' });
  expect([await compress(raw, 'order_book_snapshots'), await compress(raw, 'indicators')]).toEqual([3, 3]);
  expect((await store.orderBooks.range({ symbol: 'A' }))[0]).toEqual(before);
  expect(await store.orderBooks.upsert(books)).toMatchObject({ inserted: 0, unchanged: 300 });
  expect(await store.indicators.upsert(values)).toMatchObject({ inserted: 0, unchanged: 72 });
  const otherBooks = books.filter((_, index) => index % 2).map((book) => ({ ...book, asks: [[200, 1] as const] }));
  expect(await store.orderBooks.upsert(otherBooks)).toMatchObject({ changed: 150 });
  expect(await store.indicators.upsert([{ ...values[30]!, value: null }])).toMatchObject({ changed: 1 });
  const after = await store.orderBooks.range({ symbol: 'A' });
  expect(after.filter(({ asks }) => asks.length === 1)).toHaveLength(150);
  expect(after).toHaveLength(300);
});

test('bars of trades, last books and imbalances are the same before and after compression', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  await store.trades.upsert(trades(6_000));
  const books = Array.from({ length: 3_000 }, (_, index): OrderBookInput => {
    const timestamp = START + BigInt(index) * 86_411_117n + 999_999n;
    return { symbol: 'A', timestamp, bids: [[100, 1 + (index % 9)]], asks: [[101, 1 + (index % 4)]] };
  });
  await store.orderBooks.upsert(books);
  const window = { symbol: 'A', from: START + DAY / 3n, to: START + 2n * DAY + DAY / 7n };
  const read = async () => ({
    seconds: await store.trades.bars({ ...window, interval: '1s' }),
    minutes: await store.trades.bars({ symbol: 'A', interval: '1m' }),
    books: await store.orderBooks.snapshots({ ...window, every: '1m' }),
    imbalances: await store.orderBooks.imbalance({ ...window, seconds: 60 }),
  });
  const before = await read();
  expect(Object.values(before).map(({ length }) => length)).toEqual([1_810, 3_000, 1_809, 1_809]);
  expect([await compress(raw, 'trades'), await compress(raw, 'order_book_snapshots')]).toEqual([3, 3]);
  expect(await read()).toEqual(before);
});
