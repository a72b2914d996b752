import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../src/database/database.js';
import { applyStorage } from '../../src/database/layouts/apply.js';
import { HYPERTABLES } from '../../src/database/layouts/hypertables.js';
import { readStorageStatus } from '../../src/database/layouts/read-status.js';
import { openStore, type WyckoffError } from '../../src/index.js';
import { deploy, open } from '../setup/commands.js';
import { openRawClient } from '../setup/raw-client.js';
import { createTestDatabase } from '../setup/test-database.js';
import { layoutOf } from './layout-of.js';
import { openDatabase } from './storage-database.js';

interface Subject {
  readonly url: string;
  readonly raw: pg.Client;
  readonly database: Database;
  /** Before anybody changed something. */
  readonly layout: unknown;
}

async function createSubject(): Promise<Subject> {
  const created = await createTestDatabase();
  onTestFinished(() => created.drop());
  const raw = await openRawClient(created.url);
  const layout = await layoutOf(raw);
  const store = await openStore({ databaseUrl: created.url });
  await store.bars.upsert(
    Array.from({ length: 30 }, (_, day) => ({
      ...({ symbol: 'AAPL', timeframe: '1d', timestamp: new Date(Date.UTC(2024, 0, 1 + day)) } as const),
      ...{ open: 1, high: 2, low: 1, close: 2, volume: day },
    })),
  );
  await store.close();
  await raw.query("SELECT compress_chunk(chunk) FROM show_chunks('ohlcv_bars') AS chunk LIMIT 10");
  return { url: created.url, raw, database: await openDatabase(created.url), layout };
}

async function advice(database: Database): Promise<string[]> {
  const { advice: found } = await database.pool.withClient(readStorageStatus);
  return found
    .filter(({ what }) => !/should have been compressed$/.test(what))
    .map(({ what, command }) => `${what}: ${command}`);
}

async function refusal(attempt: Promise<unknown>): Promise<WyckoffError> {
  return attempt.then(
    () => expect.fail('it was done'),
    (reason: WyckoffError) => reason,
  );
}

/** Whatever a hand has done, migrating changes nothing of it and the store opens. */
async function expectMigratesAndOpens({ url, database }: Subject): Promise<void> {
  expect(await deploy(url)).toEqual({ code: 0, output: 'applied 0\n' });
  expect(await database.migrate()).toEqual([]);
  expect(await open(url)).toBe('timescale');
  const store = await openStore({ databaseUrl: url });
  expect(await store.bars.range({ symbol: 'AAPL', timeframe: '1d' })).toHaveLength(30);
  await store.close();
}

test.each([
  [
    'the unique index is gone',
    ['DROP INDEX idx_ohlcv_symbol_timeframe'],
    /^ohlcv_bars lacks the unique index idx_ohlcv_symbol_timeframe/,
  ],
  [
    'chunks are compressed by other segments',
    ["ALTER TABLE ohlcv_bars SET (timescaledb.compress_segmentby = 'symbol')"],
    /^ohlcv_bars is compressed by segments of symbol in the order of timestamp DESC, not of symbol, timeframe/,
  ],
  [
    'chunks are dropped behind the catalog',
    ["SELECT add_retention_policy('ohlcv_bars', INTERVAL '100 years')"],
    /^a retention policy of TimescaleDB drops chunks of ohlcv_bars, and the catalog still counts what was in them/,
  ],
  [
    'chunks are cut by the symbol, too',
    // With rows in it a table takes no further dimension.
    [
      "SELECT decompress_chunk(chunk, true) FROM show_chunks('ohlcv_bars') AS chunk",
      'CREATE TEMPORARY TABLE kept AS SELECT * FROM ohlcv_bars; TRUNCATE ohlcv_bars',
      "SELECT add_dimension('ohlcv_bars', by_hash('symbol', 4))",
      'INSERT INTO ohlcv_bars SELECT * FROM kept',
    ],
    /^ohlcv_bars is cut into chunks by something else than timestamp alone/,
  ],
  [
    'order books are cut by the symbol, too',
    ["SELECT add_dimension('order_book_snapshots', by_hash('symbol', 4))"],
    /^order_book_snapshots is cut into chunks by something else than timestamp alone/,
  ],
])('%s: it is named, apply changes nothing, and the statement mends it', async (_, damage, what) => {
  const subject = await createSubject();
  const { raw, database, layout } = subject;
  const { rows: bars } = await raw.query('SELECT * FROM ohlcv_bars');
  for (const statement of damage) await raw.query(statement);
  const damaged = await layoutOf(raw);
  expect(damaged).not.toEqual(layout);

  await expectMigratesAndOpens(subject);
  const [told, ...more] = await advice(database);
  expect(told).toMatch(what);
  expect(more).toEqual([]);
  const { code, message, hint } = await refusal(applyStorage(database.pool));
  expect(code).toBe('STORAGE_CHANGED_BY_HAND');
  expect(message).toMatch(what);
  expect(await layoutOf(raw)).toEqual(damaged);

  const [, statements] = /^the owner of the table runs (.*) and "wyckoff storage apply" goes on$/.exec(hint!)!;
  expect(told).toBe(`${message}: ${statements}`);
  await raw.query(statements!);
  await applyStorage(database.pool);
  expect(await layoutOf(raw)).toEqual(layout);
  expect((await raw.query('SELECT * FROM ohlcv_bars ORDER BY timestamp')).rows).toEqual(
    bars.sort((left, right) => left.timestamp - right.timestamp),
  );
  expect(await advice(database)).toEqual([]);
});

