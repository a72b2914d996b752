import type pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import {
  type Retention,
  type RetentionRunOptions,
  readRetention,
  runRetention,
  setRetention,
} from '../../src/database/layouts/retention.js';
import type { BarInput, Store } from '../../src/index.js';
import { BarModel, printBars } from '../setup/bar-model.js';
import { openRawClient } from '../setup/raw-client.js';
import { startOfToday } from '../setup/start-of-today.js';
import { openTestDatabase, openTestStore } from '../setup/test-database.js';

const DAY = 86_400_000;
const today = await startOfToday();
const BARS = 'ohlcv_bars';
const SERIES = ['trades', 'quotes', 'order_book_snapshots', 'indicators'] as const;

/** Of the bars; undefined where retention is off for them. */
async function runBars(pool: Database['pool'], options: Omit<RetentionRunOptions, 'table'>) {
  const tables = await runRetention(pool, options);
  expect(tables.every(({ table }) => table === BARS)).toBe(true);
  return tables[0]?.series;
}

async function retentionOf(pool: Database['pool'], table: string): Promise<Retention> {
  const [retention] = await pool.withClient((client) => readRetention(client, table));
  return retention!;
}

function bars(symbol: string, timeframe: '1h' | '1d', fromDay: number, toDay: number, close = 1): BarInput[] {
  const rows: BarInput[] = [];
  const step = timeframe === '1d' ? DAY : DAY / 4;
  for (let at = today + fromDay * DAY; at < today + toDay * DAY; at += step) {
    const turn = at / step;
    const low = 1 + (turn % 5);
    const high = low + 1 + (turn % 3);
    rows.push({
      symbol,
      timeframe,
      timestamp: new Date(at),
      open: low,
      high,
      low,
      close: low + close,
      volume: turn % 13,
    });
  }
  return rows;
}

async function openBoth(): Promise<{ store: Store; database: Database; raw: pg.Client }> {
  const { store, url } = await openTestStore();
  const database = await Database.open(readConfig({ databaseUrl: url }));
  onTestFinished(() => database.close());
  return { store, database, raw: await openRawClient(url) };
}

async function compress(raw: pg.Client, table = BARS): Promise<void> {
  if (inject('layout') === 'timescale')
    await raw.query('SELECT compress_chunk(chunk) FROM show_chunks($1::regclass) chunk', [table]);
}

async function expectSeries(store: Store, model: BarModel): Promise<void> {
  expect(printBars(await store.bars.range(model.key))).toEqual(model.rows);
  const [series] = await store.bars.series(model.key);
  expect(series && { first: series.first, last: series.last, count: series.count }).toEqual(
    model.rows.length === 0 ? undefined : model.catalog,
  );
  expect(await store.bars.recomputeRatios(model.key)).toBe(0);
}

test('retention is off by default', async () => {
  const { store, database } = await openBoth();
  await store.bars.upsert(bars('AAPL', '1d', -4000, -3990));
  expect(await runRetention(database.pool, { actor: 'ops' })).toEqual([]);
  const off = { keep: null, setBy: null, setAt: null, cutoff: null, series: 0, rows: 0, lastRemoval: null };
  expect(await database.pool.withClient((client) => readRetention(client))).toEqual(
    [BARS, ...SERIES].map((table) => ({ table, ...off })),
  );
  expect(await store.bars.range({ symbol: 'AAPL', timeframe: '1d' })).toHaveLength(10);
});

