import type pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import { readRetention, runRetention, setRetention } from '../../src/database/layouts/retention.js';
import type { Store } from '../../src/index.js';
import { openRawClient } from '../setup/raw-client.js';
import { startOfToday } from '../setup/start-of-today.js';
import { openTestStore } from '../setup/test-database.js';

const DAY = 86_400_000;
const today = await startOfToday();
const cutoff = new Date(today - 30 * DAY);
const TABLES = ['trades', 'quotes', 'order_book_snapshots', 'indicators'] as const;
type Table = (typeof TABLES)[number];

async function openBoth(): Promise<{ store: Store; database: Database; raw: pg.Client }> {
  const { store, url } = await openTestStore();
  const database = await Database.open(readConfig({ databaseUrl: url }));
  onTestFinished(() => database.close());
  return { store, database, raw: await openRawClient(url) };
}

/** Days before and after today, with a microsecond beside each midnight. */
function instants(fromDay: number, toDay: number): bigint[] {
  return Array.from({ length: toDay - fromDay }, (_, index) => {
    return BigInt(today + (fromDay + index) * DAY) * 1000n + BigInt(index % 2);
  });
}

async function write(store: Store, table: Table, symbol: string, fromDay: number, toDay: number): Promise<void> {
  const at = instants(fromDay, toDay);
  if (table === 'trades')
    await store.trades.upsert(at.map((timestamp) => ({ symbol, timestamp, price: '1.5', size: '0.00000001' })));
  if (table === 'quotes')
    await store.quotes.upsert(at.map((timestamp) => ({ symbol, timestamp, bidPrice: 1, bidSize: 2 })));
  if (table === 'order_book_snapshots')
    await store.orderBooks.upsert(at.map((timestamp) => ({ symbol, timestamp, bids: [[1, 2]], asks: [[3, 4]] })));
  if (table === 'indicators')
    await store.indicators.upsert(
      at.flatMap((timestamp) =>
        ['sma_20', 'rsi_14'].map((name) => ({
          ...{ symbol, timeframe: '1d' as const, name, value: { value: '1' } },
          timestamp: new Date(Number(timestamp / 1000n)),
        })),
      ),
    );
}

async function compress(raw: pg.Client, table: string): Promise<void> {
  if (inject('layout') === 'timescale')
    await raw.query('SELECT compress_chunk(chunk) FROM show_chunks($1::regclass) chunk', [table]);
}

interface Bounds {
  readonly series: string;
  readonly first: Date | null;
  readonly last: Date | null;
}

/** Of the catalog. Every row must lie inside. */
async function bounds(raw: pg.Client, table: Table): Promise<Bounds[]> {
  const key = table === 'indicators' ? '(symbol, timeframe, name)' : "(symbol, '', '')";
  const { rows: outside } = await raw.query(
    `SELECT count(*)::int AS outside FROM ${table} stored LEFT JOIN time_series series
       ON series.relation = $1 AND (series.symbol, series.timeframe, series.name) = ${key.replaceAll(/(symbol|timeframe|name)/g, 'stored.$1')}
     WHERE (stored.timestamp BETWEEN first_timestamp AND last_timestamp) IS NOT TRUE`,
    [table],
  );
  expect(outside).toEqual([{ outside: 0 }]);
  const { rows } = await raw.query(
    `SELECT concat_ws(' ', symbol, nullif(timeframe, ''), nullif(name, '')) AS series, first_timestamp AS first, last_timestamp AS last
     FROM time_series WHERE relation = $1 ORDER BY 1`,
    [table],
  );
  return rows;
}

