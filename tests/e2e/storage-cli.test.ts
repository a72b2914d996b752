/** `wyckoff storage`, compiled, on a temporary cluster with TimescaleDB and on the embedded server. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/index.js';
import { administer } from '../setup/template.js';
import { timescaleBinaries } from '../setup/timescale-binaries.js';
import { openTimescaleServer, type TimescaleServer } from '../setup/timescale-server.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const DAY = 86_400_000;
const today = Math.floor(Date.now() / DAY) * DAY;
const TABLES = ['ohlcv_bars', 'trades', 'quotes', 'order_book_snapshots', 'indicators'];
const available = Boolean(process.env.WYCKOFF_TEST_TIMESCALE_URL) || timescaleBinaries() !== undefined;

interface Result {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

let directory: string;
let url: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wyckoff-storage-cli-'));
  await chmod(directory, 0o711); // as root, the server runs as another user, who must get through
});

afterAll(() => rm(directory, { recursive: true, force: true }));

function start(environment: Record<string, string>, args: readonly string[]) {
  const env = { PATH: process.env.PATH, WYCKOFF_DATABASE_URL: url, ...environment };
  return spawn(process.execPath, [MAIN, ...args], { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function wyckoffWith(environment: Record<string, string>, ...args: string[]): Promise<Result> {
  const child = start(environment, args);
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, output, errors };
}

const storage = (...args: string[]) => wyckoffWith({}, 'storage', ...args);

async function json(...args: string[]) {
  const { code, output, errors } = await storage(...args, '--json');
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  return JSON.parse(output);
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A bar of each hour and a trade of each day, from so many days ago until yesterday. */
async function fill(days: number): Promise<void> {
  const store = await openStore({ databaseUrl: url });
  try {
    await store.bars.upsert(
      Array.from({ length: days * 24 }, (_, hour) => ({
        ...{ symbol: 'AAPL', timeframe: '1h' as const, open: 1, high: 2, low: 1, close: 2, volume: hour },
        timestamp: new Date(today - days * DAY + hour * 3_600_000),
      })),
    );
    await store.trades.upsert(
      Array.from({ length: days }, (_, day) => ({
        ...{ symbol: 'BTCUSDT', timestamp: new Date(today - days * DAY + day * DAY), price: '1.5', size: 1 },
      })),
    );
  } finally {
    await store.close();
  }
}

const content = () =>
  query("SELECT count(*)::int AS count, md5(string_agg(b::text, ',' ORDER BY timestamp)) AS md5 FROM ohlcv_bars b");

