import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../src/database/database.js';
import {
  type CompressOptions,
  type CompressReport,
  compressChunks,
  type Direction,
} from '../../src/database/layouts/compress.js';
import { readStorageStatus } from '../../src/database/layouts/read-status.js';
import { rechunk } from '../../src/database/layouts/rechunk.js';
import type { StorageStatus } from '../../src/database/layouts/status.js';
import { openStore, type Store } from '../../src/index.js';
import { printBars } from '../setup/bar-model.js';
import { openRawClient } from '../setup/raw-client.js';
import { startOfToday } from '../setup/start-of-today.js';
import { createTestDatabase } from '../setup/test-database.js';
import { createPlainDatabase, openDatabase } from './storage-database.js';

const DAY = 86_400_000;
const today = await startOfToday();

async function open(): Promise<{ store: Store; database: Database; raw: pg.Client }> {
  const created = await createTestDatabase();
  onTestFinished(() => created.drop());
  const store = await openStore({ databaseUrl: created.url });
  onTestFinished(() => store.close());
  return { store, database: await openDatabase(created.url), raw: await openRawClient(created.url) };
}

/** `count` 1m bars of each day, from `days` ago until tomorrow. */
async function fill(store: Store, days: number, count: number): Promise<void> {
  const rows = Array.from({ length: (days + 1) * count }, (_, index) => {
    const day = today - (days - Math.floor(index / count)) * DAY;
    const low = 100 + (index % 7);
    const timestamp = new Date(day + (index % count) * 60_000);
    return {
      symbol: 'AAPL',
      timeframe: '1m',
      timestamp,
      open: low,
      high: low + 1,
      low,
      close: low,
      volume: index % 97,
    } as const;
  });
  await store.bars.upsert(rows);
}

/** Of the bars alone, beside the jobs of ours and the advice. */
async function status(database: Database): Promise<StorageStatus> {
  const found = await database.pool.withClient(readStorageStatus);
  const ofBars = ({ table }: { readonly table: string | null }) => table === 'ohlcv_bars' || table === null;
  const advice = found.advice.filter(({ what }) => !/^(trades|quotes|order_book_snapshots|indicators) /.test(what));
  const [hypertables, tables, jobs] = [
    found.hypertables.filter(ofBars),
    found.tables.filter(ofBars),
    found.jobs.filter(ofBars),
  ];
  return { ...found, hypertables, tables, jobs, advice };
}

async function compressBars(
  database: Database,
  direction: Direction,
  options?: CompressOptions,
): Promise<CompressReport[]> {
  const reports = await compressChunks(database, direction, options);
  for (const { table, chunks } of reports) if (table !== 'ohlcv_bars') expect(chunks).toBe(0);
  return reports.filter(({ table }) => table === 'ohlcv_bars');
}

async function job(raw: pg.Client, procedure: string): Promise<number> {
  const { rows } = await raw.query(
    'SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = $1 ORDER BY job_id',
    [procedure],
  );
  return rows[0].job_id;
}

