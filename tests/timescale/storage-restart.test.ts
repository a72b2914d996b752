import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { applyStorage } from '../../src/database/layouts/apply.js';
import { compressChunks } from '../../src/database/layouts/compress.js';
import { type BarInput, openStore } from '../../src/index.js';
import { printBars } from '../setup/bar-model.js';
import { deploy } from '../setup/commands.js';
import { soundRange } from '../setup/ledger-inputs.js';
import { untilSessions } from '../setup/other-sessions.js';
import { openRawClient } from '../setup/raw-client.js';
import type { TemporaryCluster } from '../setup/temporary-cluster.js';
import { createTestDatabase } from '../setup/test-database.js';
import { createTimescaleCluster, SETTINGS } from '../setup/timescale-server.js';
import { WYCKOFF } from '../setup/wyckoff-program.js';
import { createPlainDatabase, openDatabase } from './storage-database.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PATIENTLY = { timeout: 120_000 };
const KEY = { symbol: 'AAPL', timeframe: '1h' } as const;

function bars(count: number, close = 2): BarInput[] {
  return Array.from({ length: count }, (_, hour) => ({
    ...{ ...KEY, timestamp: new Date(Date.UTC(2024, 0, 1, hour)), volume: hour },
    ...{ open: 1, high: 2, low: 1, close },
  }));
}

let cluster: TemporaryCluster;

beforeAll(async () => {
  cluster = await createTimescaleCluster();
});

afterAll(() => cluster.remove());

/** As a crash: the server recovers from its log when it is started again. */
async function crash(): Promise<void> {
  await cluster.runAsServer('pg_ctl', '-D', cluster.dataDirectory, '-m', 'immediate', 'stop');
}

test('a server that crashes while bars move has what it had, and the next apply does it', async () => {
  await cluster.start([...SETTINGS, 'shared_preload_libraries=']);
  const url = cluster.url();
  expect(await deploy(url)).toMatchObject({ code: 0 });
  await cluster.stop();
  await cluster.start(SETTINGS);
  const store = await openStore({ databaseUrl: url });
  onTestFinished(() => store.close());
  await store.bars.upsert(bars(500));
  const before = printBars(await store.bars.range(KEY));
  const database = await openDatabase(url);
  // The last table is not let go: nothing is committed before the crash.
  const holder = await openRawClient(url);
  await holder.query('BEGIN; SELECT count(*) FROM indicators');
  let crashing: Promise<void> | undefined;
  const applying = applyStorage(database.pool, {
    onProgress: ({ table, phase }) => {
      if (table === 'ohlcv_bars' && phase === 'verify') crashing ??= crash();
    },
  });
  await expect(applying).rejects.toMatchObject({ name: 'ConnectionError' });
  await crashing;
  await cluster.start(SETTINGS);
  expect(printBars(await store.bars.range(KEY))).toEqual(before);
  const raw = await openRawClient(url);
  expect((await raw.query("SELECT to_regclass('timescaledb_information.hypertables') AS extension")).rows).toEqual([
    { extension: null },
  ]);
  expect(await applyStorage(database.pool)).toMatchObject({ layout: 'timescale' });
  expect(printBars(await store.bars.range(KEY))).toEqual(before);
});