/** On either layout: 30 days of bars and trades are there, and retention is off. */
async function exerciseRetention(): Promise<void> {
  const off = { keep: null, setBy: null, setAt: null, cutoff: null, series: 0, rows: 0, lastRemoval: null };
  expect(await json('retention', 'show')).toEqual({ tables: TABLES.map((table) => ({ table, ...off })) });
  expect(await storage('retention', 'show')).toEqual({
    ...{ code: 0, errors: '', output: TABLES.map((table) => `${table}: kept for ever.\n`).join('') },
  });
  expect((await storage('retention', 'run')).output).toBe(
    'Retention is off: everything is kept for ever. "wyckoff storage retention set" sets it.\n',
  );
  const before = (days: number) => new Date(today - days * DAY).toISOString().slice(0, 10);
  const set = await storage('retention', 'set', '20 days');
  expect(set).toMatchObject({ code: 0, errors: '' });
  expect(set.output).toBe(
    `ohlcv_bars: kept for 20 days, set by wyckoff-store on ${before(0)}.\n` +
      `  A run now removes what is before ${before(20)}T00:00:00Z: 240 rows of 1 series.\n`,
  );
  expect(await json('retention', 'set', '25 days', '--table', 'trades')).toMatchObject({
    ...{ table: 'trades', keep: '25 days', setBy: 'wyckoff-store', series: 1, rows: 5 },
  });
  expect((await storage('status')).output).toContain(
    'ohlcv_bars: retention keeps 20 days; the next run removes 240 rows of 1 series\n' +
      'trades: retention keeps 25 days; the next run removes 5 rows of 1 series\n',
  );
  const run = await storage('retention', 'run', '--table', 'trades');
  expect(run).toEqual({
    ...{ code: 0, output: 'trades BTCUSDT: 5 rows removed\n' },
    errors: `trades: removed what was before ${before(25)}T00:00:00Z\n`,
  });
  expect(await json('retention', 'run')).toEqual({
    tables: [
      {
        table: 'ohlcv_bars',
        series: [{ symbol: 'AAPL', timeframe: '1h', name: '', rows: 240, revisions: 0 }],
      },
      { table: 'trades', series: [] },
    ],
  });
  expect((await storage('retention', 'run')).output).toBe(
    'ohlcv_bars: nothing was that old, nothing was removed.\ntrades: nothing was that old, nothing was removed.\n',
  );
  expect((await storage('retention', 'show', '--table', 'trades')).output).toBe(
    `trades: kept for 25 days, set by wyckoff-store on ${before(0)}. Rows were removed last on ${before(0)}.\n` +
      `  A run now removes what is before ${before(25)}T00:00:00Z: 0 rows of 0 series.\n`,
  );
  expect(await query('SELECT event_type FROM audit_trail ORDER BY timestamp')).toEqual([
    { event_type: 'TIME_SERIES_ROWS_RETAINED' },
    { event_type: 'BARS_RETAINED' },
  ]);
  expect((await storage('retention', 'set', 'forever')).output).toMatch(/^ohlcv_bars: kept for ever\. Rows were/);
  expect(await json('retention', 'set', 'Forever', '--table', 'trades')).toMatchObject({ keep: null });
  for (const [args, code] of [
    [['a while'], 'INTERVAL_INVALID'],
    [['1 hour'], 'RETENTION_TOO_SHORT'],
    [['1 year', '--table', 'patterns'], 'CHOICE_UNKNOWN'],
  ] as const) {
    const refused = await storage('retention', 'set', ...args);
    expect(refused).toMatchObject({ code: 1, output: '' });
    expect(refused.errors).toMatch(new RegExp(`^error: .*\\[${code}\\]\n`));
  }
}

async function exerciseUsage(): Promise<void> {
  for (const [args, code] of [
    [['rechunk'], 2],
    [['rechunk', '--interval'], 2],
    [['rechunk', '--interval', '1 month'], 1],
    [['rechunk', '--interval', '7 days', '--table', 'patterns'], 1],
    [['retention', 'set'], 2],
    [['bogus'], 2],
  ] as const) {
    const refused = await storage(...args);
    expect({ args, code: refused.code, output: refused.output }).toEqual({ args, code, output: '' });
    expect(refused.errors).toMatch(/^error: /);
  }
  expect((await storage('rechunk', '--interval', '1 month')).errors).toBe(
    'error: invalid interval: interval: "1 month": a chunk interval is a number of whole hours, days or weeks [CHUNK_INTERVAL_INVALID]\n' +
      "hint: months differ in length: write days, such as '30 days'\n",
  );
}

if (!available)
  process.stderr.write('TimescaleDB is not installed here: the storage commands are tested on plain tables alone\n');

