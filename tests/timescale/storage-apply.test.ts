import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { AGGREGATES } from '../../src/database/layouts/aggregates.js';
import { type ApplyReport, applyStorage } from '../../src/database/layouts/apply.js';
import { HYPERTABLES } from '../../src/database/layouts/hypertables.js';
import type { MoveProgress } from '../../src/database/layouts/move-rows.js';
import { type BarInput, openStore, type WyckoffError } from '../../src/index.js';
import { printBars } from '../setup/bar-model.js';
import { prisma } from '../setup/commands.js';
import { untilSessions } from '../setup/other-sessions.js';
import { openRawClient } from '../setup/raw-client.js';
import { createTestDatabase } from '../setup/test-database.js';
import { layoutOf } from './layout-of.js';
import { createPlainDatabase, openDatabase } from './storage-database.js';

const key = { symbol: 'AAPL', timeframe: '1h' } as const;

function bars(count: number, symbol = 'AAPL', from = 0): BarInput[] {
  return Array.from({ length: count }, (_, index) => {
    const timestamp = new Date(Date.UTC(2024, 0, 1) + (from + index) * 3_600_000);
    const low = 1 + (index % 7);
    return { symbol, timeframe: '1h', timestamp, open: low, high: low + 2, low, close: low + 1, volume: index % 11 };
  });
}

async function fill(url: string, rows: BarInput[]): Promise<void> {
  const store = await openStore({ databaseUrl: url });
  await store.bars.upsert(rows);
  await store.close();
}

async function content(raw: pg.Client): Promise<unknown> {
  const { rows } = await raw.query(
    "SELECT count(*)::int AS count, md5(string_agg(b::text, ',' ORDER BY symbol, timestamp)) AS md5 FROM ohlcv_bars b",
  );
  return rows[0];
}

async function hypertables(raw: pg.Client): Promise<string[]> {
  const { rows } = await raw.query("SELECT to_regclass('timescaledb_information.hypertables') IS NOT NULL AS there");
  if (!rows[0].there) return [];
  const found = await raw.query(
    "SELECT hypertable_name AS name FROM timescaledb_information.hypertables WHERE hypertable_schema = 'public'",
  );
  return found.rows.map(({ name }) => name);
}

