import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { applyMigrations } from '../../src/database/migrate.js';
import type { BarInput, Store } from '../../src/index.js';
import { instantOf } from '../setup/bar-arbitraries.js';
import { BarModel, printBar, printBars } from '../setup/bar-model.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const key = { symbol: 'AAPL', timeframe: '1h' } as const;

function bars(from: number, to: number, close = 1): BarInput[] {
  return Array.from({ length: to - from }, (_, index) => {
    const hour = from + index;
    const [low, spread] = [1 + (hour % 3), 3 + (hour % 5)];
    const timestamp = instantOf(hour * 60);
    return { ...key, timestamp, open: low, high: low + spread, low, close: low + close, volume: (hour * 37) % 101 };
  });
}

/** Compresses every chunk there is; answers how many are compressed then. */
async function compress(raw: pg.Client): Promise<number> {
  await raw.query("SELECT compress_chunk(chunk, if_not_compressed => true) FROM show_chunks('ohlcv_bars') chunk");
  const { rows } = await raw.query(
    "SELECT count(*)::int AS count FROM timescaledb_information.chunks WHERE hypertable_name = 'ohlcv_bars' AND is_compressed",
  );
  return rows[0].count;
}

async function expectReads(store: Store, model: BarModel): Promise<void> {
  const { rows } = model;
  expect(printBars(await store.bars.range(key))).toEqual(rows);
  const [from, to] = [instantOf(30 * 60), instantOf(70 * 60)];
  const inside = rows.filter((row) => row >= from.toISOString() && row < to.toISOString());
  expect(printBars(await store.bars.range({ ...key, from, to }))).toEqual(inside);
  expect(printBars(await store.bars.latest({ ...key, limit: 50 }))).toEqual(rows.slice(-50));
  expect(printBar((await store.bars.first(key))!)).toBe(rows[0]);
  const asOf = await store.bars.asOf({ ...key, at: to, limit: 30 });
  expect(printBars(asOf)).toEqual(rows.filter((row) => row < to.toISOString()).slice(-30));
  expect(await store.bars.count({ timeframe: '1h', from, to })).toBe(inside.length);
  const columns = await store.bars.columns(key);
  expect([...columns.close.values].map((_, index) => columns.close.at(index)!.toFixed())).toEqual(
    rows.map((row) => row.split(' ')[4]),
  );
  const [series] = await store.bars.series();
  expect({ first: series!.first, last: series!.last, count: series!.count }).toEqual(model.catalog);
}

test('ohlcv_bars is a hypertable of one-day chunks, compressed by series after seven days', async () => {
  const { store, url } = await openTestStore();
  expect(store.layout).toBe('timescale');
  const raw = await openRawClient(url);
  const dimension = await raw.query(
    "SELECT column_name, time_interval::text FROM timescaledb_information.dimensions WHERE hypertable_name = 'ohlcv_bars'",
  );
  expect(dimension.rows).toEqual([{ column_name: 'timestamp', time_interval: '1 day' }]);
  const settings = await raw.query(`
    SELECT attname, segmentby_column_index AS segment, orderby_column_index AS "order", orderby_asc AS ascending
    FROM timescaledb_information.compression_settings WHERE hypertable_name = 'ohlcv_bars' ORDER BY 2, 3`);
  expect(settings.rows).toEqual([
    { attname: 'symbol', segment: 1, order: null, ascending: null },
    { attname: 'timeframe', segment: 2, order: null, ascending: null },
    { attname: 'timestamp', segment: null, order: 1, ascending: false },
  ]);
  const policies = await raw.query(`
    SELECT proc_name, config->>'compress_after' AS after FROM timescaledb_information.jobs
    WHERE hypertable_name = 'ohlcv_bars'`);
  expect(policies.rows).toEqual([{ proc_name: 'policy_compression', after: '7 days' }]);
  const indexes = await raw.query("SELECT indexname FROM pg_indexes WHERE tablename = 'ohlcv_bars'");
  expect(indexes.rows).toEqual([{ indexname: 'idx_ohlcv_symbol_timeframe' }]);
  await store.bars.upsert([...bars(0, 1), ...bars(24, 25), ...bars(47, 49)]);
  const chunks = await raw.query(`
    SELECT range_start, range_end FROM timescaledb_information.chunks WHERE hypertable_name = 'ohlcv_bars' ORDER BY 1`);
  expect(chunks.rows.map((chunk) => chunk.range_start)).toEqual([0, 24, 48].map((hour) => instantOf(hour * 60)));
  expect(chunks.rows.map((chunk) => chunk.range_end)).toEqual([24, 48, 72].map((hour) => instantOf(hour * 60)));
  const identity = await raw.query(
    "SELECT relreplident FROM pg_class WHERE oid IN (SELECT show_chunks('ohlcv_bars') UNION ALL SELECT 'ohlcv_bars'::regclass)",
  );
  expect(identity.rows).toEqual(Array(4).fill({ relreplident: 'i' }));
});