test('status tells of chunks, sizes, policies and what the next run takes; a run of the policy does that', async () => {
  const { store, database, raw } = await open();
  await fill(store, 20, 1000);
  const before = await status(database);
  expect(before).toMatchObject({ layout: 'timescale', extensionVersion: expect.stringMatching(/^2\./), tables: [] });
  // Those of the day 20 days ago until the one that ended seven days ago, and the one of eight days ago could wait another day.
  expect(before.hypertables).toEqual([
    {
      ...{
        table: 'ohlcv_bars',
        rows: 21_000,
        chunkInterval: '1 day',
        chunkSeconds: 86_400,
        chunks: 21,
        compressedChunks: 0,
        otherChunks: 0,
      },
      ...{ rowsPerChunk: 1000, bytes: expect.any(Number), bytesBeforeCompression: 0, bytesAfterCompression: 0 },
      ...{ oldest: new Date(today - 20 * DAY), newest: new Date(today + DAY), compressAfter: '7 days' },
      ...{ dueChunks: 13, dueBytes: expect.any(Number), overdueChunks: 12 },
    },
  ]);
  expect(before.jobs.map(({ job, table, every, enabled }) => [job, table, every, enabled])).toEqual([
    ['policy_compression', 'ohlcv_bars', '12:00:00', true],
    ['bar_retention_job', null, '1 day', true],
    ['bar_aggregates_job', null, '01:00:00', true],
    ['time_series_retention_job', null, '1 day', true],
  ]);
  expect(before.advice).toEqual([
    {
      what: "12 of ohlcv_bars's chunks should have been compressed",
      command: "wyckoff storage compress --older-than '7 days'",
    },
  ]);
  const { bytes, dueBytes } = before.hypertables[0]!;
  await raw.query(`CALL run_job(${await job(raw, 'policy_compression')})`);
  const after = await status(database);
  const [hypertable] = after.hypertables;
  expect(hypertable).toMatchObject({ rows: 21_000, compressedChunks: 13, dueChunks: 0, dueBytes: 0, overdueChunks: 0 });
  expect(hypertable!.bytesBeforeCompression).toBe(dueBytes);
  expect(hypertable!.bytesAfterCompression).toBeLessThan(dueBytes / 2);
  expect(hypertable!.bytes).toBeLessThan(bytes);
  expect(after.advice).toEqual([]);
  // What is written to a compressed chunk lies beside what is compressed: the next run takes it, and the ratios it mended in the next day's.
  await store.bars.upsert([
    {
      symbol: 'AAPL',
      timeframe: '1m',
      timestamp: new Date(today - 15 * DAY + 1000 * 60_000),
      open: 1,
      high: 1,
      low: 1,
      close: 1,
      volume: 1,
    },
  ]);
  expect((await status(database)).hypertables).toMatchObject([
    { compressedChunks: 13, dueChunks: 2, overdueChunks: 2 },
  ]);
});

test('chunks are compressed and decompressed one by one, and the bars stay the same', async () => {
  const { store, database } = await open();
  await fill(store, 20, 1000);
  const bars = async () => printBars(await store.bars.range({ symbol: 'AAPL', timeframe: '1m' }));
  const before = await bars();
  const steps: number[] = [];
  const [first] = await compressBars(database, 'compress', {
    olderThan: '10 days',
    onProgress: ({ done, total }) => total > 0 && steps.push(done),
  });
  expect(first).toMatchObject({ table: 'ohlcv_bars', chunks: 10 });
  expect(first!.bytesAfter).toBeLessThan(first!.bytesBefore);
  expect(steps).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(await bars()).toEqual(before);
  const controller = new AbortController();
  const stopped = compressChunks(database, 'compress', {
    signal: controller.signal,
    onProgress: ({ done }) => done === 3 && controller.abort(new Error('told to stop')),
  });
  await expect(stopped).rejects.toThrow('told to stop');
  expect((await status(database)).hypertables).toMatchObject([{ compressedChunks: 14 }]);
  expect(await compressBars(database, 'compress')).toMatchObject([{ chunks: 6 }]); // today's chunk has not ended
  expect(await compressBars(database, 'compress')).toEqual([
    { table: 'ohlcv_bars', chunks: 0, bytesBefore: 0, bytesAfter: 0 },
  ]);
  expect(await bars()).toEqual(before);
  const [back] = await compressBars(database, 'decompress');
  expect(back).toMatchObject({ chunks: 20 });
  expect(back!.bytesAfter).toBeGreaterThan(back!.bytesBefore);
  expect(await bars()).toEqual(before);
  for (const direction of ['compress', 'decompress'] as const)
    await expect(compressChunks(database, direction, { olderThan: 'a while' })).rejects.toMatchObject({
      code: 'INTERVAL_INVALID',
      message: 'not an interval: "a while"',
    });
});

test('a plain table in a database with the extension, and one without it, say what to do', async () => {
  const plain = await createPlainDatabase();
  const database = await openDatabase(plain.url);
  expect(await status(database)).toMatchObject({
    ...{
      layout: 'plain',
      extensionVersion: null,
      hypertables: [],
      jobs: [],
      tables: [{ table: 'ohlcv_bars', rows: 0 }],
    },
    advice: [{ what: expect.stringMatching(/^TimescaleDB 2\.\S+ is on the server/), command: 'wyckoff storage apply' }],
  });
  expect(await compressBars(database, 'compress')).toEqual([]);
  const raw = await openRawClient(plain.url);
  await raw.query('CREATE EXTENSION timescaledb');
  expect(await status(database)).toMatchObject({
    layout: 'plain',
    advice: [
      { what: 'ohlcv_bars is a plain table, though TimescaleDB is there', command: 'wyckoff storage apply' },
      { what: 'the job bar_retention_job, every 1 day, is missing', command: 'wyckoff storage apply' },
      { what: 'the job bar_aggregates_job, every 1 hour, is missing', command: 'wyckoff storage apply' },
      { what: 'the job time_series_retention_job, every 1 day, is missing', command: 'wyckoff storage apply' },
    ],
  });
});