describe.runIf(available)('on TimescaleDB', () => {
  let server: TimescaleServer;
  const name = `storage_cli_${randomUUID().slice(0, 8)}`;

  beforeAll(async () => {
    server = await openTimescaleServer();
    await administer(server.url, `CREATE DATABASE ${name}`);
    const own = new URL(server.url);
    own.pathname = name;
    url = own.href;
    expect(await wyckoffWith({}, 'migrate')).toMatchObject({ code: 0 });
    await fill(30);
  });

  afterAll(async () => {
    await administer(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await server.remove();
  });

  test('apply finds all in place', async () => {
    expect(await storage('apply')).toEqual({
      ...{ code: 0, errors: '' },
      output: 'The database has its layout already: nothing was changed.\nLook at it: wyckoff storage status\n',
    });
    expect(await json('apply')).toMatchObject({ layout: 'timescale', changes: [], moved: [] });
  });

  test('compress and decompress', async () => {
    const [before] = await content();
    const compressed = await storage('compress', '--older-than', '10 days');
    expect(compressed.code).toBe(0);
    expect(compressed.output).toMatch(
      /^ohlcv_bars: compressed 20 chunks, \d.* before, \d.* after, \d+% more: the chunks are nearly empty\.$/m,
    );
    expect(compressed.output).toMatch(/^trades: compressed 20 chunks, /m);
    expect(compressed.output).toMatch(/^quotes: no chunk to compress\.$/m);
    expect(compressed.errors).toContain('compressing ohlcv_bars\n');
    expect((await json('compress')).tables[0]).toMatchObject({ table: 'ohlcv_bars', chunks: 10 });
    const decompressed = await json('decompress', '--older-than', '20 days');
    expect(decompressed.tables.slice(0, 2)).toMatchObject([
      { table: 'ohlcv_bars', chunks: 10 },
      { table: 'trades', chunks: 10 },
    ]);
    expect(await content()).toEqual([before]);
    const refused = await storage('compress', '--older-than', 'a while');
    expect(refused).toMatchObject({ code: 1, output: '' });
    expect(refused.errors).toContain('not an interval: "a while" [INTERVAL_INVALID]');
  });

  test('status, for people and for programs', async () => {
    const found = await json('status');
    expect(found).toMatchObject({ layout: 'timescale', tables: [] });
    expect(found.hypertables.map((each: { table: string }) => each.table)).toEqual(TABLES);
    expect(found.hypertables[0]).toMatchObject({
      ...{ rows: 720, chunks: 30, chunkInterval: '1 day', compressedChunks: 20, otherChunks: 0, overdueChunks: 10 },
    });
    expect(found.retention).toHaveLength(5);
    expect(found.advice).toContainEqual({
      what: "10 of ohlcv_bars's chunks should have been compressed",
      command: "wyckoff storage compress --older-than '7 days'",
    });
    const { code, output, errors } = await storage('status');
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(/^PostgreSQL \d+.*, TimescaleDB 2\.\S+$/m);
    expect(output).toMatch(/^ohlcv_bars +1 day +30 +20 +720 +24 /m);
    expect(output).toMatch(/^time_series_retention_job /m);
    expect(output).toContain('retention is off: everything is kept for ever\n');
    expect(output).toContain("    wyckoff storage compress --older-than '7 days'\n");
  });

  test('rechunk, stopped hard in the middle, goes on when it is run again', async () => {
    const [before] = await content();
    // The bars are done first; then it tries to get the trades from this one.
    const holder = new pg.Client({ connectionString: url });
    await holder.connect();
    await holder.query('BEGIN; SELECT count(*) FROM trades');
    const child = start({}, ['storage', 'rechunk', '--interval', '7 days']);
    const errors = new Promise<void>((resolve) => {
      let seen = '';
      child.stderr.on('data', (data) => {
        seen += data;
        if (seen.includes('rechunking trades\n')) resolve();
      });
    });
    await errors;
    const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve([code, signal])));
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    await holder.end();
    expect(await content()).toEqual([before]);
    const { hypertables, advice } = await json('status');
    expect(hypertables[0]).toMatchObject({ chunkInterval: '7 days', otherChunks: 0 });
    expect(hypertables[1]).toMatchObject({ chunkInterval: '7 days', otherChunks: 30 });
    expect(advice).toContainEqual({
      what: "30 of trades's 30 chunks are not of 7 days, as new ones are",
      command: "wyckoff storage rechunk --interval '7 days' --table trades",
    });
    const again = await wyckoffWith({ WYCKOFF_CHUNK_INTERVAL: '1 day' }, 'storage', 'rechunk', '--interval', '7 days');
    expect(again.code).toBe(0);
    expect(again.output).toMatch(
      new RegExp(
        '^ohlcv_bars: every chunk is of 7 days already\\.\n' +
          'trades: 30 chunks became [56] chunks of 7 days, 30 rows moved in [56] steps; counts and checksums are as before\\.\n' +
          'quotes: no chunk\\.\norder_book_snapshots: no chunk\\.\nindicators: no chunk\\.\n' +
          'New chunks are of 7 days, too\\. WYCKOFF_CHUNK_INTERVAL, or wyckoff\\.chunk_interval of the database, says 1 day, ' +
          'which the next "storage apply" would set again: set it to \'7 days\'\\.\n$',
      ),
    );
    const back = await json('rechunk', '--interval', '24 hours', '--table', 'ohlcv_bars');
    expect(back).toEqual({
      ...{ interval: '1 day', configured: null, reverts: false },
      tables: [
        {
          ...{ table: 'ohlcv_bars', formerInterval: '7 days', rows: 720, chunksAfter: 30 },
          ...{ windows: expect.any(Number), chunksBefore: expect.any(Number) },
        },
      ],
    });
    expect(await content()).toEqual([before]);
  });

  test('retention', exerciseRetention);

  test('what is asked wrong', exerciseUsage);
});

