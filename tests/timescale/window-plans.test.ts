import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import type { Client } from '../../src/database/session.js';
import { BarRepository } from '../../src/repositories/bars/bar-repository.js';
import { dailyBar, weekdayBars } from '../setup/daily-bars.js';
import { openRawClient } from '../setup/raw-client.js';
import { createTestDatabase } from '../setup/test-database.js';

const SPRING = { symbol: 'AAPL', timeframe: '1d', from: '2024-03-01', to: '2024-06-01' } as const;
/** Its weekdays, each of which has a chunk. */
const DAYS = 66;

/** With two symbols from March on, and with one connection, so that everything is asked on the same one. */
async function openSpring(to = '2024-06-15') {
  const created = await createTestDatabase();
  const database = await Database.open(readConfig({ databaseUrl: created.url, maxConnections: 1, logLevel: 'silent' }));
  onTestFinished(async () => {
    await database.close();
    await created.drop();
  });
  const bars = new BarRepository(database.pool, { actor: 'test' });
  for (const symbol of ['AAPL', 'SPY']) await bars.upsert(weekdayBars(symbol, '2024-03-01', to));
  return { database, bars, raw: await openRawClient(created.url) };
}

/** The windows that the store's connection keeps a plan of, and how often each was used: with that plan, and planned for its values. */
async function keptPlans({ pool }: Database): Promise<{ generic: number; custom: number }[]> {
  const { rows } = await pool.pg.query(
    `SELECT generic_plans::int AS generic, custom_plans::int AS custom FROM pg_prepared_statements
     WHERE statement LIKE '%cache_inval_hypertable%' AND generic_plans > 0 ORDER BY prepare_time`,
  );
  return rows;
}

async function expectUsualSettings(client: Pick<Client, 'query'> | pg.Pool): Promise<void> {
  const { rows } = await client.query(
    `SELECT current_setting('plan_cache_mode') AS mode, current_setting('timescaledb.enable_chunk_append') AS chunk_append`,
  );
  expect(rows).toEqual([{ mode: 'force_custom_plan', chunk_append: 'on' }]);
}

/** What a connection finds that keeps no plans. */
async function truth(raw: pg.Client, { symbol, timeframe, from, to }: typeof SPRING): Promise<string[]> {
  const { rows } = await raw.query(
    `SELECT timestamp, close::float8, volume FROM ohlcv_bars
     WHERE symbol = $1 AND timeframe = $2 AND timestamp >= $3 AND timestamp < $4 ORDER BY timestamp`,
    [symbol, timeframe, from, to],
  );
  return rows.map((row) => `${row.timestamp.toISOString()} ${row.close} ${row.volume}`);
}

async function readSpring(bars: BarRepository): Promise<string[]> {
  const found = await bars.range(SPRING);
  return found.map(({ timestamp, close, volume }) => `${timestamp.toISOString()} ${close} ${volume}`);
}

/** The bars, read on one connection. */
function on(client: Client): BarRepository {
  return new BarRepository({ withClient: (use) => use(client), transaction: (use) => use(client) }, { actor: 'test' });
}

async function askOften(bars: BarRepository): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await bars.range(SPRING);
}

test('a window that is asked for the third time gets a plan, which serves all symbols and leaves the settings as they were', async () => {
  const { database, bars } = await openSpring();
  await bars.range(SPRING);
  await bars.range({ ...SPRING, symbol: 'SPY' });
  expect(await keptPlans(database)).toEqual([]);
  await bars.range(SPRING);
  await bars.range({ ...SPRING, symbol: 'SPY', from: '2024-03-04' });
  expect(await keptPlans(database)).toEqual([{ generic: 2, custom: 0 }]);
  await expectUsualSettings(database.pool.pg);
  await database.pool.transaction(async (client) => {
    await on(client).range(SPRING);
    await expectUsualSettings(client);
  });
  expect(await keptPlans(database)).toMatchObject([{ generic: 3, custom: 0 }]);
  await expectUsualSettings(database.pool.pg);
});

test('windows that touch few chunks are planned each time', async () => {
  const { database, bars } = await openSpring();
  for (let turn = 0; turn < 5; turn += 1) {
    await bars.range({ ...SPRING, from: '2024-03-04', to: '2024-03-22' });
    await bars.range({ ...SPRING, from: '2023-06-01', to: '2024-01-01' });
  }
  expect(await keptPlans(database)).toEqual([]);
});