test('what somebody adds is named, or kept, and nothing is refused over it', async () => {
  const subject = await createSubject();
  const { raw, database, layout } = subject;
  await raw.query('ALTER TABLE ohlcv_bars ADD COLUMN note text');
  await raw.query("SELECT set_chunk_time_interval('ohlcv_bars', INTERVAL '7 days')");
  await raw.query(`CREATE MATERIALIZED VIEW highs WITH (timescaledb.continuous) AS
    SELECT symbol, time_bucket('7 days', timestamp) AS week, max(high) AS high FROM ohlcv_bars GROUP BY 1, 2 WITH NO DATA`);
  await expectMigratesAndOpens(subject);
  expect(await applyStorage(database.pool)).toMatchObject({ changes: [], moved: [] });
  expect(await advice(database)).toEqual([
    "30 of ohlcv_bars's 30 chunks are not of 7 days, as new ones are: wyckoff storage rechunk --interval '7 days' --table ohlcv_bars",
    "public.highs is a continuous aggregate of ohlcv_bars that is not the store's: it makes every write cost more, and keeps what " +
      'retention removes: DROP MATERIALIZED VIEW public.highs;',
  ]);
  const { hypertables } = await database.pool.withClient(readStorageStatus);
  expect(hypertables.find(({ table }) => table === 'ohlcv_bars')).toMatchObject({
    chunkInterval: '7 days',
    chunks: 30,
  });
  await raw.query('DROP MATERIALIZED VIEW public.highs');
  await raw.query('ALTER TABLE ohlcv_bars DROP COLUMN note');
  expect(await applyStorage(database.pool, { chunkInterval: '1 day' })).toMatchObject({
    changes: expect.arrayContaining(['new chunks of ohlcv_bars are of 1 day now; those that are there stay of 7 days']),
  });
  expect(await layoutOf(raw)).toEqual(layout);
});

test('a layout that was applied half is named in each of its parts, and completed', async () => {
  const subject = await createSubject();
  const { raw, database, layout } = subject;
  // Two tables plain again, one without compression, one without its policy, the job of retention gone.
  for (const table of ['quotes', 'indicators']) {
    const { name, definition } = HYPERTABLES.find((design) => design.table === table)!.uniqueIndex;
    await raw.query(`CREATE TABLE plain (LIKE ${table} INCLUDING ALL EXCLUDING INDEXES); DROP TABLE ${table}; ALTER TABLE plain RENAME TO ${table};
      CREATE UNIQUE INDEX ${name} ON ${table} ${definition}; ALTER TABLE ${table} REPLICA IDENTITY USING INDEX ${name}`);
  }
  await raw.query("SELECT remove_compression_policy('trades')");
  await raw.query('ALTER TABLE trades SET (timescaledb.compress = false)');
  await raw.query("SELECT remove_compression_policy('ohlcv_bars')");
  await raw.query("SELECT delete_job(job_id) FROM timescaledb_information.jobs WHERE proc_name = 'bar_retention_job'");
  await raw.query('DROP MATERIALIZED VIEW ohlcv_1d');
  await expectMigratesAndOpens(subject);
  expect(await advice(database)).toEqual([
    'nothing compresses the old chunks of ohlcv_bars: wyckoff storage apply',
    'trades has no compression: wyckoff storage apply',
    'nothing compresses the old chunks of trades: wyckoff storage apply',
    'quotes is a plain table, though TimescaleDB is there: wyckoff storage apply',
    'indicators is a plain table, though TimescaleDB is there: wyckoff storage apply',
    'the continuous aggregate ohlcv_1d is missing: wyckoff storage apply',
    'the job bar_retention_job, every 1 day, is missing: wyckoff storage apply',
  ]);
  expect(await applyStorage(database.pool)).toMatchObject({
    moved: [
      { table: 'quotes', rows: 0 },
      { table: 'indicators', rows: 0 },
    ],
  });
  expect(await layoutOf(raw)).toEqual(layout);
  expect(await advice(database)).toEqual([]);
  expect(await applyStorage(database.pool)).toMatchObject({ changes: [], moved: [] });
});