test('the chunk interval comes from the setting wyckoff.chunk_interval', async () => {
  const url = new URL(inject('serverUrl'));
  url.pathname = `interval_${randomUUID().replaceAll('-', '')}`;
  onTestFinished(async () => {
    const client = new pg.Client({ connectionString: inject('serverUrl') });
    await client.connect();
    await client.query(`DROP DATABASE IF EXISTS ${url.pathname.slice(1)} WITH (FORCE)`);
    await client.end();
  });
  await applyMigrations({ connectionString: url.href, settings: { 'wyckoff.chunk_interval': '7 days' } });
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    const { rows } = await client.query(
      "SELECT DISTINCT time_interval::text FROM timescaledb_information.dimensions WHERE hypertable_schema = 'public'",
    );
    expect(rows).toEqual([{ time_interval: '7 days' }]);
  } finally {
    await client.end();
  }
});

test('compressed chunks answer the same reads and take the same writes', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  const model = new BarModel(key.symbol, key.timeframe);
  const write = async (rows: BarInput[]) => expect(await store.bars.upsert(rows)).toEqual(model.upsert(rows));
  await write([...bars(0, 60), ...bars(70, 100)]);
  const { createdAt: knownAt } = (await store.bars.latest(key))[0]!;
  const then = model.rows;
  expect(await compress(raw)).toBe(5);
  await expectReads(store, model);
  await write(bars(0, 100)); // ten new ones in the hole, the rest unchanged
  await expectReads(store, model);
  expect(await compress(raw)).toBe(5);
  await write(bars(20, 80, 2)); // changed, over four chunks
  await expectReads(store, model);
  const revisions = await store.bars.revisions(key);
  expect(revisions).toHaveLength(60);
  expect(revisions.every((each) => each.close.minus(each.low).eq(1))).toBe(true);
  await compress(raw);
  await write(bars(95, 130)); // at the end, into a compressed chunk and behind it
  await write(bars(50, 51, 3));
  await expectReads(store, model);
  await compress(raw);
  const [from, to] = [instantOf(40 * 60), instantOf(75 * 60)];
  expect(await store.bars.delete({ ...key, from, to })).toBe(model.delete(from, to));
  await expectReads(store, model);
  await compress(raw);
  await write(bars(60, 61)); // a single bar into what is compressed, with 20 ratios behind it
  await expectReads(store, model);
  expect(printBars(await store.bars.range({ ...key, knownAt }))).toEqual(then);
  await compress(raw);
  await raw.query("UPDATE ohlcv_bars SET volume_ratio = 5 WHERE symbol = 'AAPL'");
  await compress(raw);
  expect(await store.bars.recomputeRatios(key)).toBe(model.rows.length);
  await expectReads(store, model);
});

test('many changes in compressed chunks, by the hash join that many changes take', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  const model = new BarModel(key.symbol, key.timeframe);
  await store.bars.upsert(bars(0, 600));
  model.upsert(bars(0, 600));
  expect(await compress(raw)).toBe(25);
  expect(await store.bars.upsert(bars(100, 500, 2))).toEqual(model.upsert(bars(100, 500, 2)));
  await expectReads(store, model);
  expect(await store.bars.revisions(key)).toHaveLength(400);
});