describe('on the embedded server', () => {
  beforeAll(async () => {
    const data = { WYCKOFF_DATABASE_URL: '', WYCKOFF_DATA_DIR: join(directory, 'data') };
    expect(await wyckoffWith(data, 'db', 'start')).toMatchObject({ code: 0 });
    url = (await wyckoffWith(data, 'db', 'url')).output.trim();
    expect(await wyckoffWith({}, 'migrate')).toMatchObject({ code: 0 });
    await fill(30);
  });

  afterAll(() => wyckoffWith({ WYCKOFF_DATABASE_URL: '', WYCKOFF_DATA_DIR: join(directory, 'data') }, 'db', 'stop'));

  test('apply, compress, decompress and rechunk say in a line that there are no chunks', async () => {
    const none = 'There are no hypertables: compression does not apply to plain tables.\n';
    for (const [args, output] of [
      [
        ['apply'],
        'The server has no TimescaleDB: the layout is plain, and its tables are as the migrations made them.\n' +
          'Chunks and compression do not apply there; retention does.\n',
      ],
      [['compress'], none],
      [['decompress'], none],
      [['rechunk', '--interval', '7 days'], 'There are no hypertables: plain tables have no chunks.\n'],
    ] as const) {
      expect(await storage(...args)).toEqual({ code: 0, errors: '', output });
    }
    expect(await json('apply')).toEqual({ layout: 'plain', extensionVersion: null, changes: [], moved: [] });
    expect(await json('compress')).toEqual({ tables: [] });
    expect(await json('rechunk', '--interval', '7 days')).toEqual({
      ...{ interval: '7 days', configured: null, reverts: false, tables: [] },
    });
  });

  test('status, for people and for programs', async () => {
    expect(await json('status')).toMatchObject({
      ...{ layout: 'plain', extensionVersion: null, hypertables: [], jobs: [], advice: [] },
      tables: [{ table: 'ohlcv_bars', rows: 720 }, ...TABLES.slice(1).map((table) => ({ table }))],
    });
    const { code, output, errors } = await storage('status');
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(/^PostgreSQL 18\.\S+, without TimescaleDB in this database\n/);
    expect(output).toMatch(/^ohlcv_bars: a plain table, 720 rows, /m);
    expect(output).toMatch(/\nNothing is to be done\.\n$/);
  });

  test('retention', exerciseRetention);

  test('what is asked wrong', exerciseUsage);
});
