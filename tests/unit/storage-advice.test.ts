import { expect, test } from 'vitest';
import { adviseHypertable, adviseJob } from '../../src/database/layouts/advice.js';
import { isOlder, judgeExtension } from '../../src/database/layouts/extension.js';
import { enoughLocks, hasRoom } from '../../src/database/layouts/locks.js';
import type { HypertableStatus } from '../../src/database/layouts/status.js';

const LOCKS = { capacity: 6400, perTransaction: 64, sessions: 100 };

function hypertable(change: Partial<HypertableStatus>): HypertableStatus {
  const chunks = change.chunks ?? 250;
  const rows = change.rows ?? 20_000 * chunks;
  return {
    ...{
      table: 'ohlcv_bars',
      rows,
      chunkInterval: '1 day',
      chunkSeconds: 86_400,
      chunks,
      compressedChunks: 0,
      otherChunks: 0,
    },
    ...{
      rowsPerChunk: Math.round(rows / chunks),
      bytes: rows * 200,
      bytesBeforeCompression: 0,
      bytesAfterCompression: 0,
    },
    ...{ oldest: null, newest: null, dueChunks: 0, dueBytes: 0, overdueChunks: 0, compressAfter: '7 days' },
    ...change,
  };
}

const commands = (change: Partial<HypertableStatus>) =>
  adviseHypertable(hypertable(change), LOCKS).map(({ command }) => command);

test.each([
  [
    'a few thousand bars a day',
    { rows: 250 * 2_000 },
    ["wyckoff storage rechunk --interval '7 days' --table ohlcv_bars"],
  ],
  ['a few bars a day', { rows: 250 * 3 }, ["wyckoff storage rechunk --interval '365 days' --table ohlcv_bars"]],
  ['as few, in few chunks', { chunks: 99, rows: 300 }, []],
  ['enough of them', {}, []],
  [
    'chunks of 7 GB',
    { chunks: 30, chunkSeconds: 7 * 86_400, chunkInterval: '7 days', bytes: 30 * 7 * 2 ** 30 },
    ["wyckoff storage rechunk --interval '1 day' --table ohlcv_bars"],
  ],
  [
    'the same, compressed',
    {
      chunks: 30,
      chunkSeconds: 7 * 86_400,
      chunkInterval: '7 days',
      bytes: 30 * 2 ** 27,
      bytesBeforeCompression: 30 * 7 * 2 ** 30,
      bytesAfterCompression: 30 * 2 ** 27,
    },
    ["wyckoff storage rechunk --interval '1 day' --table ohlcv_bars"],
  ],
  [
    'an interval that was set after most chunks were made',
    { rows: 250 * 2_000, otherChunks: 240, chunkInterval: '7 days', chunkSeconds: 7 * 86_400 },
    ["wyckoff storage rechunk --interval '7 days' --table ohlcv_bars"],
  ],
  ['chunks that wait', { overdueChunks: 3 }, ["wyckoff storage compress --older-than '7 days'"]],
  [
    'ten years of days',
    { chunks: 2_600 },
    ['ALTER SYSTEM SET max_locks_per_transaction = 256; -- and restart the server'],
  ],
  ['an empty table', { chunks: 0, rows: 0, rowsPerChunk: null }, []],
])('advice for %s', (_, change, expected) => {
  expect(commands(change)).toEqual(expected);
});

test('room for locks is half of the table, and the setting gives it', () => {
  expect([hasRoom(LOCKS, 800), hasRoom(LOCKS, 801)]).toEqual([true, false]);
  expect(enoughLocks(LOCKS, 801)).toBe('ALTER SYSTEM SET max_locks_per_transaction = 128;');
  expect(hasRoom({ ...LOCKS, capacity: 12_800 }, 801)).toBe(true);
});

