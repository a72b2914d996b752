import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DuckDB } from '../../src/transfer/duckdb.js';
import { openFile } from '../../src/transfer/read/open-file.js';
import { temporaryDirectory } from '../setup/exported.js';
import { openTestStore } from '../setup/test-database.js';
import { openTicks, rowsOf } from '../setup/tick-files.js';

/** Writes the rows of a query, as other tools would. */
async function parquet(query: string): Promise<string> {
  const path = join(await temporaryDirectory(), 'ticks.parquet');
  const db = await DuckDB.open();
  await db.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`);
  await db.close();
  return path;
}

const problemsOf = (problems: readonly { line?: number | undefined; code: string; path: string }[]) =>
  problems.map(({ line, code, path }) => [line, code, path].join(' '));

test('ticks in Parquet that another tool wrote are read by their columns, and wrong rows are told by their numbers', async () => {
  const path = await parquet(`
    SELECT * FROM (VALUES
      ('es', TIMESTAMP_NS '2024-01-02 15:00:00.000001', 9007199254740993::BIGINT, 0.1::DOUBLE, 1e-8::DOUBLE, 'x'),
      ('ES', TIMESTAMP_NS '2024-01-02 15:00:00.000002', NULL, 16777216.125::DOUBLE, 2::DOUBLE, NULL),
      ('ES', TIMESTAMP_NS '2024-01-02 15:00:00.000003001', 4, 1::DOUBLE, 1::DOUBLE, NULL),
      ('ES', TIMESTAMP_NS '2024-01-02 15:00:00.000004', 5, 'nan'::DOUBLE, 1::DOUBLE, NULL),
      (NULL, TIMESTAMP_NS '2024-01-02 15:00:00.000005', 6, 1::DOUBLE, -1::DOUBLE, NULL),
      ('ES', NULL, 7, 1::DOUBLE, 1::DOUBLE, NULL),
      ('ES', TIMESTAMP_NS '2024-01-02 15:00:00.000006', 8, 0.123456789::DOUBLE, 1::DOUBLE, NULL)
    ) AS t (symbol, timestamp, trade_id, price, size, venue)`);
  const file = await openTicks(path);
  expect(file).toMatchObject({ kind: 'trades', layout: 'wyckoff-trades-parquet', rows: 7, rejected: 5 });
  expect([file.leftOut, file.notices]).toEqual([['venue'], ['times without a zone were read as UTC']]);
  expect(problemsOf(file.problems)).toEqual([
    ...['3 INSTANT_TOO_FINE timestamp', '4 DECIMAL_INVALID price', '5 SYMBOL_INVALID symbol'],
    ...['6 INSTANT_INVALID timestamp', '7 PRICE_TOO_PRECISE price'],
  ]);
  const micros = BigInt(Date.UTC(2024, 0, 2, 15)) * 1000n;
  expect(await rowsOf(file)).toMatchObject([
    { symbol: 'ES', timestamp: micros + 1n, tradeId: '9007199254740993', price: '0.1', size: '1e-08' },
    { symbol: 'ES', timestamp: micros + 2n, tradeId: null, price: '16777216.125', size: '2.0' },
  ]);
  const { store } = await openTestStore();
  const { totals } = await store.files.import({ paths: [path], onError: 'skip' });
  expect(totals).toMatchObject({ inserted: 2, rejected: 5 });
  const [first] = await store.trades.range({ symbol: 'ES' });
  expect(`${first!.price} ${first!.size.toFixed()}`).toBe('0.1 0.00000001');
  const floats = await parquet(
    `SELECT 'ES' AS symbol, now() AS timestamp, 1.5 AS price, 1 AS size, 7::DOUBLE AS trade_id`,
  );
  await expect(openFile(floats)).rejects.toMatchObject({ problems: [{ code: 'TRADE_ID_INVALID', path: 'trade_id' }] });
  // A level that is missing is none that can be left out.
  const books = await openTicks(
    await parquet(`SELECT 'ES' AS symbol, TIMESTAMPTZ '2024-01-02 15:00:00+00' + to_microseconds(i) AS timestamp, [2.5, 1]::DECIMAL(24,8)[] AS bid_prices,
      [1, CASE WHEN i = 0 THEN 1 END]::DECIMAL(24,8)[] AS bid_sizes, []::DECIMAL(24,8)[] AS ask_prices, []::DECIMAL(24,8)[] AS ask_sizes FROM range(2) t(i)`),
  );
  expect(problemsOf(books.problems)).toEqual(['2 DECIMAL_INVALID bids.1']);
  expect(books).toMatchObject({ rows: 2, rejected: 1, notices: [] });
});

test('deep books, as many as a row group of an export has, are read within the memory that there is', async () => {
  const side = (
    name: string,
    price: string,
  ) => `list_transform(range(1000), k -> (${price})::DECIMAL(18,8)) AS ${name}_prices,
    list_transform(range(1000), k -> (k + i + 0.5)::DECIMAL(24,8)) AS ${name}_sizes`;
  const path =
    await parquet(`SELECT 'ES' AS symbol, TIMESTAMPTZ '2024-01-02 15:00:00+00' + to_microseconds(i) AS timestamp,
    ${side('bid', '60000.00000001 - k - i % 7')}, ${side('ask', '60001.00000002 + k + i % 5')} FROM range(400) t(i)`);
  const file = await openTicks(path);
  expect(file).toMatchObject({ rows: 400, rejected: 0 });
  const books = (await rowsOf(file)) as { bids: string[][]; asks: string[][] }[];
  expect(books.map(({ bids, asks }) => [bids.length, asks.length].join(' '))).toEqual(Array(400).fill('1000 1000'));
  expect([books[399]!.bids[0], books[399]!.asks.at(-1)]).toEqual([
    ['60000.00000001', '399.50000000'],
    ['61004.00000002', '1398.50000000'],
  ]);
});

test('Parquet of ticks that is cut off, or says that it has other rows, is refused', async () => {
  const path = await parquet(
    `SELECT 'ES' AS symbol, TIMESTAMPTZ '2024-01-02 15:00:00+00' + to_microseconds(i) AS timestamp, 1.5 AS price, i + 1 AS size FROM range(5000) t(i)`,
  );
  const bytes = await readFile(path);
  await writeFile(path, bytes.subarray(0, bytes.length - 100));
  await expect(openFile(path)).rejects.toMatchObject({ code: 'PARQUET_DAMAGED' });
  await writeFile(path, Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(2_000, 0xff), bytes.subarray(2_004)]));
  await expect(openFile(path)).rejects.toMatchObject({ code: 'PARQUET_DAMAGED' });
  const empty = await parquet(`SELECT 'ES' AS symbol, now() AS timestamp, 1.5 AS price, 1 AS size WHERE false`);
  await expect(openFile(empty)).rejects.toMatchObject({ code: 'FILE_HAS_NO_ROWS' });
});

test('bars in NDJSON mean the same however they are written, with all digits of their numbers', async () => {
  const path = join(await temporaryDirectory(), 'AAPL_1d.ndjson');
  const lines = [
    '{"date":"2024-01-02","open":10,"high":"12","low":9.5,"close":11,"volume":100,"vwap":null,"venue":"N"}',
    '{"volume": 100, "close": 11, "low": 9.5, "high": 1.2e1, "open": 10, "date": "2024-01-03", "vwap": "10.25"}',
    '{"date":"2024-01-04","open":1234567890.12345678,"high":1234567890.12345678,"low":1234567890.12345678,"close":1234567890.12345678,"volume":9007199254740993,"vwap":1234567890.12345678,"venue":["a",{"b":1}]}',
    '{"date":"2024-01-05","open":0.123456789,"high":12,"low":9.5,"close":11,"volume":100,"vwap":null,"venue":null}',
    '["2024-01-08",10,12,9,11,100]',
    '{"date":"2024-01-09","open":10,"high":12,"low":9.5,"volume":100}',
    '{"date":"2024\\u002d01\\u002d10","open":10,"high":12,"low":9.5,"close":11,"volume":100,"vwap":null,"venue":"x \\"y\\", z"}',
    '{"date":"2024-01-11","open":10,"high":12,"low":9.5,"close":11,"volume":100,"vwap":null,"venue":"N","symbol":"MSFT"}',
    '{"date":"2024-01-12","open":10,"high":12,"low":9.5,"close":11,"volume":100,"symbol":null}',
  ];
  await writeFile(path, `\ufeff${lines.join('\r\n')}\n`);
  const file = await openFile(path);
  if (file.kind !== 'bars') throw new TypeError(file.kind);
  expect(file).toMatchObject({ layout: 'ndjson', rows: 9, rejected: 4, leftOut: ['venue'] });
  expect(problemsOf(file.problems)).toEqual([
    ...['4 PRICE_TOO_PRECISE open', '5 JSON_INVALID ', '6 DECIMAL_INVALID close', '8 ROW_WIDTH '],
  ]);
  await file.close();
  const { store } = await openTestStore();
  await store.files.import({ paths: [path], onError: 'skip' });
  const bars = await store.bars.range({ symbol: 'AAPL', timeframe: '1d' });
  expect(
    bars.map(({ timestamp, high, volume, vwap }) => [timestamp.getUTCDate(), `${high} ${volume} ${vwap}`]),
  ).toEqual([
    [2, '12 100 null'],
    [3, '12 100 10.25'],
    [4, '1234567890.12345678 9007199254740993 1234567890.12345678'],
    [10, '12 100 null'],
    [12, '12 100 null'],
  ]);
});