/** Of the bars alone. */
function movedBars({ moved }: ApplyReport) {
  return moved.find(({ table }) => table === 'ohlcv_bars');
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

test('what migrations left plain becomes what they make of it where TimescaleDB is there, with every bar', async () => {
  const plain = await createPlainDatabase();
  await fill(plain.ownerUrl, [...bars(500), ...bars(100, 'MSFT', 300)]);
  const raw = await openRawClient(plain.url);
  await raw.query(`GRANT SELECT ON ohlcv_bars TO pg_monitor; COMMENT ON TABLE ohlcv_bars IS 'kept'`);
  const before = await content(raw);
  expect(await hypertables(raw)).toEqual([]);
  const database = await openDatabase(plain.url);
  expect(database.layout.name).toBe('plain');
  const progress: MoveProgress[] = [];
  await untilSessions(raw, 1); // those that filled it are gone
  const report = await applyStorage(database.pool, { onProgress: (each) => progress.push(each) });
  expect(report).toEqual({
    layout: 'timescale',
    extensionVersion: expect.stringMatching(/^2\./),
    changes: [
      expect.stringMatching(/^made the extension timescaledb 2\./),
      ...HYPERTABLES.flatMap(({ table }) => [
        `made ${table} a hypertable with chunks of 1 day`,
        `mended: ${table} has no compression`,
        `mended: nothing compresses the old chunks of ${table}`,
      ]),
      ...AGGREGATES.map(({ view }) => `mended: the continuous aggregate ${view} is missing`),
      'mended: the job bar_retention_job, every 1 day, is missing',
      'mended: the job bar_aggregates_job, every 1 hour, is missing',
      'mended: the job time_series_retention_job, every 1 day, is missing',
    ],
    moved: HYPERTABLES.map(({ table }) =>
      table === 'ohlcv_bars' ? { table, rows: 600, chunks: 21 } : { table, rows: 0, chunks: 0 },
    ),
    earlierSessions: 1, // raw
  });
  expect([...new Set(progress.map(({ phase }) => phase))]).toEqual(['read', 'move', 'verify']);
  expect(await content(raw)).toEqual(before);
  const { rows } = await raw.query(
    "SELECT obj_description('ohlcv_bars'::regclass) AS comment, has_table_privilege('pg_monitor', 'ohlcv_bars', 'SELECT') AS granted",
  );
  expect(rows).toEqual([{ comment: 'kept', granted: true }]);

  const fresh = await createTestDatabase();
  onTestFinished(() => fresh.drop());
  expect(await layoutOf(raw)).toEqual(await layoutOf(await openRawClient(fresh.url)));
  const diff = ['migrate', 'diff', '--exit-code', '--script', '--from-config-datasource', '--to-schema', 'prisma'];
  expect(await prisma(plain.url, ...diff)).toMatchObject({ code: 0 });

  expect(await applyStorage(database.pool)).toMatchObject({ changes: [], moved: [] });
  const store = await openStore({ databaseUrl: plain.ownerUrl });
  expect(store.layout).toBe('timescale');
  expect(await store.bars.range(key)).toHaveLength(500);
  expect(await store.bars.upsert([...bars(500), ...bars(1, 'AAPL', 500)])).toEqual({
    inserted: 1,
    changed: 0,
    unchanged: 500,
  });
  expect(await store.bars.recomputeRatios(key)).toBe(0);
  await store.close();
});

test('a migrated database has its layout already; the chunk interval is set for new chunks', async () => {
  const fresh = await createTestDatabase();
  onTestFinished(() => fresh.drop());
  const database = await openDatabase(fresh.url);
  expect(await applyStorage(database.pool)).toMatchObject({ layout: 'timescale', changes: [], moved: [] });
  expect(await applyStorage(database.pool, { chunkInterval: '24 hours' })).toMatchObject({ changes: [] });
  expect(await applyStorage(database.pool, { chunkInterval: '1 week' })).toMatchObject({
    changes: HYPERTABLES.map(
      ({ table }) => `new chunks of ${table} are of 7 days now; those that are there stay of 1 day`,
    ),
  });
  const raw = await openRawClient(fresh.url);
  const { rows } = await raw.query(
    "SELECT DISTINCT time_interval::text AS interval FROM timescaledb_information.dimensions WHERE hypertable_schema = 'public'",
  );
  expect(rows).toEqual([{ interval: '7 days' }]);
  for (const chunkInterval of ['a while', '-1 day', '0']) {
    expect(await refusal(applyStorage(database.pool, { chunkInterval }))).toMatchObject({
      code: 'CHUNK_INTERVAL_INVALID',
    });
  }
});

test('the setting of the database names the chunk interval where nothing else does', async () => {
  const plain = await createPlainDatabase();
  await fill(plain.ownerUrl, bars(500));
  const raw = await openRawClient(plain.url);
  await raw.query(`ALTER DATABASE ${plain.name} SET wyckoff.chunk_interval = '7 days'`);
  const database = await openDatabase(plain.url);
  expect(movedBars(await applyStorage(database.pool))).toMatchObject({ rows: 500, chunks: 4 });
});

test('ended in the middle, all is as before, and the next one does it', async () => {
  const plain = await createPlainDatabase();
  await fill(plain.ownerUrl, bars(500));
  const raw = await openRawClient(plain.url);
  const before = await content(raw);
  const database = await openDatabase(plain.url);
  const controller = new AbortController();
  const stopAt = (phase: MoveProgress['phase'], stop: () => void) => (each: MoveProgress) => {
    if (each.phase === phase) stop();
  };
  const stopped = applyStorage(database.pool, {
    signal: controller.signal,
    onProgress: stopAt('verify', () => controller.abort(new Error('told to stop'))),
  });
  await expect(stopped).rejects.toThrow('told to stop');
  expect(await hypertables(raw)).toEqual([]);
  expect(await content(raw)).toEqual(before);

  // The last table is not let go: nothing is committed before it is ended.
  const holder = await openRawClient(plain.url);
  await holder.query('BEGIN; SELECT count(*) FROM indicators');
  let killed: Promise<pg.QueryResult> | undefined;
  const kill = () => {
    killed = raw.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = database AND datname = current_database()
       WHERE mode = 'AccessExclusiveLock' AND relation = 'ohlcv_bars'::regclass AND pid <> pg_backend_pid()`,
    );
  };
  expect(await refusal(applyStorage(database.pool, { onProgress: stopAt('verify', kill) }))).toMatchObject({
    code: expect.stringMatching(/^(SERVER_SHUTTING_DOWN|DATABASE_UNREACHABLE)$/), // as it reads the server's last words or not
  });
  expect((await killed)?.rowCount).toBe(1);
  await holder.query('COMMIT');
  expect(await hypertables(raw)).toEqual([]);
  expect(await content(raw)).toEqual(before);

  expect(movedBars(await applyStorage(database.pool))).toMatchObject({ rows: 500, chunks: 21 });
  expect(await content(raw)).toEqual(before);
});

test('a writer that comes while bars move waits, and its bars are there', async () => {
  const plain = await createPlainDatabase();
  await fill(plain.ownerUrl, bars(500));
  const database = await openDatabase(plain.url);
  const store = await openStore({ databaseUrl: plain.ownerUrl });
  onTestFinished(() => store.close());
  const before = printBars(await store.bars.range(key)); // its connection has planned the plain table
  let [written, writing]: [boolean, Promise<unknown>] = [false, Promise.resolve()];
  await applyStorage(database.pool, {
    onProgress: ({ phase, done }) => {
      if (phase !== 'move' || done > 0) return expect(written).toBe(false);
      writing = store.bars.upsert(bars(10, 'AAPL', 500)).then((counts) => {
        written = true;
        return counts;
      });
    },
  });
  expect(await writing).toEqual({ inserted: 10, changed: 0, unchanged: 0 });
  const after = printBars(await store.bars.range(key));
  expect(after.slice(0, 500)).toEqual(before);
  expect(after).toHaveLength(510);
});

test('where others do not let go of the table, nothing is changed', async () => {
  const plain = await createPlainDatabase();
  const database = await openDatabase(plain.url);
  const raw = await openRawClient(plain.url);
  await raw.query('BEGIN; SELECT count(*) FROM ohlcv_bars');
  expect(await refusal(applyStorage(database.pool, { lockTimeout: 100 }))).toMatchObject({
    code: 'STORAGE_BUSY',
    message: 'other sessions use ohlcv_bars and did not let go: nothing was changed',
  });
  await raw.query('COMMIT');
  expect(await hypertables(raw)).toEqual([]);
});

test('who may not do it hears which statement an administrator must run', async () => {
  const plain = await createPlainDatabase();
  const raw = await openRawClient(plain.url);
  const asOwner = await openDatabase(plain.ownerUrl);
  expect(await refusal(applyStorage(asOwner.pool))).toEqual({
    code: 'TIMESCALE_NOT_ALLOWED',
    message: 'this role may not create the extension timescaledb',
    hint: 'an administrator runs CREATE EXTENSION timescaledb; in this database, and "wyckoff storage apply" does the rest',
  });
  await raw.query('CREATE EXTENSION timescaledb');
  await raw.query(`ALTER TABLE ohlcv_bars OWNER TO pg_monitor`);
  expect(await refusal(applyStorage(asOwner.pool))).toEqual({
    code: 'STORAGE_NOT_OWNER',
    message: 'ohlcv_bars belongs to pg_monitor, and only its owner can change how it is stored',
    hint: `run it as pg_monitor, or let an administrator run GRANT pg_monitor TO ${plain.owner};`,
  });
  const asSuperuser = await openDatabase(plain.url);
  expect(await refusal(applyStorage(asSuperuser.pool))).toMatchObject({
    code: 'STORAGE_OWNER_CANNOT_LOG_IN',
    hint: expect.stringContaining('ALTER ROLE pg_monitor LOGIN CONNECTION LIMIT 0;'),
  });
  await raw.query(`ALTER TABLE ohlcv_bars OWNER TO ${plain.owner}`);
  expect(await applyStorage(asOwner.pool)).toMatchObject({ layout: 'timescale' });
});

test('bars that would need more locks than the server has are not moved', async () => {
  const plain = await createPlainDatabase();
  const raw = await openRawClient(plain.url);
  const { rows } = await raw.query(
    "SELECT current_setting('max_locks_per_transaction')::int * current_setting('max_connections')::int AS capacity",
  );
  await raw.query(
    `INSERT INTO ohlcv_bars (symbol, timeframe, timestamp, open, high, low, close, volume, spread, spread_ratio, volume_ratio)
     SELECT 'AAPL', '1d', timestamptz '1960-01-01 00:00Z' + day * interval '1 day', 1, 1, 1, 1, 1, 0, 1, 1 FROM generate_series(0, $1) day`,
    [rows[0].capacity / 8],
  );
  const chunks = rows[0].capacity / 8 + 1;
  const database = await openDatabase(plain.url);
  expect(await refusal(applyStorage(database.pool))).toEqual({
    code: 'STORAGE_LOCKS_TOO_FEW',
    message: `ohlcv_bars would have ${chunks} chunks of 1 day, which need ${chunks * 4} locks in one transaction; the server has ${rows[0].capacity} for all`,
    hint: "an administrator runs ALTER SYSTEM SET max_locks_per_transaction = 1024; and restarts the server; or choose longer chunks with WYCKOFF_CHUNK_INTERVAL='30 days'",
  });
  expect(movedBars(await applyStorage(database.pool, { chunkInterval: '365 days' }))).toMatchObject({ rows: chunks });
});

test('what was applied half is completed, what a hand has changed is refused with the statement that mends it', async () => {
  const fresh = await createTestDatabase();
  onTestFinished(() => fresh.drop());
  const raw = await openRawClient(fresh.url);
  const database = await openDatabase(fresh.url);
  const asMigrated = await layoutOf(raw);
  await raw.query("SELECT remove_compression_policy('ohlcv_bars')");
  await raw.query('ALTER TABLE ohlcv_bars SET (timescaledb.compress = false)');
  await raw.query("SELECT delete_job(job_id) FROM timescaledb_information.jobs WHERE proc_name = 'bar_retention_job'");
  expect((await applyStorage(database.pool)).changes).toEqual([
    'mended: ohlcv_bars has no compression',
    'mended: nothing compresses the old chunks of ohlcv_bars',
    'mended: the job bar_retention_job, every 1 day, is missing',
  ]);
  expect(await layoutOf(raw)).toEqual(asMigrated);

  await raw.query("ALTER TABLE ohlcv_bars SET (timescaledb.compress_segmentby = 'symbol')");
  await raw.query('DROP INDEX idx_ohlcv_symbol_timeframe');
  const { code, message, hint } = await refusal(applyStorage(database.pool));
  expect([code, message]).toEqual([
    'STORAGE_CHANGED_BY_HAND',
    'ohlcv_bars lacks the unique index idx_ohlcv_symbol_timeframe, without which a row may be there twice; ' +
      'ohlcv_bars is compressed by segments of symbol in the order of timestamp DESC, not of symbol, timeframe in the order of timestamp DESC',
  ]);
  const statements = /runs (.*;) and/.exec(hint!)![1]!;
  await raw.query(statements);
  expect(await applyStorage(database.pool)).toMatchObject({ changes: [] });
  expect(await layoutOf(raw)).toEqual(asMigrated);
});

test('an extension of another version than the library is named, with the statement', async () => {
  const fresh = await createTestDatabase();
  onTestFinished(() => fresh.drop());
  const raw = await openRawClient(fresh.url);
  await raw.query("UPDATE pg_extension SET extversion = '2.19.0' WHERE extname = 'timescaledb'");
  expect(await refusal(openDatabase(fresh.url))).toEqual({
    code: 'SERVER_LIBRARY_MISSING',
    message: expect.stringContaining('timescaledb-2.19.0'),
    hint: expect.stringContaining('ALTER EXTENSION timescaledb UPDATE;'),
  });
});
