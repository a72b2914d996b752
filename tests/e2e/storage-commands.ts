/** The compiled `wyckoff storage` for the database of {@link target}, and what it does alike on either layout. */
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { expect } from 'vitest';
import { openStore } from '../../src/index.js';
import { startOfToday } from '../setup/start-of-today.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const DAY = 86_400_000;
const today = await startOfToday();
export const TABLES = ['ohlcv_bars', 'trades', 'quotes', 'order_book_snapshots', 'indicators'];

interface Result {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Set once the database is there. */
export const target = { url: '' };

export function start(environment: Record<string, string>, args: readonly string[]) {
  const env = { PATH: process.env.PATH, WYCKOFF_DATABASE_URL: target.url, ...environment };
  return spawn(process.execPath, [MAIN, ...args], { cwd: tmpdir(), env, stdio: ['ignore', 'pipe', 'pipe'] });
}

export async function wyckoffWith(environment: Record<string, string>, ...args: string[]): Promise<Result> {
  const child = start(environment, args);
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, output, errors };
}

export const storage = (...args: string[]) => wyckoffWith({}, 'storage', ...args);

export async function json(...args: string[]) {
  const { code, output, errors } = await storage(...args, '--json');
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  return JSON.parse(output);
}

export async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: target.url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A bar of each hour and a trade of each day, from so many days ago until yesterday. */
export async function fill(days: number): Promise<void> {
  const store = await openStore({ databaseUrl: target.url });
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

export const content = () =>
  query("SELECT count(*)::int AS count, md5(string_agg(b::text, ',' ORDER BY timestamp)) AS md5 FROM ohlcv_bars b");

/** On either layout: 30 days of bars and trades are there, and retention is off. */
export async function exerciseRetention(): Promise<void> {
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

export async function exerciseUsage(): Promise<void> {
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
