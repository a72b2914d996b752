import { expect, test } from 'vitest';
import { type BarInput, Decimal } from '../../src/index.js';
import { printBars } from '../setup/bar-model.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const BTC = { symbol: 'BTCUSDT', timeframe: '1h' } as const;
const LARGEST = '9999999999.99999999';

function btc(timestamp: string, volume: BarInput['volume'], change: Partial<BarInput> = {}): BarInput {
  return { ...BTC, timestamp, open: '42000.01', high: '42100.5', low: '41999.99', close: '42050', volume, ...change };
}

test('volumes of a series with five decimals are exact there and back', async () => {
  const { store, url } = await openTestStore();
  const rows = [
    btc('2024-01-01T00:00Z', '12.34567'),
    btc('2024-01-01T01:00Z', '0.00001'),
    btc('2024-01-01T02:00Z', new Decimal('92233720368547.75807')), // the largest BIGINT
  ];
  expect(await store.bars.upsert(rows, { volumeScale: 5 })).toEqual({ inserted: 3, changed: 0, unchanged: 0 });
  const bars = await store.bars.range(BTC);
  expect(bars.map((bar) => bar.volume.toFixed())).toEqual(['12.34567', '0.00001', '92233720368547.75807']);
  const raw = await openRawClient(url);
  const { rows: stored } = await raw.query('SELECT volume FROM ohlcv_bars ORDER BY timestamp');
  expect(stored.map((row) => row.volume)).toEqual(['1234567', '1', '9223372036854775807']);
  expect((await store.bars.series())[0]).toMatchObject({ volumeScale: 5, count: 3 });
  // The scale is the series': later calls need not say it, and revisions know it too.
  expect(await store.bars.upsert([btc('2024-01-01T00:00Z', '12.34568'), rows[1]!])).toMatchObject({
    changed: 1,
    unchanged: 1,
  });
  expect((await store.bars.revisions(BTC)).map((each) => each.volume.toFixed())).toEqual(['12.34567']);
  const columns = await store.bars.columns(BTC);
  expect([columns.volume.scale, columns.volume.values[0]]).toEqual([5, 1_234_568n]);
  expect((await store.bars.latest({ ...BTC, knownAt: bars[0]!.createdAt, limit: 3 }))[0]!.volume.toFixed()).toBe(
    '12.34567',
  );
});

test('a volume finer than its series is refused with the way out, never rounded', async () => {
  const { store } = await openTestStore();
  await expect(store.bars.upsert([btc('2024-01-01T00:00Z', '1.5')])).rejects.toMatchObject({
    code: 'VOLUME_TOO_PRECISE',
    hint: expect.stringContaining('volumeScale'),
  });
  await store.bars.upsert([btc('2024-01-01T00:00Z', '1.5')], { volumeScale: 1 });
  await expect(store.bars.upsert([btc('2024-01-01T01:00Z', '1.55')], { volumeScale: 2 })).rejects.toMatchObject({
    code: 'VOLUME_TOO_PRECISE',
  });
  for (const volumeScale of [-1, 9, 1.5])
    await expect(
      store.bars.upsert([btc('2024-01-01T01:00Z', 1, { symbol: 'ETHUSDT' })], { volumeScale }),
    ).rejects.toMatchObject({ code: 'VOLUME_SCALE_INVALID' });
  expect((await store.bars.series()).map((series) => series.symbol)).toEqual(['BTCUSDT']);
});

test('a series that someone else is making meanwhile keeps the scale that it got', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  await raw.query('BEGIN');
  await raw.query(`INSERT INTO bar_series (symbol, timeframe, volume_scale) VALUES ('BTCUSDT', '1h', 3)`);
  const writing = store.bars.upsert([btc('2024-01-01T00:00Z', '1.5')], { volumeScale: 5 });
  const waits =
    "SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
  for (let waiting = 0; waiting === 0; ) waiting = (await raw.query(waits)).rows[0].waiting;
  await raw.query('COMMIT');
  expect(await writing).toEqual({ inserted: 1, changed: 0, unchanged: 0 });
  expect(await store.bars.series()).toMatchObject([{ symbol: 'BTCUSDT', volumeScale: 3, count: 1 }]);
  expect((await store.bars.latest(BTC)).map(({ volume }) => volume.toString())).toEqual(['1.5']);
});

test('the largest and smallest values there are, and their ratios', async () => {
  const { store } = await openTestStore();
  const key = { symbol: 'X', timeframe: '1d' } as const;
  const flat = (timestamp: string, price: string, volume: bigint | string) => ({
    ...key,
    timestamp,
    open: price,
    high: price,
    low: price,
    close: price,
    volume,
  });
  await store.bars.upsert([
    flat('2024-01-01', LARGEST, 0n),
    flat('2024-01-02', '0.00000001', 9_223_372_036_854_775_807n),
    { ...flat('2024-01-03', LARGEST, '9223372036854775807'), low: '0.00000001', open: '0.00000001', vwap: LARGEST },
  ]);
  expect(printBars(await store.bars.range(key))).toEqual([
    `2024-01-01T00:00:00.000Z ${LARGEST} ${LARGEST} ${LARGEST} ${LARGEST} 0 0 1 1  `,
    '2024-01-02T00:00:00.000Z 0.00000001 0.00000001 0.00000001 0.00000001 9223372036854775807 0 1 999999.9999  ',
    `2024-01-03T00:00:00.000Z 0.00000001 ${LARGEST} 0.00000001 ${LARGEST} 9223372036854775807 9999999999.99999998 999999.9999 2 ${LARGEST} `,
  ]);
  const refused = store.bars.upsert([flat('2024-01-04', '10000000000', 1n)]);
  await expect(refused).rejects.toMatchObject({ code: 'PRICE_TOO_LARGE' });
  const tooMuch = store.bars.upsert([flat('2024-01-04', '1', 2n ** 63n)]);
  await expect(tooMuch).rejects.toMatchObject({ code: 'VOLUME_TOO_LARGE' });
});

test('prices at and below zero, where the caller says that they are meant', async () => {
  const { store } = await openTestStore();
  const oil = { symbol: 'CL=F', timeframe: '1d', timestamp: '2020-04-20', volume: 247_947 } as const;
  const bar = { ...oil, open: '17.73', high: '17.85', low: '-40.32', close: '-37.63', vwap: '-1.5' };
  await expect(store.bars.upsert([bar])).rejects.toMatchObject({ code: 'PRICE_NOT_POSITIVE' });
  await store.bars.upsert([bar], { allowNonPositive: true });
  expect(printBars(await store.bars.range(oil))).toEqual([
    '2020-04-20T00:00:00.000Z 17.73 17.85 -40.32 -37.63 247947 58.17 1 1 -1.5 ',
  ]);
  const zero = { ...oil, timestamp: '2020-04-21', open: 0, high: 0, low: 0, close: 0, vwap: 0, source: 'é'.repeat(32) };
  expect(await store.bars.insertIgnore([zero], { allowNonPositive: true })).toEqual({ inserted: 1, ignored: 0 });
  const [, stored] = await store.bars.range(oil);
  expect([stored!.close.toFixed(), stored!.vwap?.toFixed(), stored!.source]).toEqual(['0', '0', 'é'.repeat(32)]);
});
