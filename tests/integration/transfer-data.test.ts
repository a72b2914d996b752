import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import type { ExportKind, Store } from '../../src/index.js';
import { inspectFile } from '../../src/transfer/read/inspect.js';
import { temporaryDirectory } from '../setup/exported.js';
import { openRawClient } from '../setup/raw-client.js';
import { barLines, csvRows, REAL_BARS, type RealBars, scaled } from '../setup/real-files.js';
import { hasSharedData, sharedFile } from '../setup/shared-data.js';
import { openTestStore } from '../setup/test-database.js';
import { openTicks } from '../setup/tick-files.js';

const all = process.env.REAL_FILES === 'all';
if (hasSharedData && !all) process.stderr.write('the large files of ../shared/data are read by npm run test:data\n');

const contentOf = (directory: string, kind: string) => readFile(join(directory, `${kind}.csv`), 'utf8');

/** Exports to CSV, imports that into a database of its own and exports that: the same bytes. Answers with the directory. */
async function roundTrip(store: Store, kinds: readonly ExportKind[]): Promise<string> {
  const directory = await temporaryDirectory();
  const [first, again] = [join(directory, 'first'), join(directory, 'again')];
  await store.files.export({ kinds, format: 'csv', directory: first });
  const { store: other } = await openTestStore();
  const { files, totals } = await other.files.import({ paths: [first] });
  expect(files.map(({ error }) => error)).toEqual(kinds.map(() => null));
  expect(totals).toMatchObject({ files: kinds.length, inserted: totals.rows, rejected: 0, rounded: 0 });
  await other.files.export({ kinds, format: 'csv', directory: again });
  for (const kind of kinds) expect((await contentOf(again, kind)) === (await contentOf(first, kind)), kind).toBe(true);
  return first;
}

describe.runIf(hasSharedData)('bars', () => {
  test.each(REAL_BARS.filter(({ small }) => small || all))('$file', async (real: RealBars) => {
    const { file, layout, rows, options, rejected, leftOut, series } = real;
    const path = sharedFile(file);
    const lost = rejected && !rejected.with ? rejected.rows : 0;
    expect(await inspectFile(path, options)).toMatchObject({
      ...{ layout, rows, leftOut, duplicates: 0, rejected: rejected?.rows ?? 0, stillRejected: lost, error: null },
    });
    const { store } = await openTestStore();
    if (rejected) {
      const [failed] = (await store.files.import({ paths: [path], ...options })).files;
      expect(failed).toMatchObject({ status: 'failed', rejected: rejected.rows, inserted: 0 });
      const { line, code } = rejected;
      expect(failed!.problems[0]).toMatchObject({ line, code, hint: expect.any(String) });
    }
    const settings = {
      paths: [path],
      ...options,
      ...rejected?.with,
      ...(lost > 0 ? { onError: 'skip' as const } : {}),
    };
    const { files, totals } = await store.files.import(settings);
    expect(files[0]).toMatchObject({ status: 'imported', layout, rows, leftOut, duplicates: 0, rejected: lost });
    expect(totals).toMatchObject({ inserted: rows - lost, changed: 0, unchanged: 0 });
    expect(
      files[0]!.series.map((one) => {
        return [one.symbol, one.timeframe, one.inserted, one.first.toISOString(), one.last.toISOString()];
      }),
    ).toEqual(
      series.map(([symbol, timeframe, count, ...bounds]) => [symbol, timeframe, count, ...bounds.map(instant)]),
    );
    expect(await store.files.verify({ onError: 'stop', ...settings })).toMatchObject({ passed: true });

    const directory = await roundTrip(store, ['bars']);
    const exported = parse<Record<string, string>>(await contentOf(directory, 'bars'), { columns: true });
    const lines = exported.map(({ symbol, timestamp, open, high, low, close, volume }) => {
      const prices = [open, high, low, close].map((price) => scaled(price!, 8));
      return [symbol, new Date(timestamp!).toISOString(), ...prices, scaled(volume!, 0)].join(' ');
    });
    expect(lines).toEqual(barLines(real).sort());

    // Its Parquet says the same.
    await store.files.export({ kinds: ['bars'], format: 'parquet', directory: join(directory, 'parquet') });
    const parquet = await store.files.import({ paths: [join(directory, 'parquet', 'bars.parquet')] });
    expect(parquet.totals).toMatchObject({ failed: 0, inserted: 0, changed: 0, unchanged: rows - lost, rounded: 0 });
  });
});