test('a run removes what is older, with catalog, ratios, revisions and one event a series', async () => {
  const { store, database, raw } = await openBoth();
  const models = [
    new BarModel('AAPL', '1h'),
    new BarModel('AAPL', '1d'),
    new BarModel('OLD', '1d'),
    new BarModel('NEW', '1d'),
  ];
  const rows = [
    ...bars('AAPL', '1h', -40, -20),
    ...bars('AAPL', '1d', -60, 0),
    ...bars('OLD', '1d', -60, -45),
    ...bars('NEW', '1d', -20, 0),
  ];
  await store.bars.upsert(rows);
  await store.bars.upsert(bars('AAPL', '1d', -35, -25, 0)); // five revisions on each side
  for (const model of models) {
    const { symbol, timeframe } = model.key;
    model.upsert(rows.filter((row) => row.symbol === symbol && row.timeframe === timeframe));
  }
  models[1]!.upsert(bars('AAPL', '1d', -35, -25, 0));
  await compress(raw);
  const cutoff = new Date(today - 30 * DAY);
  expect(await setRetention(database.pool, BARS, '30 days', 'ops')).toEqual({
    ...{
      table: BARS,
      keep: '30 days',
      setBy: 'ops',
      setAt: expect.any(Date),
      cutoff,
      series: 3,
      rows: 40 + 30 + 15,
      lastRemoval: null,
    },
  });
  const removed = await runBars(database.pool, { actor: 'ops' });
  expect(removed).toEqual([
    { symbol: 'AAPL', timeframe: '1d', name: '', rows: 30, revisions: 5 },
    { symbol: 'AAPL', timeframe: '1h', name: '', rows: 40, revisions: 0 },
    { symbol: 'OLD', timeframe: '1d', name: '', rows: 15, revisions: 0 },
  ]);
  for (const model of models) {
    model.delete(new Date(0), cutoff);
    await expectSeries(store, model);
  }
  const { rows: events } = await raw.query(
    `SELECT event_type, actor, action, metadata, symbol || ' ' || timeframe AS series, correlation_id
     FROM audit_trail JOIN bar_series ON bar_series.id = entity_id ORDER BY seq`,
  );
  expect(events.map(({ correlation_id: _, ...event }) => event)).toEqual(
    removed!.map(({ symbol, timeframe, rows: deleted, revisions }) => ({
      event_type: 'BARS_RETAINED',
      actor: 'ops',
      action: `retention removed ${deleted} bars of ${symbol} ${timeframe} before ${cutoff.toISOString().slice(0, 10)}`,
      metadata: {
        from: expect.stringMatching(/T00:00:00Z$/),
        to: cutoff.toISOString().replace('.000Z', 'Z'),
        deleted,
        revisions,
      },
      series: `${symbol} ${timeframe}`,
    })),
  );
  expect(new Set(events.map((event) => event.correlation_id)).size).toBe(1);
  expect(await store.audit.verify()).toMatchObject({ problems: [] });
  const { rows: left } = await raw.query(
    'SELECT count(*)::int AS count, min(timestamp) >= $1 AS kept FROM ohlcv_bar_revisions',
    [cutoff.toISOString()],
  );
  expect(left).toEqual([{ count: 5, kept: true }]);
  if (inject('layout') === 'timescale') {
    const { rows: chunks } = await raw.query(
      'SELECT count(*)::int AS old FROM timescaledb_information.chunks WHERE range_end <= $1',
      [cutoff.toISOString()],
    );
    expect(chunks).toEqual([{ old: 0 }]);
  }
  expect(await runBars(database.pool, { actor: 'ops' })).toEqual([]); // nothing is left to do
  expect(await retentionOf(database.pool, BARS)).toMatchObject({
    series: 0,
    rows: 0,
    lastRemoval: expect.any(Date),
  });
  // The series goes on, with its id and its history.
  const more = bars('OLD', '1d', -3, 0);
  models[2]!.upsert(more);
  await store.bars.upsert(more);
  await expectSeries(store, models[2]!);
});

test('a run may be stopped between stretches, and goes on from there', async () => {
  const { store, database, raw } = await openBoth();
  const model = new BarModel('AAPL', '1d');
  const rows = bars('AAPL', '1d', -300, 0);
  model.upsert(rows);
  await store.bars.upsert(rows);
  await setRetention(database.pool, BARS, '30 days', 'ops');
  const controller = new AbortController();
  const stopped = runBars(database.pool, {
    actor: 'ops',
    signal: controller.signal,
    onProgress: () => controller.abort(new Error('told to stop')),
  });
  await expect(stopped).rejects.toThrow('told to stop');
  const first = inject('layout') === 'timescale' ? -200 : -30; // a hundred chunks of a day, or all at once
  model.delete(new Date(0), new Date(today + first * DAY));
  await expectSeries(store, model);
  const removed = await runBars(database.pool, { actor: 'ops' });
  expect(removed).toEqual(
    first === -30 ? [] : [{ symbol: 'AAPL', timeframe: '1d', name: '', rows: 170, revisions: 0 }],
  );
  model.delete(new Date(0), new Date(today - 30 * DAY));
  await expectSeries(store, model);
  expect((await raw.query('SELECT count(*)::int AS count FROM audit_trail')).rows).toEqual([
    { count: first === -30 ? 1 : 3 },
  ]);
});