test('whatever becomes of the chunks, the plan that is kept finds what there is', async () => {
  const { database, bars, raw } = await openSpring();
  await askOften(bars);
  const chunkOf = async (day: string) =>
    (
      await raw.query(
        "SELECT show_chunks('ohlcv_bars', older_than => $1::date + 1, newer_than => $1::date)::text AS chunk",
        [day],
      )
    ).rows[0].chunk as string;
  const march = await chunkOf('2024-03-05');
  const steps: Record<string, () => Promise<unknown>> = {
    'a new chunk': () => bars.upsert([dailyBar('AAPL', new Date('2024-03-09'), 501)]),
    'a chunk that is compressed': () => raw.query('SELECT compress_chunk($1)', [march]),
    'a bar that is added to it': () =>
      bars.upsert([
        { ...dailyBar('AAPL', new Date('2024-03-05T12:00:00Z'), 502), timeframe: '1h' },
        dailyBar('X', new Date('2024-03-05'), 1),
      ]),
    'a bar of the series that is changed in it': () => bars.upsert([dailyBar('AAPL', new Date('2024-03-05'), 503)]),
    'its compression again': () => raw.query('SELECT compress_chunk($1)', [march]),
    'a bar that is deleted from it': () => bars.delete({ ...SPRING, from: '2024-03-05', to: '2024-03-06' }),
    'a bar that is put there again': () => bars.upsert([dailyBar('AAPL', new Date('2024-03-05'), 504)]),
    'its decompression': () => raw.query('SELECT decompress_chunk($1)', [march]),
    'compression that deletes rows instead of truncating': async () => {
      await raw.query("SET timescaledb.compress_truncate_behaviour = 'truncate_disabled'");
      await raw.query('SELECT compress_chunk($1)', [await chunkOf('2024-04-05')]);
    },
    'compression of everything': () =>
      raw.query("SELECT compress_chunk(chunk, if_not_compressed => true) FROM show_chunks('ohlcv_bars') chunk"),
    'a late bar then': () =>
      bars.upsert([dailyBar('AAPL', new Date('2024-05-04'), 505), dailyBar('AAPL', new Date('2024-05-06'), 506)]),
    'decompression of everything': () =>
      raw.query("SELECT decompress_chunk(chunk, if_compressed => true) FROM show_chunks('ohlcv_bars') chunk"),
    'chunks that are dropped': () => raw.query("SELECT drop_chunks('ohlcv_bars', DATE '2024-03-04')"),
    statistics: () => raw.query('VACUUM ANALYZE ohlcv_bars'),
    'another index': () => raw.query('CREATE INDEX ON ohlcv_bars (symbol)'),
    'longer chunks in a table that takes its place': async () => {
      await raw.query(`
        BEGIN;
        CREATE TABLE longer (LIKE ohlcv_bars INCLUDING ALL);
        SELECT create_hypertable('longer', by_range('timestamp', INTERVAL '7 days'), create_default_indexes => false);
        INSERT INTO longer SELECT * FROM ohlcv_bars WHERE timestamp <> '2024-05-14';
        ALTER TABLE ohlcv_bars RENAME TO shorter;
        ALTER TABLE longer RENAME TO ohlcv_bars;
        COMMIT`);
    },
  };
  let before = await readSpring(bars);
  expect(before).toHaveLength(DAYS);
  for (const [what, step] of Object.entries(steps)) {
    const { generic } = (await keptPlans(database))[0]!;
    await step();
    const expected = await truth(raw, SPRING);
    expect(await readSpring(bars), what).toEqual(expected);
    expect(await readSpring(bars), what).toEqual(expected);
    expect(await keptPlans(database), what).toEqual([{ generic: generic + 2, custom: 0 }]);
    before = expected;
  }
  expect(before.at(0)).toContain('2024-03-04');
  expect(before.filter((bar) => bar.startsWith('2024-05-14'))).toEqual([]);
});

test('a read that is cancelled leaves the settings as they were, also where a transaction goes on', async () => {
  const { database, bars, raw } = await openSpring();
  await askOften(bars);
  const { rows } = await database.pool.pg.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const { pid } = rows[0]!;
  const cancelled = async (reading: Promise<unknown>) => {
    const failed = expect(reading).rejects.toThrow('canceling statement due to user request');
    const waiting = "SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'";
    while ((await raw.query(waiting, [pid])).rowCount === 0);
    await raw.query('SELECT pg_cancel_backend($1)', [pid]);
    await failed;
  };
  const lock = () => raw.query('BEGIN; LOCK TABLE ohlcv_bars IN ACCESS EXCLUSIVE MODE');
  await lock();
  await cancelled(bars.range(SPRING));
  await expectUsualSettings(database.pool.pg);
  await database.pool.transaction(async (client) => {
    await client.query('SAVEPOINT before');
    await cancelled(on(client).range(SPRING));
    await client.query('ROLLBACK TO SAVEPOINT before');
    await expectUsualSettings(client);
    await raw.query('ROLLBACK');
    expect(await on(client).range(SPRING)).toHaveLength(DAYS);
    await expectUsualSettings(client);
  });
  await expectUsualSettings(database.pool.pg);
  expect(await keptPlans(database)).toMatchObject([{ custom: 0 }]);
});

test('a new connection begins without plans', async () => {
  const { database, bars, raw } = await openSpring();
  await askOften(bars);
  const { rows } = await database.pool.pg.query('SELECT pg_backend_pid() AS pid');
  await raw.query('SELECT pg_terminate_backend($1, 5000)', [rows[0].pid]);
  await expect.poll(() => bars.range(SPRING).catch(() => []), { timeout: 30_000 }).toHaveLength(DAYS);
  expect(await keptPlans(database)).toEqual([]);
  await askOften(bars);
  expect(await keptPlans(database)).toMatchObject([{ custom: 0 }]);
});

test('plans of 2,000 chunks at most are kept, of the windows that came first', async () => {
  const { database, bars, raw } = await openSpring('2025-01-01');
  const months = Array.from({ length: 12 }, (_, index) => new Date(Date.UTC(2023, index, 1)));
  for (const from of months)
    for (let turn = 0; turn < 4; turn += 1) await bars.range({ ...SPRING, from, to: '2025-01-01' });
  // Each covers the 219 chunks that there are.
  expect(await keptPlans(database)).toEqual(Array.from({ length: 9 }, () => ({ generic: 2, custom: 0 })));
  expect(await readSpring(bars)).toEqual(await truth(raw, SPRING));
});