function instant(text: string): string {
  return new Date(text.length > 10 ? `${text}Z` : text).toISOString();
}

/** Inspects, imports twice, verifies, exports, and imports that. */
async function goThrough(path: string, kinds: readonly ExportKind[], expected: readonly object[]): Promise<pg.Client> {
  expect(await inspectFile(path)).toMatchObject({ rejected: 0, error: null });
  const { store, url } = await openTestStore();
  const [file] = (await store.files.import({ paths: [path] })).files;
  expect(file).toMatchObject({ status: 'imported', changed: 0, unchanged: 0, rejected: 0, series: expected });
  const again = await store.files.import({ paths: [path], again: true });
  expect(again.totals).toMatchObject({ failed: 0, inserted: 0, changed: 0, unchanged: file!.inserted });
  expect(await store.files.verify({ paths: [path], onError: 'stop' })).toMatchObject({ passed: true });
  await roundTrip(store, kinds);
  return openRawClient(url);
}

/** Midnight of 7 October 2013 in New York, four hours behind, in milliseconds. */
const MIDNIGHT = Date.UTC(2013, 9, 7, 4);

describe.runIf(hasSharedData && all)('ticks', { timeout: 300_000 }, () => {
  test('every trade of a day is kept, also those that equal another; a second import adds none', async () => {
    const path = sharedFile('ticks/lean_SPY_trades_20131007.csv');
    const rows = csvRows('ticks/lean_SPY_trades_20131007.csv');
    const times = new Map<string, number>();
    const sums = { price: 0n, size: 0n, value: 0n };
    for (const [time, price, size] of rows) {
      const key = `${time} ${price} ${size}`;
      times.set(key, (times.get(key) ?? 0) + 1);
      sums.price += BigInt(price!);
      sums.size += BigInt(size!);
      sums.value += BigInt(price!) * BigInt(size!);
    }
    expect(rows).toHaveLength(250_601);
    const file = await openTicks(path);
    expect(file).toMatchObject({ kind: 'trades', layout: 'lean-trades', rows: 250_601, rejected: 0, skipped: 0 });
    expect(file.leftOut).toEqual(['exchange', 'condition', 'suspicious']);
    expect(file.first).toBe(BigInt(MIDNIGHT + Number(rows[0]![0])) * 1000n);
    expect(file.last).toBe(BigInt(MIDNIGHT + Number(rows.at(-1)![0])) * 1000n);

    const client = await goThrough(path, ['trades'], [{ kind: 'trades', symbol: 'SPY', inserted: 250_601 }]);
    const { rows: stored } = await client.query<Record<string, string>>(
      `SELECT sum(price * 10000)::bigint::text AS price, sum(size)::bigint::text AS size,
         sum(price * 10000 * size)::bigint::text AS value FROM trades WHERE symbol = 'SPY'`,
    );
    expect(stored).toEqual([{ price: `${sums.price}`, size: `${sums.size}`, value: `${sums.value}` }]);
    // Every trade, as often as it is in the file.
    const { rows: groups } = await client.query<{ key: string; times: number }>(
      `SELECT concat_ws(' ', (extract(epoch FROM timestamp) * 1000)::bigint - ${MIDNIGHT}, (price * 10000)::bigint, size::bigint) AS key,
         count(*)::int AS times FROM trades WHERE symbol = 'SPY' GROUP BY 1`,
    );
    expect(groups).toHaveLength(times.size);
    expect(groups.filter(({ key, times: found }) => times.get(key) !== found)).toEqual([]);
    expect(groups.reduce((sum, group) => sum + (group.times > 1 ? group.times - 1 : 0), 0)).toBeGreaterThan(47_000);
  });

  test('every quote of a day has one side, and none a price of 0', async () => {
    const path = sharedFile('ticks/lean_IBM_quotes_20131007.csv');
    const rows = csvRows('ticks/lean_IBM_quotes_20131007.csv');
    const sum = (column: number) => `${rows.reduce((total, row) => total + BigInt(row[column]!), 0n)}`;
    const sided = (column: number) => rows.filter((row) => row[column] !== '0').length;
    expect(rows).toHaveLength(109_067);
    expect(await openTicks(path)).toMatchObject({ kind: 'quotes', layout: 'lean-quotes', rows: 109_067, rejected: 0 });
    const client = await goThrough(path, ['quotes'], [{ kind: 'quotes', symbol: 'IBM', inserted: 109_067 }]);
    const { rows: stored } = await client.query(
      `SELECT count(bid_price)::int AS bids, count(ask_price)::int AS asks, count(*) FILTER (WHERE bid_price = 0 OR ask_price = 0)::int AS zeros,
         count(*) FILTER (WHERE (bid_price IS NULL) = (ask_price IS NULL))::int AS both,
         sum(bid_price * 10000)::bigint::text AS bid, sum(bid_size)::bigint::text AS bid_size,
         sum(ask_price * 10000)::bigint::text AS ask, sum(ask_size)::bigint::text AS ask_size FROM quotes WHERE symbol = 'IBM'`,
    );
    expect(stored).toEqual([
      {
        ...{ bids: sided(1), asks: sided(3), zeros: 0, both: 0 },
        ...{ bid: sum(1), bid_size: sum(2), ask: sum(3), ask_size: sum(4) },
      },
    ]);
  });

  test('a recorded stream: trades, quotes, and the book behind every message', async () => {
    const path = sharedFile('book/binance_usdm_btcusdt_20240808_ws.gz');
    const text = execFileSync('gzip', ['-dc', path], { maxBuffer: 1 << 28, encoding: 'utf8' });
    const messages = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line.slice(20)))
      .map((json) => json.data ?? json);
    const of = (kind: string) => messages.filter(({ e }) => e === kind);
    const snapshot = messages.find(({ lastUpdateId }) => lastUpdateId !== undefined);
    const [trades, tickers] = [of('trade'), of('bookTicker')];
    const diffs = of('depthUpdate').filter(({ u }) => u >= snapshot.lastUpdateId);
    const file = await openTicks(path);
    expect(file).toMatchObject({ kind: 'recording', layout: 'binance-recording', rows: 93_954, rejected: 0 });
    expect(file.parts.map(({ kind, rows }) => [kind, rows])).toEqual([
      ['trades', trades.length],
      ['quotes', tickers.length],
      ['order-books', new Set(diffs.map(({ T }) => T)).size],
    ]);
    const kinds = ['trades', 'quotes', 'order-books'] as const;
    const client = await goThrough(
      path,
      kinds,
      file.parts.map(({ kind, rows }) => ({ kind, inserted: rows })),
    );
    const sum = (rows: readonly Record<string, string>[], key: string) =>
      `${rows.reduce((total, row) => total + scaled(row[key]!, 8), 0n)}`;
    const { rows: stored } = await client.query(
      `SELECT (SELECT sum(price * 1e8)::bigint::text FROM trades) AS price, (SELECT sum(size * 1e8)::bigint::text FROM trades) AS size,
         (SELECT sum(bid_price * 1e8)::bigint::text FROM quotes) AS bid, (SELECT sum(ask_size * 1e8)::bigint::text FROM quotes) AS ask_size,
         (SELECT count(*)::int FROM order_book_snapshots WHERE cardinality(bid_prices) = 20 AND cardinality(ask_prices) = 20) AS books`,
    );
    expect(stored).toEqual([
      {
        ...{ price: sum(trades, 'p'), size: sum(trades, 'q'), bid: sum(tickers, 'b'), ask_size: sum(tickers, 'A') },
        books: file.parts[2]!.rows,
      },
    ]);
  });
});