test('a writer waits for a run, and what it then writes is old for the next one', async () => {
  const { store, database, raw } = await openBoth();
  await store.bars.upsert([...bars('AAPL', '1d', -60, 0), ...bars('NEW', '1d', -10, 0)]);
  await raw.query('BEGIN');
  await raw.query("SELECT * FROM retain_bars(date_trunc('day', now()) - interval '30 days', 'by hand')");
  let written = false;
  const backfill = store.bars.upsert(bars('NEW', '1d', -50, -40)).then((counts) => {
    written = true;
    return counts;
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(written).toBe(false);
  await raw.query('COMMIT');
  expect(await backfill).toEqual({ inserted: 10, changed: 0, unchanged: 0 });
  await setRetention(database.pool, BARS, '30 days', 'ops');
  expect(await runBars(database.pool, { actor: 'ops' })).toEqual([
    { symbol: 'NEW', timeframe: '1d', name: '', rows: 10, revisions: 0 },
  ]);
});

test('bars that something else removed are not counted away', async () => {
  const { store, database, raw } = await openBoth();
  await store.bars.upsert(bars('AAPL', '1d', -60, -40));
  await raw.query("DELETE FROM ohlcv_bars WHERE timestamp < now() - interval '50 days'");
  await setRetention(database.pool, BARS, '30 days', 'ops');
  await expect(runBars(database.pool, { actor: 'ops' })).rejects.toMatchObject({
    message: 'the catalog counts 20 bars of AAPL 1d, which are not there',
    hint: 'Something else than the store wrote or removed bars of this series.',
  });
  expect((await raw.query('SELECT count(*)::int AS count FROM ohlcv_bars')).rows[0].count).toBeGreaterThan(8);
});

test('the interval is one, of a day at least, and forever is off', async () => {
  const database = await openTestDatabase();
  await expect(setRetention(database.pool, BARS, 'a while', 'ops')).rejects.toMatchObject({ code: 'INTERVAL_INVALID' });
  for (const keep of ['1 hour', '0', '-10 years'])
    await expect(setRetention(database.pool, BARS, keep, 'ops')).rejects.toMatchObject({ code: 'RETENTION_TOO_SHORT' });
  expect(await setRetention(database.pool, BARS, '10 years', 'ops')).toMatchObject({ keep: '10 years', setBy: 'ops' });
  expect(await setRetention(database.pool, BARS, '10 y', 'other')).toMatchObject({ keep: '10 years', setBy: 'ops' });
  expect(await setRetention(database.pool, BARS, '5 years', 'other')).toMatchObject({
    keep: '5 years',
    setBy: 'other',
  });
  expect(await setRetention(database.pool, BARS, null, 'ops')).toMatchObject({ keep: null, cutoff: null });
});

test('ratios in SQL are the ratios of the store, to the last digit', async () => {
  const { raw } = await openBoth();
  const { rows } = await raw.query(`
    SELECT bar_ratio(1, 3, 1)::text AS third, bar_ratio(2, 3, 1)::text AS two, bar_ratio(0, 0, 5)::text AS zero,
           bar_ratio(1, 0, 5)::text AS largest, bar_ratio(7, NULL, 0)::text AS first, bar_ratio(1, 20000, 1)::text AS half,
           bar_ratio(99999999.99999999, 0.00000001, 1)::text AS cut`);
  expect(rows).toEqual([
    {
      third: '0.3333',
      two: '0.6667',
      zero: '1.0000',
      largest: '999999.9999',
      first: '1.0000',
      half: '0.0001',
      cut: '999999.9999',
    },
  ]);
});
