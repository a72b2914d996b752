import { expect, onTestFinished, test } from 'vitest';
import { openStore, type Store } from '../../src/index.js';
import { weekdayBars } from '../setup/daily-bars.js';
import { openRawClient } from '../setup/raw-client.js';
import { createTestDatabase } from '../setup/test-database.js';

/** A read that has begun waits for whoever moves its rows, and then finds them where they are now. */

const SPRING = { symbol: 'AAPL', timeframe: '1d', from: '2024-03-01', to: '2024-06-01' } as const;
const DAYS = 66;

async function openSpring() {
  const created = await createTestDatabase();
  const store = await openStore({ databaseUrl: created.url, logLevel: 'silent' });
  onTestFinished(async () => {
    await store.close();
    await created.drop();
  });
  await store.bars.upsert(weekdayBars('AAPL', '2024-03-01', '2024-06-15'));
  const minutes = Array.from({ length: 3 * 1440 }, (_, index) => ({
    ...{ symbol: 'AAPL', timeframe: '1m' as const, open: 1, high: 2, low: 1, close: 2, volume: 1 },
    timestamp: new Date(Date.UTC(2024, 2, 4) + index * 60_000),
  }));
  await store.bars.upsert(minutes);
  return { store, raw: await openRawClient(created.url) };
}

const READS: Record<string, (store: Store) => Promise<number>> = {
  range: async ({ bars }) => (await bars.range(SPRING)).length,
  count: ({ bars }) => bars.count(SPRING),
  existingTimestamps: async ({ bars }) => (await bars.existingTimestamps(SPRING)).length,
  columns: async ({ bars }) => (await bars.columns(SPRING)).length,
  'columns in a transaction': (store) => store.transaction({}, async ({ bars }) => (await bars.columns(SPRING)).length),
  latest: async ({ bars }) => (await bars.latest({ ...SPRING, limit: 70 })).length,
  resample: async ({ bars }) => (await bars.resample({ symbol: 'AAPL', from: '1m', to: '1h' })).length,
  multiTimeframe: async ({ bars }) => {
    const frames = await bars.multiTimeframe({
      ...{ symbol: 'AAPL', timeframes: ['1d', '1h'] as const, at: '2024-06-01', limit: 200 },
    });
    return frames.reduce((sum, frame) => sum + frame.bars.length, 0);
  },
  'feed.inference': async ({ feed }) => {
    const input = { symbol: 'AAPL', timeframes: ['1d', '1h'] as const, at: '2024-06-01', bars: 200 };
    const { timeframes } = await feed.inference(input);
    return timeframes.reduce((sum, frame) => sum + frame.bars.length, 0);
  },
  'upsert of what is there': async ({ bars }) =>
    (await bars.upsert(weekdayBars('AAPL', '2024-03-01', '2024-06-01'))).unchanged,
};

const MOVES: Record<string, { readonly before: string; readonly move: string }> = {
  decompression: {
    before: "SELECT compress_chunk(chunk) FROM show_chunks('ohlcv_bars') chunk",
    move: "SELECT decompress_chunk(chunk) FROM show_chunks('ohlcv_bars') chunk",
  },
  compression: { before: 'SELECT 1', move: "SELECT compress_chunk(chunk) FROM show_chunks('ohlcv_bars') chunk" },
  'rows that are set aside and put back': {
    before: 'SELECT 1',
    move: `LOCK TABLE ohlcv_bars IN ACCESS EXCLUSIVE MODE; CREATE TEMPORARY TABLE aside ON COMMIT DROP AS SELECT * FROM ohlcv_bars;
           SELECT drop_chunks('ohlcv_bars', older_than => DATE '2030-01-01'); INSERT INTO ohlcv_bars SELECT * FROM aside`,
  },
};

test.each(Object.keys(MOVES))('during %s every read waits and finds every row', async (name) => {
  const { store, raw } = await openSpring();
  const expected: Record<string, number> = {};
  for (const [read, run] of Object.entries(READS)) expected[read] = await run(store);
  expect(expected).toMatchObject({ range: DAYS, columns: DAYS, latest: 70, resample: 72 });
  // So often that a connection which keeps plans has one, on each of those that are read on below.
  for (let turn = 0; turn < 4; turn += 1)
    await Promise.all(Array.from({ length: 12 }, () => Promise.all([READS.range!(store), READS.count!(store)])));
  const { before, move } = MOVES[name]!;
  await raw.query(before);
  await raw.query('BEGIN');
  await raw.query(move);
  const found: Record<string, number> = {};
  const reading = Object.entries(READS).map(async ([read, run]) => {
    found[read] = await run(store).catch((error) => error);
  });
  const waiting = `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  await expect.poll(async () => (await raw.query(waiting)).rows[0].waiting, { timeout: 120_000 }).toBe(reading.length);
  await raw.query('COMMIT');
  await Promise.all(reading);
  expect(found).toEqual(expected);
});