test('a compress whose process is killed leaves whole chunks, and the next one goes on from there', async () => {
  const created = await createTestDatabase();
  onTestFinished(() => created.drop());
  const store = await openStore({ databaseUrl: created.url });
  onTestFinished(() => store.close());
  await store.bars.upsert(bars(20 * 24));
  const before = printBars(await store.bars.range(KEY));
  const raw = await openRawClient(created.url);
  const { rows: chunks } = await raw.query(
    `SELECT format('%I.%I', chunk_schema, chunk_name) AS chunk FROM timescaledb_information.chunks
     WHERE hypertable_name = 'ohlcv_bars' ORDER BY range_start`,
  );
  await raw.query(`BEGIN; LOCK TABLE ${chunks[9].chunk} IN SHARE MODE`); // as a long read: its size may be asked for
  const watcher = await openRawClient(created.url);
  const compressed = async () => {
    const { rows } = await watcher.query(
      "SELECT count(*)::int AS count FROM timescaledb_information.chunks WHERE hypertable_name = 'ohlcv_bars' AND is_compressed",
    );
    return rows[0].count;
  };
  const child = spawn(process.execPath, [...WYCKOFF, 'storage', 'compress'], {
    cwd: ROOT,
    env: { ...process.env, WYCKOFF_DATABASE_URL: created.url },
    stdio: 'ignore',
  });
  const sessions = async (waiting: string) => {
    const { rows } = await watcher.query(
      `SELECT count(*)::int AS sessions FROM pg_stat_activity
       WHERE datname = current_database() AND query LIKE 'SELECT compress_chunk%' AND ${waiting}`,
    );
    return rows[0].sessions;
  };
  await expect.poll(() => sessions("wait_event_type = 'Lock'"), PATIENTLY).toBe(1);
  expect(await compressed()).toBe(9);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await raw.query('COMMIT');
  // The session may yet end the statement that it was at.
  await expect.poll(() => sessions('true'), PATIENTLY).toBe(0);
  const done = await compressed();
  expect([9, 10]).toContain(done);
  expect(printBars(await store.bars.range(KEY))).toEqual(before);
  const database = await openDatabase(created.url);
  const [report] = await compressChunks(database, 'compress');
  expect(report).toMatchObject({ table: 'ohlcv_bars', chunks: 20 - done });
  expect(await compressed()).toBe(20);
  expect(printBars(await store.bars.range(KEY))).toEqual(before);
});

test('while it is at work the ledger and its audit trail go on, and are not touched', async () => {
  const plain = await createPlainDatabase();
  const store = await openStore({ databaseUrl: plain.ownerUrl });
  onTestFinished(() => store.close());
  const raw = await openRawClient(plain.url);
  const holder = await openRawClient(plain.url);
  const files = async () => {
    const { rows } = await raw.query(
      "SELECT relname, relfilenode FROM pg_class WHERE relname ~ '^(audit|pattern|signal|campaign|trading|backtest)' AND relkind = 'r' ORDER BY 1",
    );
    return rows;
  };
  const before = await files();
  expect(before.length).toBeGreaterThan(5);
  await holder.query('BEGIN; SELECT count(*) FROM indicators');
  const database = await openDatabase(plain.url);
  const applying = applyStorage(database.pool, { lockTimeout: 120_000 });
  const locks = async () => {
    const { rows } = await raw.query(
      `SELECT DISTINCT relation::regclass::text AS relation FROM pg_locks
       WHERE mode = 'AccessExclusiveLock' AND granted AND relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    return rows.map(({ relation }) => relation).sort();
  };
  await expect.poll(locks, PATIENTLY).toEqual(['ohlcv_bars', 'order_book_snapshots', 'quotes', 'trades']);
  const { id } = await store.tradingRanges.create(soundRange());
  expect((await store.audit.byEntity('TRADING_RANGE', id)).rows).toHaveLength(1);
  expect((await store.audit.verify()).problems).toEqual([]);
  await holder.query('COMMIT');
  expect(await applying).toMatchObject({ layout: 'timescale' });
  expect(await files()).toEqual(before);
  expect((await store.audit.verify()).problems).toEqual([]);
});

test('a store that was open takes the new layout up with its next connection, and is told to where it must', async () => {
  const plain = await createPlainDatabase();
  const raw = await openRawClient(plain.url);
  await raw.query(`ALTER DATABASE ${plain.name} SET timescaledb.max_tuples_decompressed_per_dml_transaction = 5`);
  const store = await openStore({ databaseUrl: plain.ownerUrl, maxConnections: 1 });
  onTestFinished(() => store.close());
  await store.bars.upsert(bars(100));
  expect(store.layout).toBe('plain');
  const database = await openDatabase(plain.url);
  await untilSessions(raw, 2); // beside those that it was migrated on
  const { earlierSessions } = await applyStorage(database.pool);
  expect(earlierSessions).toBe(2); // the store's and `raw`
  await raw.query("SELECT compress_chunk(show_chunks('ohlcv_bars'))");
  expect(printBars(await store.bars.range(KEY))).toHaveLength(100);
  await expect(store.bars.upsert(bars(100, 1))).rejects.toMatchObject({
    code: 'SESSION_OUTDATED',
    hint: 'try again on a new connection: this one was opened before "wyckoff storage apply" made hypertables',
  });
  expect(await store.bars.upsert(bars(100, 1))).toEqual({ inserted: 0, changed: 100, unchanged: 0 });
  expect(store.layout).toBe('timescale');
});
