import { expect, test } from 'vitest';
import { applyStorage } from '../../src/database/layouts/apply.js';
import { compressChunks } from '../../src/database/layouts/compress.js';
import { readStorageStatus } from '../../src/database/layouts/read-status.js';
import { type RechunkReport, rechunk } from '../../src/database/layouts/rechunk.js';
import { printBars } from '../setup/bar-model.js';
import {
  bars,
  chunks,
  content,
  days,
  key,
  open,
  rechunkBars,
  refusal,
  START,
  withoutCompressionPolicy,
} from './rechunk-bars.js';
import { createPlainDatabase, openDatabase } from './storage-database.js';

test('days to weeks and back: every bar, compressed, without the empty chunks', async () => {
  const { store, database, raw } = await open();
  await withoutCompressionPolicy(raw);
  await store.bars.upsert([...bars(-2, 16), ...bars(40, 41)]);
  await raw.query(`DELETE FROM ohlcv_bars WHERE timestamp >= '2024-01-10Z' AND timestamp < '2024-01-11Z'`);
  await raw.query(
    "SELECT compress_chunk(c) FROM show_chunks('ohlcv_bars', older_than => '2024-01-11Z'::timestamptz) c",
  );
  await raw.query(`GRANT SELECT ON ohlcv_bars TO pg_monitor`);
  const before = await content(raw);
  const read = printBars(await store.bars.range(key));
  expect(await chunks(raw)).toEqual([...days(-2, 7, 'c'), ...days(7, 16), ...days(40, 41)]);
  expect(await rechunkBars(database, '7 days')).toEqual({
    ...{ table: 'ohlcv_bars', formerInterval: '1 day', windows: 5, rows: 18 * 24, chunksBefore: 19, chunksAfter: 5 },
  });
  expect(await chunks(raw)).toEqual(['-7-0c', '0-7c', '7-14c', '14-21c', '35-42c']);
  expect(await content(raw)).toEqual(before);
  expect(printBars(await store.bars.range(key))).toEqual(read);
  expect(await rechunkBars(database, '1 week')).toMatchObject({ windows: 0, rows: 0, chunksBefore: 5, chunksAfter: 5 });

  expect(await rechunkBars(database, '1 day')).toMatchObject({ formerInterval: '7 days', windows: 5, chunksAfter: 18 });
  expect(await chunks(raw)).toEqual([...days(-2, 6, 'c'), ...days(7, 16, 'c'), ...days(40, 41, 'c')]);
  expect(await content(raw)).toEqual(before);
  expect(await store.bars.upsert([...bars(4, 6), ...bars(6, 7), ...bars(16, 17)])).toMatchObject({ inserted: 48 });
  const { rows } = await raw.query("SELECT has_table_privilege('pg_monitor', 'ohlcv_bars', 'SELECT') AS granted");
  expect(rows).toEqual([{ granted: true }]);
  const { hypertables, advice } = await database.pool.withClient(readStorageStatus);
  expect(hypertables[0]).toMatchObject({ chunkInterval: '1 day', otherChunks: 0, chunks: 20 });
  expect(advice.filter(({ command }) => command.includes('rechunk'))).toEqual([]);
});

test('intervals that do not divide each other, one after the other', async () => {
  const { store, database, raw } = await open();
  await store.bars.upsert(bars(-20, 20));
  await compressChunks(database, 'compress');
  const before = await content(raw);
  for (const [interval, hours] of [
    ['7 days', 168],
    ['5 days', 120],
    ['30 days', 720],
    ['36 hours', 36],
    ['7 days', 168],
  ] as const) {
    await rechunkBars(database, interval);
    expect(await content(raw)).toEqual(before);
    const { rows } = await raw.query(
      `SELECT count(*)::int AS wrong FROM timescaledb_information.chunks
       WHERE hypertable_name = 'ohlcv_bars' AND (range_end - range_start <> $1::interval OR NOT is_compressed
         OR extract(epoch FROM range_start)::bigint % extract(epoch FROM $1::interval)::bigint <> 0)`,
      [`${hours} hours`],
    );
    expect(rows).toEqual([{ wrong: 0 }]);
  }
});

test('all tables at once, to the last microsecond', async () => {
  const { store, database, raw } = await open();
  const at = (index: number) => BigInt(START) * 1000n + BigInt(index) * 7_200_000_001n;
  const some = Array.from({ length: 200 }, (_, index) => index);
  await store.bars.upsert(bars(0, 9));
  await store.trades.upsert(
    some.map((index) => ({ symbol: 'AAPL', timestamp: at(index), price: '1.25', size: 1 + index })),
  );
  await store.quotes.upsert(
    some.map((index) => ({ symbol: 'AAPL', timestamp: at(index), bidPrice: 1, bidSize: 2, askPrice: 3, askSize: 4 })),
  );
  await store.orderBooks.upsert(
    some.map((index) => ({
      symbol: 'AAPL',
      timestamp: at(index),
      bids: [
        [10, 1],
        [9, index + 1],
      ],
      asks: [[11, 2]],
    })),
  );
  await store.indicators.upsert(
    some.map((index) => ({
      symbol: 'AAPL',
      timeframe: '1h',
      name: 'rsi_14',
      timestamp: new Date(START + index * 3_600_000),
      value: { value: String(index) },
    })),
  );
  const tables = ['ohlcv_bars', 'trades', 'quotes', 'order_book_snapshots', 'indicators'];
  const before = await Promise.all(tables.map((table) => content(raw, table)));
  const report: RechunkReport = await rechunk(database, { interval: '7 days' });
  expect(report).toMatchObject({ interval: '7 days', configured: null, reverts: false });
  expect(report.tables.map(({ table, chunksAfter }) => [table, chunksAfter])).toEqual([
    ['ohlcv_bars', 2],
    ['trades', 3],
    ['quotes', 3],
    ['order_book_snapshots', 3],
    ['indicators', 2],
  ]);
  expect(await Promise.all(tables.map((table) => content(raw, table)))).toEqual(before);
  expect(await chunks(raw, 'trades')).toEqual(['0-7c', '7-14c', '14-21c']);
  expect(await rechunk(database, { interval: '7 days', configured: '1 day' })).toMatchObject({
    ...{ configured: '1 day', reverts: true },
  });
});

