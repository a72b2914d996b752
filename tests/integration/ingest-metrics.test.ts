import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/index.js';
import { minuteBar, temporaryDirectory } from '../setup/ingest.js';
import { readMetrics, scrapeOf } from '../setup/metrics-text.js';
import { openTcpProxy } from '../setup/tcp-proxy.js';
import { openTestStore } from '../setup/test-database.js';

async function openWatched(options: object = {}) {
  const directory = await temporaryDirectory();
  const ingest = { directory, retryDelay: 10, queueSize: 500, spoolSize: 64 * 2 ** 20, ...options };
  const opened = await openTestStore({ metrics: true, logLevel: 'silent', ingest });
  const read = async () => readMetrics(await opened.store.metrics!.metrics());
  return { ...opened, directory, read };
}

test('each row is counted from add to its table, by kind, with sizes and times of batches', async () => {
  const { store, read } = await openWatched();
  const before = await read();
  for (const kind of ['bar', 'trade', 'quote', 'orderBook'])
    expect(before(`timescale_write_total{kind="${kind}"}`)).toBe(0);
  await store.ingest.add([0, 1, 2].map((minute) => minuteBar('AAPL', minute)));
  await store.ingest.addTrade({ symbol: 'AAPL', timestamp: '2024-01-02T15:00:00Z', price: 10, size: 1, tradeId: '1' });
  await store.ingest.addQuote({ symbol: 'AAPL', timestamp: '2024-01-02T15:00:00Z', bidPrice: 9, bidSize: 1 });
  await store.ingest.addOrderBooks([
    { symbol: 'AAPL', timestamp: '2024-01-02T15:00:00Z', bids: [[9, 1]], asks: [[11, 1]] },
  ]);
  await store.ingest.flush();
  const after = await read();
  const counts = { bar: 3, trade: 1, quote: 1, orderBook: 1 };
  for (const [kind, count] of Object.entries(counts)) {
    expect(after(`wyckoff_write_accepted_total{kind="${kind}"}`), kind).toBe(count);
    expect(after(`timescale_write_total{kind="${kind}"}`), kind).toBe(count);
    expect(after(`wyckoff_write_dropped_total{kind="${kind}"}`), kind).toBe(0);
  }
  const batches = after('timescale_write_batch_size_count')!;
  expect(batches).toBeGreaterThanOrEqual(2);
  expect(after('timescale_write_batch_size_sum')).toBe(6);
  expect(after('timescale_write_latency_seconds_count')).toBe(batches);
  expect(after('wyckoff_write_batch_duration_seconds_count')).toBe(batches);
  expect(after('timescale_write_latency_seconds_sum')).toBeGreaterThan(0);
  expect(after('timescale_write_queue_depth')).toBe(0);
  expect(after('wyckoff_write_queue_limit')).toBe(500);
  expect(after('wyckoff_spool_limit_bytes')).toBe(64 * 2 ** 20);
  expect(after('wyckoff_breaker_state{state="closed"}')).toBe(1);
  expect(after('wyckoff_query_duration_seconds_count{operation="ingest.add",outcome="ok"}')).toBe(1);
  expect(after('wyckoff_query_duration_seconds_count{operation="ingest.write",outcome="ok"}')).toBe(batches);
});