test('status names what a hand has changed, and a job that is off or fails', async () => {
  const { database, raw } = await open();
  await raw.query("ALTER TABLE ohlcv_bars SET (timescaledb.compress_segmentby = 'symbol')");
  await raw.query('DROP INDEX idx_ohlcv_symbol_timeframe');
  await raw.query(`SELECT alter_job(${await job(raw, 'policy_compression')}, scheduled => false)`);
  const { advice } = await status(database);
  expect(advice.map(({ command }) => command)).toEqual([
    'CREATE UNIQUE INDEX idx_ohlcv_symbol_timeframe ON public.ohlcv_bars (symbol, timeframe, "timestamp" DESC); ' +
      'ALTER TABLE public.ohlcv_bars REPLICA IDENTITY USING INDEX idx_ohlcv_symbol_timeframe;',
    "ALTER TABLE public.ohlcv_bars SET (timescaledb.compress, timescaledb.compress_segmentby = 'symbol, timeframe', timescaledb.compress_orderby = 'timestamp DESC');",
    expect.stringMatching(/^SELECT alter_job\(\d+, scheduled => true\);$/),
  ]);
});

test('the retention job keeps the catalog right', async () => {
  const { store, database, raw } = await open();
  await fill(store, 20, 50);
  const id = await job(raw, 'bar_retention_job');
  await raw.query(`CALL run_job(${id})`); // off: it does nothing
  expect(await store.bars.series()).toMatchObject([{ count: 1050 }]);
  await raw.query("INSERT INTO retention_policies (relation, keep, set_by) VALUES ('ohlcv_bars', '10 days', 'ops')");
  await raw.query(`CALL run_job(${id})`);
  expect(await store.bars.series()).toMatchObject([{ count: 550, first: new Date(today - 10 * DAY) }]);
  expect(await store.bars.range({ symbol: 'AAPL', timeframe: '1m' })).toHaveLength(550);
  const { rows } = await raw.query('SELECT event_type, actor FROM audit_trail');
  expect(rows).toEqual([{ event_type: 'BARS_RETAINED', actor: 'wyckoff retention' }]);
  expect((await status(database)).hypertables).toMatchObject([{ chunks: 11, rows: 550 }]);
});

test('the retention job of the other series does what is set, also inside a compressed chunk of many rows', async () => {
  const { store, database, raw } = await open();
  await rechunk(database, { interval: '7 days', table: 'trades' });
  const week = 7 * DAY; // chunks begin where weeks since the epoch do
  const first = Math.floor(today / week) * week - 2 * week;
  const cutoff = new Date(first + week + 6 * DAY);
  await raw.query(
    `WITH written AS (
       INSERT INTO trades (symbol, timestamp, trade_id, price, size)
       SELECT 'BTC', $1::timestamptz + row * interval '5 seconds', row::text, 1, 1 FROM generate_series(0, 241919) row RETURNING timestamp)
     INSERT INTO time_series (relation, symbol, first_timestamp, last_timestamp) SELECT 'trades', 'BTC', min(timestamp), max(timestamp) FROM written`,
    [new Date(first).toISOString()],
  );
  await raw.query("SELECT compress_chunk(chunk) FROM show_chunks('trades') chunk");
  const id = await job(raw, 'time_series_retention_job');
  await raw.query(`CALL run_job(${id})`); // off: it does nothing
  expect(await store.trades.count({ symbol: 'BTC' })).toBe(241_920);
  await raw.query(
    "INSERT INTO retention_policies (relation, keep, set_by) VALUES ('trades', make_interval(days => $1), 'ops')",
    [(today - cutoff.getTime()) / DAY],
  );
  await raw.query(`CALL run_job(${id})`);
  const { rows } = await raw.query('SELECT count(*)::int AS count, min(timestamp) AS first FROM trades');
  expect(rows).toEqual([{ count: 17_280, first: cutoff }]);
  const { rows: events } = await raw.query("SELECT actor, metadata -> 'deleted' AS deleted FROM audit_trail");
  expect(events).toEqual([{ actor: 'wyckoff retention', deleted: 13 * 17_280 }]);
});