test.each(TABLES)('%s: what is older goes, with catalog and one event a series', async (table) => {
  const { store, database, raw } = await openBoth();
  await write(store, table, 'BTC', -60, 0);
  await write(store, table, 'OLD', -60, -45);
  await write(store, table, 'NEW', -20, 0);
  await compress(raw, table);
  const names = table === 'indicators' ? ['1d rsi_14', '1d sma_20'] : [''];
  const each = names.length;
  const set = await setRetention(database.pool, table, '30 days', 'ops');
  expect(set).toEqual({
    ...{ table, keep: '30 days', setBy: 'ops', setAt: expect.any(Date), cutoff },
    ...{ series: 2 * each, rows: 45 * each, lastRemoval: null },
  });
  const removed = await runRetention(database.pool, { actor: 'ops' });
  const expected = [30, 15].flatMap((rows, index) =>
    names.map((name) => {
      const [timeframe = '', indicator = ''] = name.split(' ');
      return { symbol: ['BTC', 'OLD'][index]!, timeframe, name: indicator, rows, revisions: 0 };
    }),
  );
  expect(removed).toEqual([{ table, series: expected }]);
  const { rows: left } = await raw.query(
    `SELECT symbol, count(*)::int AS count, min(timestamp) >= $1 AS kept FROM ${table} GROUP BY 1 ORDER BY 1`,
    [cutoff.toISOString()],
  );
  expect(left).toEqual([
    { symbol: 'BTC', count: 30 * each, kept: true },
    { symbol: 'NEW', count: 20 * each, kept: true },
  ]);
  const found = await bounds(raw, table);
  expect(found.filter(({ series }) => series.startsWith('BTC')).map(({ first }) => first)).toEqual(
    names.map(() => cutoff),
  );
  expect(found.filter(({ series }) => series.startsWith('OLD')).map(({ first, last }) => [first, last])).toEqual(
    names.map(() => [null, null]),
  );
  const { rows: events } = await raw.query(
    `SELECT event_type, actor, action, metadata, correlation_id FROM audit_trail WHERE entity_type = 'TIME_SERIES' ORDER BY seq`,
  );
  const day = cutoff.toISOString().slice(0, 10);
  const subject = table === 'order_book_snapshots' ? 'order books' : table;
  expect(events.map(({ correlation_id: _, ...event }) => event)).toEqual(
    expected.map(({ symbol, timeframe, name, rows }) => ({
      ...{ event_type: 'TIME_SERIES_ROWS_RETAINED', actor: 'ops' },
      action: `retention removed ${rows} ${subject} of ${[symbol, timeframe, name].filter(Boolean).join(' ')} before ${day}`,
      metadata: {
        ...{ relation: table, deleted: rows, to: `${day}T00:00:00.000000Z` },
        from: `${new Date(today - 60 * DAY).toISOString().slice(0, 10)}T00:00:00.000000Z`,
      },
    })),
  );
  expect(new Set(events.map((event) => event.correlation_id)).size).toBe(1);
  expect(await store.audit.verify()).toMatchObject({ problems: [] });
  if (inject('layout') === 'timescale') {
    const { rows: chunks } = await raw.query(
      'SELECT count(*)::int AS old FROM timescaledb_information.chunks WHERE hypertable_name = $1 AND range_end <= $2',
      [table, cutoff.toISOString()],
    );
    expect(chunks).toEqual([{ old: 0 }]);
  }
  expect(await runRetention(database.pool, { actor: 'ops' })).toEqual([{ table, series: [] }]);
  const [after] = await database.pool.withClient((client) => readRetention(client, table));
  expect(after).toMatchObject({ series: 0, rows: 0, lastRemoval: expect.any(Date) });
  // The series goes on; what is written before the cutoff is old for the next run.
  await write(store, table, 'OLD', -50, 0);
  await bounds(raw, table);
  expect(await runRetention(database.pool, { table, actor: 'ops' })).toMatchObject([
    { table, series: names.map(() => ({ symbol: 'OLD', rows: 20 })) },
  ]);
  await bounds(raw, table);
});

test('each table has its own retention, and a run takes those that have one', async () => {
  const { store, database } = await openBoth();
  for (const table of TABLES) await write(store, table, 'BTC', -60, 0);
  await setRetention(database.pool, 'trades', '30 days', 'ops');
  await setRetention(database.pool, 'quotes', '10 days', 'ops');
  expect(await runRetention(database.pool, { table: 'quotes', actor: 'ops' })).toMatchObject([
    { table: 'quotes', series: [{ rows: 50 }] },
  ]);
  expect(await runRetention(database.pool, { actor: 'ops' })).toMatchObject([
    { table: 'trades', series: [{ rows: 30 }] },
    { table: 'quotes', series: [] },
  ]);
  expect(await store.orderBooks.count({ symbol: 'BTC' })).toBe(60);
  await setRetention(database.pool, 'trades', null, 'ops');
  expect(await runRetention(database.pool, { actor: 'ops' })).toEqual([{ table: 'quotes', series: [] }]);
  await expect(setRetention(database.pool, 'patterns', '30 days', 'ops')).rejects.toMatchObject({
    ...{ code: 'CHOICE_UNKNOWN', problems: [{ path: 'table', value: 'patterns' }] },
  });
  await expect(setRetention(database.pool, 'trades', '1 hour', 'ops')).rejects.toMatchObject({
    code: 'RETENTION_TOO_SHORT',
  });
});

test('a writer waits for a run, and no row is lost or left outside the catalog', async () => {
  const { store, database, raw } = await openBoth();
  await write(store, 'trades', 'BTC', -60, 0);
  await write(store, 'trades', 'NEW', -10, 0);
  await raw.query('BEGIN');
  await raw.query("SELECT * FROM retain_time_series('trades', $1, 'by hand')", [cutoff.toISOString()]);
  let written = false;
  const backfill = write(store, 'trades', 'NEW', -50, -40).then(() => {
    written = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(written).toBe(false);
  await raw.query('COMMIT');
  await backfill;
  expect((await bounds(raw, 'trades')).map(({ first }) => first)).toEqual([cutoff, new Date(today - 50 * DAY)]);
  expect(await store.trades.count({ symbol: 'NEW' })).toBe(20);
  await setRetention(database.pool, 'trades', '30 days', 'ops');
  expect(await runRetention(database.pool, { actor: 'ops' })).toMatchObject([
    { series: [{ symbol: 'NEW', rows: 10 }] },
  ]);
});

test('a run may be stopped between stretches, and goes on from there', async () => {
  const { store, database } = await openBoth();
  await write(store, 'trades', 'BTC', -300, 0);
  await setRetention(database.pool, 'trades', '30 days', 'ops');
  const controller = new AbortController();
  const stopped = runRetention(database.pool, {
    ...{ actor: 'ops', signal: controller.signal },
    onProgress: () => controller.abort(new Error('told to stop')),
  });
  await expect(stopped).rejects.toThrow('told to stop');
  const first = inject('layout') === 'timescale' ? 200 : 30; // a hundred chunks of a day, or all at once
  expect(await store.trades.count({ symbol: 'BTC' })).toBe(first);
  expect(await runRetention(database.pool, { actor: 'ops' })).toMatchObject([
    { series: first === 30 ? [] : [{ rows: 170 }] },
  ]);
  expect(await store.trades.count({ symbol: 'BTC' })).toBe(30);
});