test('an outage shows as errors, retries, an open breaker and a queue; rows wait in the spool and are counted once', async () => {
  const directory = await temporaryDirectory();
  const { store: beside, url } = await openTestStore();
  const proxy = await openTcpProxy(url);
  const ingest = { directory, retryDelay: 1, maxRetries: 2, interval: 10 };
  const store = await openStore({
    databaseUrl: proxy.url,
    logLevel: 'silent',
    metrics: true,
    ingest,
  });
  onTestFinished(async () => {
    await store.ingest.close({ timeout: 100 });
    await store.close();
  });
  const read = async () => readMetrics(await store.metrics!.metrics());
  await store.ingest.add(minuteBar('AAPL', 0));
  await store.ingest.flush();
  await scrapeOf(store.metrics!); // it is up
  proxy.close();
  await store.ingest.add([1, 2, 3].map((minute) => minuteBar('AAPL', minute)));
  let during = await read();
  while (during('wyckoff_breaker_state{state="open"}') !== 1) {
    await sleep(20);
    during = await read();
  }
  expect(during.sum('timescale_write_errors_total')).toBeGreaterThanOrEqual(3);
  expect(during('wyckoff_write_retries_total')).toBeGreaterThanOrEqual(2);
  expect(during('timescale_write_queue_depth')).toBe(3);
  expect(during('wyckoff_spool_rows')).toBe(3);
  expect(during('timescale_write_total{kind="bar"}')).toBe(1);
  expect(during('wyckoff_spool_bytes')).toBeGreaterThan(0);
  await proxy.reopen(url);
  await store.ingest.flush();
  const after = await read();
  expect(after('timescale_write_total{kind="bar"}')).toBe(4);
  expect(after('timescale_write_queue_depth')).toBe(0);
  expect(after('wyckoff_breaker_state{state="open"}')).toBe(0);
  expect(await beside.bars.count({ symbol: 'AAPL', timeframe: '1m' })).toBe(4);
});

test('what the database refuses, what a caller gets wrong and what is dropped are told apart, each by its code', async () => {
  const { store, read } = await openWatched();
  await store.trades.upsert([{ symbol: 'AAPL', timestamp: '2024-01-02T15:00:00Z', price: 10, size: 1, tradeId: '1' }]);
  await store.ingest.addTrade({ symbol: 'AAPL', timestamp: '2024-01-02T15:00:00Z', price: 11, size: 1, tradeId: '1' });
  await store.bars.upsert([minuteBar('MSFT', 0)]);
  await store.ingest.add({ ...minuteBar('MSFT', 1), volume: '0.5' });
  await store.ingest.flush();
  const bad = [
    { ...minuteBar('AAPL', 0), open: 0.1 },
    { ...minuteBar('AAPL', 1), symbol: 'a b' },
  ];
  await expect(store.ingest.add(bad)).rejects.toThrow();
  await expect(store.bars.upsert([{ ...minuteBar('AAPL', 0), open: 0.1 }])).rejects.toThrow();
  const after = await read();
  expect(after('wyckoff_dead_letters_total{kind="trade",code="ROW_DIFFERS"}')).toBe(1);
  expect(after('wyckoff_dead_letters_total{kind="bar",code="VOLUME_TOO_PRECISE"}')).toBe(1);
  expect(after('wyckoff_validation_failures_total{operation="ingest.write",code="VOLUME_TOO_PRECISE"}')).toBe(
    undefined,
  );
  expect(after('timescale_write_errors_total{code="ROW_DIFFERS"}')).toBe(1);
  expect(after('timescale_write_total{kind="trade"}')).toBe(0);
  expect(after('wyckoff_validation_failures_total{operation="ingest.add",code="DECIMAL_IS_FLOAT"}')).toBe(1);
  expect(after('wyckoff_validation_failures_total{operation="ingest.add",code="SYMBOL_INVALID"}')).toBe(1);
  expect(after('wyckoff_validation_failures_total{operation="bars.upsert",code="DECIMAL_IS_FLOAT"}')).toBe(1);
  expect(after('wyckoff_query_duration_seconds_count{operation="ingest.write",outcome="error"}')).toBe(2);

  const small = await openWatched({ durability: 'memory', whenFull: 'drop-oldest', queueSize: 2, interval: 60_000 });
  await small.store.ingest.add([0, 1, 2, 3, 4].map((minute) => minuteBar('AAPL', minute)));
  await small.store.ingest.flush();
  const counts = await small.read();
  const dropped = counts('wyckoff_write_dropped_total{kind="bar"}')!;
  expect(dropped + counts('timescale_write_total{kind="bar"}')!).toBe(5);
  expect(dropped).toBe(small.store.ingest.stats.dropped);
});