test('a window that needs more locks than the server has is refused with the statement', async () => {
  const { database, raw } = await open();
  const { rows } = await raw.query(
    "SELECT current_setting('max_locks_per_transaction')::int * current_setting('max_connections')::int AS capacity",
  );
  const { capacity } = rows[0];
  const ranges = capacity / 16 + 1;
  await rechunkBars(database, '3650 days');
  await raw.query(
    `INSERT INTO ohlcv_bars (symbol, timeframe, timestamp, open, high, low, close, volume, spread, spread_ratio, volume_ratio)
     SELECT 'AAPL', '1h', timestamptz '2010-01-01 00:00Z' + hour * interval '1 hour', 1, 1, 1, 1, 1, 0, 1, 1 FROM generate_series(1, $1) hour`,
    [ranges],
  );
  expect(await refusal(rechunkBars(database, '1 hour'))).toEqual({
    code: 'STORAGE_LOCKS_TOO_FEW',
    message: `1 chunks of ohlcv_bars would become ${ranges} of 1 hour in one transaction, which needs ${14 + ranges * 8} locks; the server has ${capacity} for all`,
    hint: 'an administrator runs ALTER SYSTEM SET max_locks_per_transaction = 1024; and restarts the server; or choose an interval nearer to the present one',
  });
  expect(await rechunkBars(database, '30 days')).toMatchObject({ rows: ranges });
});

test('a continuous aggregate answers the same before and after its refresh', async () => {
  const { store, database, raw } = await open();
  await store.bars.upsert(bars(0, 21));
  await raw.query(`
    CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
    SELECT symbol, time_bucket('1 day', timestamp) AS day, count(*) AS bars, sum(volume) AS volume, max(high) AS high
    FROM ohlcv_bars GROUP BY 1, 2 WITH NO DATA`);
  await raw.query("CALL refresh_continuous_aggregate('daily', NULL, '2024-01-19Z'::timestamptz)"); // the rest in real time
  const answer = async () => (await raw.query('SELECT * FROM daily ORDER BY 1, 2')).rows;
  const before = await answer();
  expect(before).toHaveLength(21);
  for (const interval of ['7 days', '36 hours', '1 day']) {
    await rechunkBars(database, interval);
    expect(await answer()).toEqual(before);
    await raw.query("CALL refresh_continuous_aggregate('daily', NULL, '2024-01-19Z'::timestamptz)");
    expect(await answer()).toEqual(before);
  }
  const [changed] = bars(3, 4);
  await store.bars.upsert([{ ...changed!, high: 50 }]);
  await raw.query("CALL refresh_continuous_aggregate('daily', NULL, NULL)");
  expect((await answer())[3]).toMatchObject({ high: '50.00000000' });
});

test('a plain database has nothing to cut; what is no interval or no table is refused on either layout', async () => {
  const plain = await createPlainDatabase();
  const database = await openDatabase(plain.url);
  expect(await rechunk(database, { interval: '7 days' })).toEqual({
    ...{ interval: '7 days', configured: null, reverts: false, tables: [] },
  });
  expect(await refusal(rechunk(database, { interval: '1 month' }))).toMatchObject({ code: 'CHUNK_INTERVAL_INVALID' });
  expect(await refusal(rechunk(database, { interval: '7 days', table: 'patterns' }))).toMatchObject({
    code: 'CHOICE_UNKNOWN',
    message: expect.stringContaining(
      'the table is one of ohlcv_bars, trades, quotes, order_book_snapshots, indicators',
    ),
  });
});

test('a hypertable without compression, or with a frozen chunk, is refused', async () => {
  const { store, database, raw } = await open();
  await store.bars.upsert(bars(0, 14));
  const before = await content(raw);
  await raw.query('ALTER TABLE ohlcv_bars SET (timescaledb.compress = false)');
  expect(await refusal(rechunkBars(database, '7 days'))).toEqual({
    ...{
      code: 'STORAGE_INCOMPLETE',
      message: 'ohlcv_bars has no compression',
      hint: 'run `wyckoff storage apply` first',
    },
  });
  await applyStorage(database.pool);
  await raw.query("SELECT _timescaledb_functions.freeze_chunk(c) FROM show_chunks('ohlcv_bars') c LIMIT 1");
  expect(await refusal(rechunkBars(database, '7 days'))).toMatchObject({ code: 'STORAGE_CHUNKS_KEPT' });
  expect(await content(raw)).toEqual(before);
});
