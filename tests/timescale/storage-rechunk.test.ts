import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../src/database/database.js';
import { applyStorage } from '../../src/database/layouts/apply.js';
import { compressChunks } from '../../src/database/layouts/compress.js';
import { readStorageStatus } from '../../src/database/layouts/read-status.js';
import { type RechunkOptions, type RechunkReport, rechunk } from '../../src/database/layouts/rechunk.js';
import { type BarInput, openStore, type Store, type WyckoffError } from '../../src/index.js';
import { printBars } from '../setup/bar-model.js';
import { openRawClient } from '../setup/raw-client.js';
import { createTestDatabase } from '../setup/test-database.js';
import { createPlainDatabase, openDatabase } from './storage-database.js';

const DAY = 86_400_000;
const START = Date.UTC(2024, 0, 4); // a Thursday, as the epoch: weeks of chunks begin on it
const key = { symbol: 'AAPL', timeframe: '1h' } as const;

function bars(fromDay: number, toDay: number, symbol: string = key.symbol): BarInput[] {
  return Array.from({ length: (toDay - fromDay) * 24 }, (_, index) => {
    const low = 1 + (index % 7);
    const timestamp = new Date(START + fromDay * DAY + index * 3_600_000);
    return { symbol, timeframe: '1h', timestamp, open: low, high: low + 2, low, close: low + 1, volume: index % 11 };
  });
}

async function open(): Promise<{ store: Store; database: Database; raw: pg.Client; url: string }> {
  const created = await createTestDatabase();
  onTestFinished(() => created.drop());
  const store = await openStore({ databaseUrl: created.url });
  onTestFinished(() => store.close());
  return { store, database: await openDatabase(created.url), raw: await openRawClient(created.url), url: created.url };
}

async function content(raw: pg.Client, table = 'ohlcv_bars'): Promise<unknown> {
  const { rows } = await raw.query(
    `SELECT count(*)::int AS count, md5(string_agg(stored::text, ',' ORDER BY stored::text)) AS md5 FROM ${table} stored`,
  );
  return rows[0];
}

/** `from day to day` since the start, with a c where it is compressed. */
async function chunks(raw: pg.Client, table = 'ohlcv_bars'): Promise<string[]> {
  const { rows } = await raw.query(
    `SELECT range_start AS "from", range_end AS "to", is_compressed AS compressed
     FROM timescaledb_information.chunks WHERE hypertable_name = $1 ORDER BY range_start`,
    [table],
  );
  const day = (at: Date) => (at.getTime() - START) / DAY;
  return rows.map(({ from, to, compressed }) => `${day(from)}-${day(to)}${compressed ? 'c' : ''}`);
}

const days = (from: number, to: number, mark = '') =>
  Array.from({ length: to - from }, (_, index) => `${from + index}-${from + index + 1}${mark}`);

async function rechunkBars(database: Database, interval: string, options: Partial<RechunkOptions> = {}) {
  const report = await rechunk(database, { interval, table: 'ohlcv_bars', ...options });
  expect(report.tables).toHaveLength(1);
  return report.tables[0]!;
}

async function withoutCompressionPolicy(raw: pg.Client): Promise<void> {
  await raw.query("SELECT remove_compression_policy('ohlcv_bars')");
}

async function refusal(attempt: Promise<unknown>): Promise<Pick<WyckoffError, 'code' | 'message' | 'hint'>> {
  const error = await attempt.then(
    () => undefined,
    (reason: WyckoffError) => reason,
  );
  expect(error, 'it is refused').toBeDefined();
  const { code, message, hint } = error!;
  return { code, message, hint };
}

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

