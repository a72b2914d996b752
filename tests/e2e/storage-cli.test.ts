/** `wyckoff storage`, compiled, on a server with TimescaleDB and on the embedded one. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { administer } from '../setup/template.js';
import { timescaleBinaries } from '../setup/timescale-binaries.js';
import { openTimescaleServer, type TimescaleServer } from '../setup/timescale-server.js';
import {
  content,
  exerciseRetention,
  exerciseUsage,
  fill,
  json,
  start,
  storage,
  TABLES,
  target,
  wyckoffWith,
} from './storage-commands.js';

const available = Boolean(process.env.WYCKOFF_TEST_TIMESCALE_URL) || timescaleBinaries() !== undefined;

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
    target.url = own.href;
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
    const holder = new pg.Client({ connectionString: target.url });
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
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wyckoff-storage-cli-'));
    await chmod(directory, 0o711); // as root, the server runs as another user, who must get through
    const data = { WYCKOFF_DATABASE_URL: '', WYCKOFF_DATA_DIR: join(directory, 'data') };
    expect(await wyckoffWith(data, 'db', 'start')).toMatchObject({ code: 0 });
    target.url = (await wyckoffWith(data, 'db', 'url')).output.trim();
    expect(await wyckoffWith({}, 'migrate')).toMatchObject({ code: 0 });
    await fill(30);
  });

  afterAll(async () => {
    await wyckoffWith({ WYCKOFF_DATABASE_URL: '', WYCKOFF_DATA_DIR: join(directory, 'data') }, 'db', 'stop');
    await rm(directory, { recursive: true, force: true });
  });

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
    expect(await json('apply')).toEqual({
      layout: 'plain',
      extensionVersion: null,
      changes: [],
      moved: [],
      earlierSessions: 0,
    });
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
