import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { BarFile } from '../../src/transfer/read/bar-file.js';
import { type FileOptions, openFile } from '../../src/transfer/read/open-file.js';
import { openRawClient } from '../setup/raw-client.js';
import { csvRows, REAL_BARS, type RealBars, scaled } from '../setup/real-files.js';
import { hasSharedData, sharedFile } from '../setup/shared-data.js';
import { openTickStore, openTicks } from '../setup/tick-files.js';

const all = process.env.REAL_FILES === 'all';
if (hasSharedData && !all) process.stderr.write('the large files of ../shared/data are read by npm run test:data\n');

async function withBars(file: string, options: FileOptions, use: (bars: BarFile) => Promise<void>): Promise<void> {
  const opened = await openFile(sharedFile(file), options);
  try {
    expect(opened.kind).toBe('bars');
    await use(opened as BarFile);
  } finally {
    await opened.close();
  }
}

describe.runIf(hasSharedData)('bars', () => {
  test.each(REAL_BARS.filter(({ small }) => small || all))('$file', async (real: RealBars) => {
    const { file, layout, rows, options, rejected, leftOut, series, columns } = real;
    await withBars(file, options, async (bars) => {
      expect(bars).toMatchObject({ layout, rows, duplicates: 0, leftOut, rejected: rejected?.rows ?? 0 });
      expect(bars.problems[0]).toEqual(
        rejected && expect.objectContaining({ line: rejected.line, code: rejected.code, hint: expect.any(String) }),
      );
    });
    await withBars(file, { ...options, ...rejected?.with }, async (bars) => {
      expect(bars.rejected).toBe(rejected && !rejected.with ? rejected.rows : 0);
      expect(
        bars.series.map((one) => [
          one.symbol,
          one.timeframe,
          one.bars,
          one.first.toISOString(),
          one.last.toISOString(),
        ]),
      ).toEqual(
        series.map(([symbol, timeframe, count, ...bounds]) => [symbol, timeframe, count, ...bounds.map(instant)]),
      );
      const sums = { close: 0n, volume: 0n };
      for (const one of bars.series) {
        for await (const block of one.blocks()) {
          for (let row = 0; row < block.length; row += 1) {
            sums.close += block.close[row]!;
            sums.volume += block.volume[row]!;
          }
        }
      }
      const expected = { close: 0n, volume: 0n };
      for (const row of csvRows(file, columns.from)) {
        expected.close += scaled(row[columns.close]!, columns.divisor ? 4 : 8);
        expected.volume += scaled(row[columns.volume]!, 0);
      }
      expect(sums).toEqual(expected);
    });
  });
});

function instant(text: string): string {
  return new Date(text.length > 10 ? `${text}Z` : text).toISOString();
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

    const { url, import: read, verify } = await openTickStore();
    expect(await read(path)).toMatchObject([{ kind: 'trades', symbol: 'SPY', inserted: 250_601, unchanged: 0 }]);
    expect(await read(path)).toMatchObject([{ inserted: 0, changed: 0, unchanged: 250_601 }]);
    const client = await openRawClient(url);
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
    expect(await verify(path)).toMatchObject({ passed: true, series: [{ rows: 250_601, stored: 250_601 }] });
  });

  test('every quote of a day has one side, and none a price of 0', async () => {
    const path = sharedFile('ticks/lean_IBM_quotes_20131007.csv');
    const rows = csvRows('ticks/lean_IBM_quotes_20131007.csv');
    const sum = (column: number) => `${rows.reduce((total, row) => total + BigInt(row[column]!), 0n)}`;
    const sided = (column: number) => rows.filter((row) => row[column] !== '0').length;
    expect(rows).toHaveLength(109_067);
    expect(await openTicks(path)).toMatchObject({ kind: 'quotes', layout: 'lean-quotes', rows: 109_067, rejected: 0 });
    const { url, import: read, verify } = await openTickStore();
    expect(await read(path)).toMatchObject([{ kind: 'quotes', symbol: 'IBM', inserted: 109_067 }]);
    expect(await read(path)).toMatchObject([{ inserted: 0, changed: 0, unchanged: 109_067 }]);
    const client = await openRawClient(url);
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
    expect(await verify(path)).toMatchObject({ passed: true });
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
    const { url, import: read, verify } = await openTickStore();
    expect(await read(path)).toMatchObject(file.parts.map(({ kind, rows }) => ({ kind, inserted: rows })));
    expect(await read(path)).toMatchObject(
      file.parts.map(({ rows }) => ({ inserted: 0, changed: 0, unchanged: rows })),
    );
    const client = await openRawClient(url);
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
    expect(await verify(path)).toMatchObject({ passed: true });
  });
});