test('a job that is off or failed', () => {
  const job = {
    id: 1001,
    job: 'bar_retention_job',
    table: null,
    every: '1 day',
    lastRun: null,
    nextRun: null,
    failures: 2,
  };
  expect(adviseJob({ ...job, enabled: true, lastStatus: 'Success' })).toEqual([]);
  expect(adviseJob({ ...job, enabled: true, lastStatus: 'Failed' })).toMatchObject([
    { what: 'the last run of the job bar_retention_job failed (2 of its runs have)' },
  ]);
  expect(adviseJob({ ...job, enabled: false, lastStatus: null })).toMatchObject([
    { command: 'SELECT alter_job(1001, scheduled => true);' },
  ]);
});

test.each([
  ['2.18.0', '2.18.1', true],
  ['2.18.1', '2.18.1', false],
  ['2.9.3', '2.18.1', true],
  ['2.28.3', '2.18.1', false],
  ['2.18.1-dev', '2.18.1', false],
  ['3.0', '2.18.1', false],
])('%s is older than %s: %s', (version, other, older) => {
  expect(isOlder(version, other)).toBe(older);
});

const ready = {
  ...{ available: '2.28.3', installed: '2.28.3', schema: 'public', preloaded: true, license: 'timescale' },
  libraries: 'timescaledb',
};

test('an extension that can be used', () => {
  expect(judgeExtension(ready)).toEqual({ state: 'ready', installed: '2.28.3', available: '2.28.3' });
  expect(judgeExtension({ ...ready, available: null, installed: null, schema: null })).toEqual({ state: 'absent' });
  expect(judgeExtension({ ...ready, installed: null, schema: null })).toEqual({
    state: 'ready',
    installed: undefined,
    available: '2.28.3',
  });
});

test.each([
  [
    'not preloaded',
    { preloaded: false, libraries: 'pg_stat_statements' },
    'TIMESCALE_NOT_PRELOADED',
    'an administrator runs ALTER SYSTEM SET shared_preload_libraries = pg_stat_statements, timescaledb; and restarts the server',
  ],
  [
    'not preloaded, by one who may not read the setting',
    { preloaded: false, libraries: null },
    'TIMESCALE_NOT_PRELOADED',
    'an administrator runs ALTER SYSTEM SET shared_preload_libraries = (what SHOW shared_preload_libraries says to an administrator), timescaledb; and restarts the server',
  ],
  [
    'the only library to preload',
    { preloaded: false, libraries: '' },
    'TIMESCALE_NOT_PRELOADED',
    'an administrator runs ALTER SYSTEM SET shared_preload_libraries = timescaledb; and restarts the server',
  ],
  [
    'in the database and not on the server',
    { available: null, preloaded: false },
    'TIMESCALE_MISSING',
    'an administrator installs TimescaleDB 2.28.3 on the server, adds timescaledb to shared_preload_libraries, and restarts it',
  ],
  [
    'where the store does not find it',
    { schema: 'extensions' },
    'TIMESCALE_OTHER_SCHEMA',
    'an administrator runs DROP EXTENSION timescaledb; CREATE EXTENSION timescaledb SCHEMA public; in this database, where nothing is stored in hypertables yet',
  ],
  [
    'under the other license',
    { license: 'apache' },
    'TIMESCALE_LICENSE',
    expect.stringContaining("ALTER SYSTEM SET timescaledb.license = 'timescale';"),
  ],
  [
    'too old in the database',
    { installed: '2.17.2' },
    'TIMESCALE_TOO_OLD',
    'an administrator runs ALTER EXTENSION timescaledb UPDATE; in this database, as the first statement of a new session (psql -X)',
  ],
  [
    'too old on the server',
    { available: '2.17.2', installed: null },
    'TIMESCALE_TOO_OLD',
    'an administrator installs TimescaleDB 2.18.1 or newer on the server and restarts it',
  ],
])('an extension that is %s', (_, change, code, hint) => {
  const judged = judgeExtension({ ...ready, ...change });
  expect(judged).toMatchObject({ state: 'unusable', error: { code, hint } });
});
