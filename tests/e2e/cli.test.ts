/** The compiled command line, as an installed package has it, on an embedded server of its own. `npm test` builds it first. */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bars as sampleBars } from '../unit/sample-seeds.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const HEADER = 'symbol,timeframe,timestamp,open,high,low,close,volume,spread,spread_ratio,volume_ratio,vwap,source';

interface Result {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

let directory: string;
let serverUrl: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wyckoff-cli-'));
  await chmod(directory, 0o711); // as root, the server runs as another user, who must get through
  expect((await wyckoff('db', 'start')).code).toBe(0);
  serverUrl = (await wyckoff('db', 'url')).output.trim();
});

afterAll(async () => {
  await wyckoff('db', 'stop');
  await rm(directory, { recursive: true, force: true });
});

function wyckoff(...args: string[]): Promise<Result> {
  return wyckoffWith({}, ...args);
}

async function wyckoffWith(environment: Record<string, string>, ...args: string[]): Promise<Result> {
  const child = start(environment, process.execPath, [MAIN, ...args]);
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, output, errors };
}

function start(environment: Record<string, string>, program: string, args: string[]) {
  const env = { PATH: process.env.PATH, WYCKOFF_DATA_DIR: join(directory, 'data'), ...environment };
  return spawn(program, args, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

function urlOf(database: string): string {
  const url = new URL(serverUrl);
  url.pathname = database;
  return url.href;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('from nothing', () => {
  test('migrate, seed and check lookups, as npm start runs them', async () => {
    const migrated = await wyckoff('migrate');
    expect(migrated).toMatchObject({ code: 0, errors: '' });
    expect(migrated.output).toMatch(
      /^Database: the embedded PostgreSQL 18\.\d+ with its data in .*data\.\nApplied \d+ migrations: /,
    );
    expect(migrated.output).toContain('TimescaleDB is not installed: ohlcv_bars stays a plain table.');
    const again = await wyckoff('migrate', '--json');
    expect(JSON.parse(again.output)).toMatchObject({ applied: [], embedded: true, layout: 'plain', timescaledb: null });

    const seeded = await wyckoff('seed');
    expect(seeded).toMatchObject({ code: 0, errors: '' });
    expect(seeded.output).toMatch(/^ohlcv_bars +756 +756 +0$/m);
    expect(seeded.output).toContain('Loaded 952 new rows.');
    const seededAgain = await wyckoff('seed');
    expect(seededAgain).toMatchObject({ code: 0, errors: '' });
    expect(seededAgain.output).toMatch(/^ohlcv_bars +756 +0 +756$/m);
    expect(seededAgain.output).toContain('0 new rows.');

    const check = await wyckoff('check', 'lookups', '--json');
    const { passed, series, lookups, failures } = JSON.parse(check.output);
    expect(check.code).toBe(passed ? 0 : 1);
    // A test is not the place to say how fast a machine is that other tests use too.
    expect(failures.filter((failure: string) => !failure.includes('p95'))).toEqual([]);
    expect(series).toEqual(['AAPL 1d', 'SPY 1d', 'TSLA 1d']);
    expect(lookups.map((lookup: { answers: { rows: number }[] }) => lookup.answers.map(({ rows }) => rows))).toEqual([
      [252, 252, 252],
      [50, 50, 50],
      [21, 21, 21],
      [756],
      [1],
    ]);
    const table = await wyckoff('check', 'lookups');
    expect(table.output).toMatch(
      /^one year +252 +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d +50 +(PASS|FAIL) +Index Scan using idx_ohlcv_symbol_timeframe$/m,
    );
  });
});

describe('bars', () => {
  test('csv has every value of the sample', async () => {
    for (const symbol of ['AAPL', 'SPY', 'TSLA']) {
      const { code, output, errors } = await wyckoff('bars', 'range', symbol.toLowerCase(), '1d', '--format', 'csv');
      expect({ code, errors }).toEqual({ code: 0, errors: '' });
      expect(output.slice(0, output.indexOf('\n'))).toBe(HEADER);
      const rows: Record<string, string>[] = parse(output, { columns: true });
      const wanted = sampleBars.filter((bar) => bar.symbol === symbol);
      expect(rows).toHaveLength(252);
      for (const [index, row] of rows.entries()) {
        const { volume, open, high, low, close, ...rest } = wanted[index]!;
        const numbers = { volume, open: Number(open), high: Number(high), low: Number(low), close: Number(close) };
        const { vwap, source, symbol: name, timestamp, timeframe } = row;
        expect({ symbol: name, timestamp, timeframe, source }).toEqual({
          ...{ symbol, timestamp: rest.timestamp, timeframe: '1d', source: 'sample' },
        });
        for (const [column, value] of Object.entries(numbers)) expect(Number(row[column])).toBe(value);
        expect(Number(vwap)).toBe(Number((rest as unknown as { vwap: string }).vwap));
        expect(row.spread).toBe(String(Number((numbers.high - numbers.low).toFixed(2))));
        for (const column of ['open', 'high', 'low', 'close', 'spread', 'spread_ratio', 'volume_ratio', 'vwap']) {
          expect(row[column]).toMatch(/^\d+(\.\d+)?$/);
        }
      }
    }
  });

  test('json is an array of rows with decimals as strings', async () => {
    const range = await wyckoff(
      'bars',
      'range',
      'AAPL',
      '1d',
      '--from',
      '2024-12-30',
      '--to',
      '2024-12-31',
      '--format',
      'json',
    );
    expect(JSON.parse(range.output)).toEqual([
      {
        ...{ symbol: 'AAPL', timeframe: '1d', timestamp: '2024-12-30T00:00:00Z', open: '226.96', high: '227.53' },
        ...{ low: '226.2', close: '226.7', volume: '30380849', spread: '1.33', spread_ratio: '0.4689' },
        ...{ volume_ratio: '0.7488', vwap: '226.8475', source: 'sample' },
      },
    ]);
    const none = await wyckoff('bars', 'range', 'AAPL', '1d', '--known-at', '2020-01-01', '--format', 'json');
    expect(JSON.parse(none.output)).toEqual([]);
    const latest = await wyckoff('bars', 'latest', 'SPY', '1d', '--limit', '2', '--format', 'json');
    expect(JSON.parse(latest.output).map((bar: { timestamp: string }) => bar.timestamp)).toEqual([
      '2024-12-30T00:00:00Z',
      '2024-12-31T00:00:00Z',
    ]);
  });

  test('list and tables', async () => {
    const list = await wyckoff('bars', 'list', '--format', 'csv');
    expect(list.output).toBe(
      'symbol,timeframe,first,last,count,volume_scale\n' +
        ['AAPL', 'SPY', 'TSLA']
          .map((symbol) => `${symbol},1d,2024-01-02T00:00:00Z,2024-12-31T00:00:00Z,252,0\n`)
          .join(''),
    );
    const latest = await wyckoff('bars', 'latest', 'AAPL', '1d', '--limit', '1');
    expect(latest.output).toMatch(/^AAPL 1d, 1 bar, times in UTC\ntimestamp +open +high/);
    expect(latest.output).toMatch(
      /^2024-12-31 +226\.55 +227\.40 +225\.35 +226\.95 +29,559,882 +2\.05 +0\.7399 +0\.7201 +226\.5625 +sample$/m,
    );
  });

  test('a source with commas and quotes is quoted', async () => {
    await query(
      serverUrl,
      `UPDATE ohlcv_bars SET source = 'a "b", c' WHERE symbol = 'TSLA' AND timestamp = '2024-12-31'`,
    );
    try {
      const { output } = await wyckoff('bars', 'latest', 'TSLA', '1d', '--limit', '1', '--format', 'csv');
      expect(output.split('\n')[1]).toMatch(/,"a ""b"", c"$/);
      expect(parse(output, { columns: true })).toMatchObject([{ symbol: 'TSLA', source: 'a "b", c' }]);
    } finally {
      await query(
        serverUrl,
        `UPDATE ohlcv_bars SET source = 'sample' WHERE symbol = 'TSLA' AND timestamp = '2024-12-31'`,
      );
    }
  });

  test('a series that is not there: the series that are', async () => {
    for (const command of ['range', 'latest']) {
      const { code, output, errors } = await wyckoff('bars', command, 'MSFT', '1d', '--format', 'csv');
      expect({ code, output }).toEqual({ code: 1, output: '' });
      expect(errors).toBe(
        'error: invalid series: "MSFT 1d": the store has no such series [SERIES_UNKNOWN]\nhint: there are AAPL 1d, SPY 1d, TSLA 1d\n',
      );
    }
  });

  test.each(['csv', 'json', 'table'])('a reader that has left is no failure: %s', async (format) => {
    const child = start({}, 'bash', [
      '-c',
      `'${process.execPath}' '${MAIN}' bars range AAPL 1d --format ${format} | true; echo "\${PIPESTATUS[0]}"`,
    ]);
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect({ output, errors }).toEqual({ output: '0\n', errors: '' });
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends a command that waits, and its statement', async (signal) => {
    const holder = new pg.Client({ connectionString: serverUrl });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE bar_series');
    try {
      const child = start({ DB_APPLICATION_NAME: signal }, process.execPath, [MAIN, 'bars', 'list']);
      const ended = new Promise((resolve) => child.once('close', (code, name) => resolve([code, name])));
      const waiting = `SELECT pid FROM pg_stat_activity WHERE application_name = '${signal}' AND wait_event_type = 'Lock'`;
      while ((await query(serverUrl, waiting)).length === 0) await sleep(20);
      child.kill(signal);
      expect(await text(child.stderr)).toMatch(/^\nStopping: /);
      expect(await ended).toEqual([null, signal]);
    } finally {
      await holder.end();
    }
    const gone = `SELECT pid FROM pg_stat_activity WHERE application_name = '${signal}'`;
    while ((await query(serverUrl, gone)).length > 0) await sleep(20);
  });
});

test.each([
  [['bars', 'range', 'AAPL'], "missing required argument 'timeframe'"],
  [['bars', 'range', 'AAPL', '1D'], 'Allowed choices are 1m, 5m, 15m, 1h, 1d.'],
  [['bars', 'range', 'A B', '1d'], 'a symbol starts with A-Z'],
  [['bars', 'range', 'AAPL', '1d', '--from', '2024-13-01'], 'write it as 2024-01-02'],
  [['bars', 'latest', 'AAPL', '1d', '--limit', '0'], 'A limit is a whole number from 1.'],
  [['bars', 'list', '--format', 'xml'], 'Allowed choices are table, csv, json.'],
  [['seeds'], "unknown command 'seeds'"],
  [['check'], 'Usage: wyckoff check'],
])('wrong usage: %j', async (args, message) => {
  const { code, output, errors } = await wyckoff(...args);
  expect({ code, output }).toEqual({ code: 2, output: '' });
  expect(errors).toContain(message);
});

test.each([[], ['migrate'], ['seed'], ['check', 'lookups'], ['bars', 'list'], ['bars', 'range'], ['bars', 'latest']])(
  '%s --help has an example',
  async (...command) => {
    const { code, output } = await wyckoff(...command.filter((word) => typeof word === 'string'), '--help');
    expect(code).toBe(0);
    expect(output).toMatch(/^Example: (.*=\S+ )?wyckoff /m);
  },
);

describe('a database that cannot be used', () => {
  test('refuses the connection', async () => {
    const url = 'postgresql://wyckoff:a-secret@127.0.0.1:1/wyckoff';
    const { code, output, errors } = await wyckoffWith({ WYCKOFF_DATABASE_URL: url }, 'bars', 'list');
    expect({ code, output }).toEqual({ code: 1, output: '' });
    expect(errors).toMatch(/^error: the database cannot be reached: .*ECONNREFUSED.* \[DATABASE_UNREACHABLE\]\nhint: /);
  });

  test('refuses the password', async () => {
    const url = new URL(serverUrl);
    url.password = 'a-wrong-secret';
    for (const command of [['migrate'], ['bars', 'list']]) {
      const { code, errors } = await wyckoffWith({ WYCKOFF_DATABASE_URL: url.href }, ...command);
      expect(code).toBe(1);
      expect(errors).toContain('[AUTHENTICATION_FAILED]\nhint: check the user and the password');
      expect(errors).not.toContain('a-wrong-secret');
    }
  });

  test('has not been migrated, or by a newer version', async () => {
    await query(serverUrl, 'CREATE DATABASE other');
    const environment = { WYCKOFF_DATABASE_URL: urlOf('other') };
    const older = await wyckoffWith(environment, 'bars', 'list');
    expect(older).toMatchObject({ code: 1, output: '' });
    expect(older.errors).toMatch(
      /^error: the database lacks migrations: .* \[DATABASE_OLDER\]\nhint: run `wyckoff migrate`\n$/,
    );

    expect((await wyckoffWith(environment, 'migrate')).code).toBe(0);
    const empty = await wyckoffWith(environment, 'check', 'lookups');
    expect({ code: empty.code, output: empty.output }).toEqual({ code: 1, output: '' });
    expect(empty.errors).toMatch(/^FAIL: there is no daily series .*\nhint: "wyckoff seed" loads sample data/);

    await query(
      urlOf('other'),
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ('1', '1', '20990101000000_later', now(), 1)`,
    );
    for (const command of [['bars', 'list'], ['migrate'], ['seed']]) {
      const newer = await wyckoffWith(environment, ...command);
      expect(newer.code).toBe(1);
      expect(newer.errors).toContain('20990101000000_later [DATABASE_NEWER]\nhint: update wyckoff-store');
    }
  });

  test('is named in .env', async () => {
    await writeFile(join(directory, '.env'), 'WYCKOFF_DATABASE_URL=postgresql://nobody@127.0.0.1:1/nothing\n');
    try {
      expect((await wyckoff('bars', 'list')).errors).toContain('[DATABASE_UNREACHABLE]');
      expect((await wyckoffWith({ WYCKOFF_DATABASE_URL: serverUrl }, 'bars', 'list')).code).toBe(0);
    } finally {
      await rm(join(directory, '.env'));
    }
  });
});