test('a store that has not taken a row yet shows what lies on its disk: spools of others, dead letters, free room', async () => {
  const dataDirectory = join(await temporaryDirectory(), 'data');
  const { store: first } = await openTestStore({ metrics: true, dataDirectory });
  const nothing = readMetrics(await first.metrics!.metrics());
  expect(nothing('wyckoff_spool_bytes')).toBe(0);
  expect(nothing('wyckoff_dead_letters_bytes')).toBe(0);
  // The folder is made by the first row; until then the disk is that of the folder it will be in.
  expect(nothing('wyckoff_spool_disk_free_bytes')).toBeGreaterThan(0);
  await mkdir(join(dataDirectory, 'ingest/spool/of-another'), { recursive: true });
  await writeFile(join(dataDirectory, 'ingest/spool/of-another/1.segment'), 'x'.repeat(1234));
  await appendFile(join(dataDirectory, 'ingest/dead-letters.ndjson'), `${'y'.repeat(99)}\n`);
  const { store } = await openTestStore({ metrics: true, dataDirectory });
  const there = readMetrics(await store.metrics!.metrics());
  expect(there('wyckoff_spool_bytes')).toBe(1234);
  expect(there('wyckoff_dead_letters_bytes')).toBe(100);
  expect(there('wyckoff_spool_disk_size_bytes')).toBeGreaterThan(there('wyckoff_spool_disk_free_bytes')!);
});

test('the catalog lags behind by the age of the newest bar that has closed, by timeframe, over all symbols', async () => {
  const { store } = await openTestStore({ metrics: true });
  const minute = 60_000;
  const opened = Math.floor(Date.now() / minute) * minute - 10 * minute;
  const bar = { open: 10, high: 20, low: 1, close: 10, volume: 1 };
  await store.bars.upsert([
    { ...bar, symbol: 'AAPL', timeframe: '1m', timestamp: new Date(opened - 60 * minute) },
    { ...bar, symbol: 'MSFT', timeframe: '1m', timestamp: new Date(opened) },
    {
      ...bar,
      symbol: 'AAPL',
      timeframe: '1d',
      timestamp: new Date(Math.ceil(Date.now() / 86_400_000 + 1) * 86_400_000),
    },
  ]);
  const read = await scrapeOf(store.metrics!);
  const lag = read('wyckoff_catalog_lag_seconds{timeframe="1m"}')!;
  const exact = (Date.now() - opened) / 1000 - 60;
  expect(lag).toBeLessThanOrEqual(exact);
  expect(lag).toBeGreaterThan(exact - 60);
  expect(read('wyckoff_catalog_lag_seconds{timeframe="1d"}')).toBe(0);
  expect(read('wyckoff_catalog_lag_seconds{timeframe="1h"}')).toBeUndefined();
  expect(read('wyckoff_database_size_bytes')).toBeGreaterThan(1_000_000);
});

test('hits and misses of a cache are shown once there is one, and two stores do not add up', async () => {
  const { Metrics } = await import('../../src/observability/metrics.js');
  const metrics = new Metrics();
  const read = async () => readMetrics(await metrics.registry.metrics());
  expect((await read())('wyckoff_cache_hits_total')).toBe(0);
  metrics.watchCache(() => ({ hits: 7, misses: 2 }));
  for (let scrape = 0; scrape < 2; scrape += 1) {
    expect((await read())('wyckoff_cache_hits_total')).toBe(7);
    expect((await read())('wyckoff_cache_misses_total')).toBe(2);
  }
  const other = readMetrics(await new Metrics().registry.metrics());
  expect(other('wyckoff_cache_hits_total')).toBe(0);
  // Those of the process are in both.
  expect(other('process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
});
