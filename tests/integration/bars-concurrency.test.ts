import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type pg from 'pg';
import { expect, test } from 'vitest';
import { type BarInput, ConnectionError, type Store } from '../../src/index.js';
import { instantOf } from '../setup/bar-arbitraries.js';
import { BarModel, printBars } from '../setup/bar-model.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';
import { randomBars, randomNumbers } from './bars-workload.js';

/** Ratios and catalog against a recomputation from the stored bars; answers how many bars there are. */
async function expectSound(store: Store, raw: pg.Client): Promise<number> {
  const { rows } = await raw.query('SELECT DISTINCT symbol, timeframe FROM ohlcv_bars');
  const catalog = await store.bars.series();
  expect(catalog).toHaveLength(rows.length);
  for (const series of catalog) {
    const bars = await store.bars.range(series);
    const model = new BarModel(series.symbol, series.timeframe);
    model.upsert(bars);
    expect(printBars(bars)).toEqual(model.rows);
    expect({ first: series.first, last: series.last, count: series.count }).toEqual(model.catalog);
  }
  // A bar's revisions and its present values follow one another: no two were true at once.
  const { rows: overlaps } = await raw.query(`
    SELECT symbol, timestamp FROM (
      SELECT *, lead(known_from) OVER (PARTITION BY symbol, timeframe, timestamp ORDER BY known_from) AS next FROM (
        SELECT symbol, timeframe, timestamp, known_from, known_until FROM ohlcv_bar_revisions
        UNION ALL SELECT symbol, timeframe, timestamp, created_at, 'infinity' FROM ohlcv_bars) known) timeline
    WHERE next < known_until`);
  expect(overlaps).toEqual([]);
  return catalog.reduce((sum, series) => sum + series.count, 0);
}

test('eight workers upsert, stream and delete overlapping series at once: nothing lost, doubled or wrong', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  const total = { inserted: 0, changed: 0, unchanged: 0, deleted: 0, given: 0 };
  const upsert = async (bars: BarInput[] | Generator<BarInput>, given: number) => {
    const counts = await store.bars.upsert(bars);
    total.inserted += counts.inserted;
    total.changed += counts.changed;
    total.unchanged += counts.unchanged;
    total.given += given;
  };
  /** More bars than a batch, of the series that the others write too. */
  function* stream(offset: number): Generator<BarInput> {
    for (let index = 0; index < 20_500; index += 1) {
      const symbol = index % 2 ? 'A' : 'C';
      const timestamp = instantOf((((index >> 1) * 7_919) % 10_250) * 5);
      yield { symbol, timeframe: '5m', timestamp, open: 1, high: 1 + offset, low: 1, close: 1, volume: offset };
    }
  }
  const worker = async (seed: number) => {
    const random = randomNumbers(seed);
    for (let round = 0; round < 5; round += 1) {
      await upsert(randomBars(random, 40, round), 40);
      if (round % 2 === 1) {
        const [symbol, from] = ['ABCD'[random(4)]!, random(150)];
        const window = { symbol, timeframe: '1m', from: instantOf(from * 5), to: instantOf((from + 20) * 5) } as const;
        const deleted = await store.bars.delete(window);
        total.deleted += deleted;
      }
      if (seed <= 2 && round === 3) await upsert(stream(seed), 20_500);
    }
  };
  await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(worker));
  expect(await expectSound(store, raw)).toBe(total.inserted - total.deleted);
  expect(total.inserted + total.changed + total.unchanged).toBe(total.given);
  const { rows } = await raw.query(
    'SELECT reason, count(*)::int AS count FROM ohlcv_bar_revisions GROUP BY reason ORDER BY reason',
  );
  expect(rows).toEqual([
    { reason: 'change', count: total.changed },
    { reason: 'delete', count: total.deleted },
  ]);
  expect(total.deleted).toBeGreaterThan(0);
});

test('two processes write the same series at once', async () => {
  const { store, url } = await openTestStore();
  const writer = fileURLToPath(new URL('./bars-writer.ts', import.meta.url));
  const run = (seed: string) => promisify(execFile)(process.execPath, ['--import', 'tsx', writer, url, seed]);
  const answers = (await Promise.all([run('1'), run('2')])).map(({ stdout }) => JSON.parse(stdout));
  const raw = await openRawClient(url);
  expect(await expectSound(store, raw)).toBe(answers[0].inserted + answers[1].inserted);
  const { rows } = await raw.query('SELECT count(*)::int AS count FROM ohlcv_bar_revisions');
  expect(rows).toEqual([{ count: answers[0].changed + answers[1].changed }]);
});

const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'wyckoff-store'`;

function bars(count: number): BarInput[] {
  return Array.from({ length: count }, (_, slot) => {
    return {
      symbol: 'AAPL',
      timeframe: '1m',
      timestamp: instantOf(slot),
      open: 1,
      high: 2,
      low: 1,
      close: 1,
      volume: 1,
    };
  });
}

/** Waits until a statement of the store waits for a lock of ours. */
async function untilBlocked(raw: pg.Client): Promise<void> {
  const waiting = `SELECT FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database() AND application_name = 'wyckoff-store'`;
  while ((await raw.query(waiting)).rowCount === 0);
}

test('a connection that is killed in the middle of a write leaves nothing half-written, and the pool goes on', async () => {
  const { store, url } = await openTestStore({ maxConnections: 1, logLevel: 'silent' });
  const raw = await openRawClient(url);
  await store.bars.upsert(bars(10));
  const failure = (running: Promise<unknown>) =>
    running.then(
      () => 'nothing was thrown',
      (thrown) => thrown,
    );
  // While the write, and then its COPY, waits for a lock.
  for (const lock of ['SELECT FROM bar_series FOR UPDATE', 'LOCK TABLE ohlcv_bars IN SHARE MODE']) {
    await raw.query('BEGIN');
    await raw.query(lock);
    const writing = failure(store.bars.upsert(bars(20_000)));
    await untilBlocked(raw);
    await raw.query(terminate);
    await raw.query('COMMIT');
    expect(await writing).toBeInstanceOf(ConnectionError);
    expect(await store.bars.count({ symbol: 'AAPL', timeframe: '1m' })).toBe(10);
  }
  // In the middle of a stream.
  async function* killing() {
    yield* bars(25_000);
    await raw.query(terminate);
    yield* bars(50_000).slice(25_000);
  }
  expect(await failure(store.bars.upsert(killing()))).toBeInstanceOf(ConnectionError);
  expect(await expectSound(store, raw)).toBe(10);
  // A COPY out, likewise.
  await raw.query('BEGIN');
  await raw.query('LOCK TABLE ohlcv_bars IN ACCESS EXCLUSIVE MODE');
  const reading = failure(store.bars.columns({ symbol: 'AAPL', timeframe: '1m' }));
  await untilBlocked(raw);
  await raw.query(terminate);
  await raw.query('COMMIT');
  expect(await reading).toBeInstanceOf(ConnectionError);
  expect(await store.bars.upsert(bars(20_000))).toEqual({ inserted: 19_990, changed: 0, unchanged: 10 });
  expect(await expectSound(store, raw)).toBe(20_000);
});