/** Has who fills new chunks wait there, with everybody kept out of the bars, and answers how to end such a session. */
async function ambushSwap(raw: pg.Client): Promise<() => Promise<void>> {
  await raw.query(`
    CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(20); RETURN NULL; END $$;
    CREATE TRIGGER linger BEFORE INSERT ON ohlcv_bars FOR EACH STATEMENT EXECUTE FUNCTION linger()`);
  const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE wait_event = 'PgSleep' AND datname = current_database() AND query LIKE 'INSERT INTO public.ohlcv_bars%'`;
  return async () => {
    while ((await raw.query(kill)).rowCount === 0);
    await raw.query('DROP TRIGGER linger ON ohlcv_bars');
  };
}

test('killed in the middle of a window, that one is as before, those before it are done, and the next run goes on', async () => {
  const { store, database, raw, url } = await open();
  await store.bars.upsert(bars(0, 21));
  const before = await content(raw);
  const killer = await openRawClient(url);
  const controller = new AbortController();
  const first = rechunkBars(database, '7 days', {
    signal: controller.signal,
    onProgress: ({ done }) => done === 1 && controller.abort(new Error('told to stop')),
  });
  await expect(first).rejects.toThrow('told to stop');
  const kill = await ambushSwap(killer);
  const [ended] = await Promise.all([refusal(rechunkBars(database, '7 days')), kill()]);
  expect(ended).toMatchObject({ code: 'SERVER_SHUTTING_DOWN' });
  expect(await chunks(raw)).toEqual(['0-7c', ...days(7, 21)]);
  expect(await content(raw)).toEqual(before);
  const { hypertables, advice } = await database.pool.withClient(readStorageStatus);
  expect(hypertables[0]).toMatchObject({ chunkInterval: '7 days', otherChunks: 14 });
  expect(advice).toContainEqual({
    what: "14 of ohlcv_bars's 15 chunks are not of 7 days, as new ones are",
    command: "wyckoff storage rechunk --interval '7 days' --table ohlcv_bars",
  });
  expect(await rechunkBars(database, '7 days')).toMatchObject({ windows: 2, rows: 14 * 24 });
  expect(await chunks(raw)).toEqual(['0-7c', '7-14c', '14-21c']);
  expect(await content(raw)).toEqual(before);
});

test('told to stop, it stops between windows', async () => {
  const { store, database, raw } = await open();
  await store.bars.upsert(bars(0, 21));
  const controller = new AbortController();
  const stopped = rechunkBars(database, '7 days', {
    signal: controller.signal,
    onProgress: ({ done }) => done === 2 && controller.abort(new Error('told to stop')),
  });
  await expect(stopped).rejects.toThrow('told to stop');
  expect(await chunks(raw)).toEqual(['0-7c', '7-14c', ...days(14, 21)]);
});

test('a writer loses nothing, and a reader misses nothing, while chunks change to and fro', {
  timeout: 120_000,
}, async () => {
  const { store, database, raw, url } = await open();
  await withoutCompressionPolicy(raw);
  await store.bars.upsert(bars(0, 28));
  const program = fileURLToPath(new URL('./rechunk-neighbour.ts', import.meta.url));
  const run = (part: string) => promisify(execFile)(process.execPath, ['--import', 'tsx', program, url, part]);
  let running = true;
  const neighbours = Promise.all(['write', 'read', 'read'].map(run)).finally(() => {
    running = false;
  });
  let rounds = 0;
  while (running) {
    await rechunkBars(database, rounds % 2 === 0 ? '7 days' : '1 day');
    rounds += 1;
  }
  const [written, ...read] = (await neighbours).map(({ stdout }) => JSON.parse(stdout));
  expect(rounds).toBeGreaterThan(1);
  expect(read.map(({ counts }) => counts)).toEqual([[28 * 24], [28 * 24]]);
  expect(await store.bars.count({ symbol: 'NEW', timeframe: '1m' })).toBe(written.inserted);
  expect(await store.bars.series({ symbol: 'NEW' })).toMatchObject([{ count: written.inserted }]);
  expect(await store.bars.recomputeRatios({ symbol: 'NEW', timeframe: '1m' })).toBe(0);
});

test('a snapshot from before misses nothing, whenever it looks', async () => {
  const { store, database, raw } = await open();
  await store.bars.upsert(bars(0, 14));
  await raw.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await raw.query('SELECT count(*) FROM patterns');
  await rechunkBars(database, '7 days');
  expect((await raw.query('SELECT count(*)::int AS count FROM ohlcv_bars')).rows).toEqual([{ count: 14 * 24 }]);
  await raw.query('COMMIT');
});

test('who holds on to the bars is named, and what was done stays', async () => {
  const { store, database, raw, url } = await open();
  await store.bars.upsert(bars(0, 14));
  const holder = await openRawClient(url);
  await holder.query('BEGIN; SELECT count(*) FROM ohlcv_bars');
  expect(await refusal(rechunkBars(database, '7 days', { patience: 1 }))).toEqual({
    code: 'STORAGE_BUSY',
    message: 'other sessions use ohlcv_bars and did not let go: what is done stays',
    hint: 'stop what runs long on it (SELECT pid, query FROM pg_stat_activity shows it) and run this again: it goes on',
  });
  expect(await chunks(raw)).toEqual(days(0, 14));
  const waiting = rechunkBars(database, '7 days');
  // One that has read and then writes goes first, though it waits for what rechunk holds and holds what rechunk waits for.
  await new Promise((resolve) => setTimeout(resolve, 200));
  await holder.query("SELECT FROM bar_series WHERE symbol = 'AAPL' FOR UPDATE");
  await holder.query('COMMIT');
  expect(await waiting).toMatchObject({ windows: 2, rows: 14 * 24 });
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
