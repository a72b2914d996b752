import { expect, test } from 'vitest';
import type { BarInput, Series } from '../../src/index.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const key = { symbol: 'AAPL', timeframe: '1d' } as const;

function bar(day: string, change: Partial<BarInput> = {}): BarInput {
  return { ...key, timestamp: `2024-01-${day}`, open: 1, high: 2, low: 1, close: 2, volume: 1, ...change };
}

const day = (instant: Date) => instant.toISOString().slice(8, 10);
const summary = (series: Series | undefined) => series && [day(series.first), day(series.last), series.count];

test('first, last and count follow every write and delete', async () => {
  const { store } = await openTestStore();
  const catalog = async () => summary((await store.bars.series())[0]);
  const remove = (from: string, to: string) =>
    store.bars.delete({ ...key, from: `2024-01-${from}`, to: `2024-01-${to}` });
  expect(await catalog()).toBeUndefined();
  await store.bars.upsert([bar('10')]);
  expect(await catalog()).toEqual(['10', '10', 1]);
  await store.bars.upsert([bar('12'), bar('08')]);
  expect(await catalog()).toEqual(['08', '12', 3]);
  await store.bars.upsert([bar('10', { close: 1 }), bar('12')]);
  expect(await catalog()).toEqual(['08', '12', 3]);
  await store.bars.upsert([bar('09'), bar('11'), bar('20')]);
  expect(await catalog()).toEqual(['08', '20', 6]);
  expect(await remove('10', '12')).toBe(2); // in the middle
  expect(await catalog()).toEqual(['08', '20', 4]);
  expect(await remove('13', '20')).toBe(0); // nothing is there
  expect(await catalog()).toEqual(['08', '20', 4]);
  expect(await remove('20', '21')).toBe(1); // the last
  expect(await catalog()).toEqual(['08', '12', 3]);
  expect(await remove('01', '09')).toBe(1); // the first
  expect(await catalog()).toEqual(['09', '12', 2]);
  expect(await remove('01', '31')).toBe(2);
  expect(await catalog()).toBeUndefined();
});

test('a series whose bars were all deleted begins again with its id, its volume scale and its history', async () => {
  const { store } = await openTestStore();
  await store.bars.upsert([bar('02', { volume: '0.25' })], { volumeScale: 2 });
  const [before] = await store.bars.series();
  expect(await store.bars.delete(key)).toBe(1);
  expect(await store.bars.range(key)).toEqual([]);
  expect(await store.bars.delete(key)).toBe(0);
  await store.bars.upsert([bar('05', { volume: '0.75' })]);
  const [after] = await store.bars.series();
  expect(after).toMatchObject({ id: before!.id, volumeScale: 2, count: 1 });
  const [first] = await store.bars.range(key);
  expect([first!.volume.toFixed(), first!.volumeRatio.toFixed()]).toEqual(['0.75', '1']); // the first bar of a series again
  expect((await store.bars.revisions(key)).map((each) => [each.volume.toFixed(), each.reason])).toEqual([
    ['0.25', 'delete'],
  ]);
});

test('series come by symbol and timeframe, all or of one of them', async () => {
  const { store } = await openTestStore();
  const symbols = ['BRK.B', 'BRKA', 'BRK/B', '^GSPC', '$X', 'A', '0700.HK'];
  const rows = symbols.flatMap((symbol) => [bar('02', { symbol }), bar('02', { symbol, timeframe: '15m' })]);
  await store.bars.upsert(rows);
  const byCode = [...symbols].sort((a, b) => (a < b ? -1 : 1));
  const names = async (filter?: Parameters<typeof store.bars.series>[0]) =>
    (await store.bars.series(filter)).map((series) => `${series.symbol} ${series.timeframe}`);
  expect(await names()).toEqual(byCode.flatMap((symbol) => [`${symbol} 15m`, `${symbol} 1d`]));
  expect(await names({ timeframe: '1d' })).toEqual(byCode.map((symbol) => `${symbol} 1d`));
  expect(await names({ symbol: ' brk.b ' })).toEqual(['BRK.B 15m', 'BRK.B 1d']);
  expect(await names({ symbol: 'NONE' })).toEqual([]);
});

test('a delete leaves one audit event on the series, an upsert none', async () => {
  const { store, url } = await openTestStore({ applicationName: 'nightly/2.1' });
  await store.bars.upsert([bar('02'), bar('03'), bar('04')]);
  await store.bars.upsert([bar('02', { close: 1 })]);
  const raw = await openRawClient(url);
  const events = 'SELECT event_type, entity_type, entity_id, actor, action, metadata, seq FROM audit_trail';
  expect((await raw.query(events)).rows).toEqual([]);
  const [series] = await store.bars.series();
  expect(await store.bars.delete({ ...key, from: '2024-02-01' })).toBe(0);
  expect(await store.bars.delete({ ...key, from: '2024-01-03', to: '2024-01-31' })).toBe(2);
  expect((await raw.query(events)).rows).toEqual([
    {
      event_type: 'BARS_DELETED',
      entity_type: 'BAR_SERIES',
      entity_id: series!.id,
      actor: 'nightly/2.1',
      action: 'deleted 2 bars of AAPL 1d',
      metadata: { from: '2024-01-03T00:00:00Z', to: '2024-01-31T00:00:00Z', deleted: 2 },
      seq: '1',
    },
  ]);
});

test('a delete that finds fewer bars than the catalog counts is refused, and nothing is deleted', async () => {
  const { store, url } = await openTestStore();
  await store.bars.upsert([bar('08'), bar('09'), bar('10')]);
  const raw = await openRawClient(url);
  await raw.query("DELETE FROM ohlcv_bars WHERE timestamp >= '2024-01-09'");
  await expect(store.bars.delete({ ...key, to: '2024-01-09' })).rejects.toMatchObject({ code: 'CATALOG_DIFFERS' });
  expect(await store.bars.existingTimestamps(key)).toEqual([new Date('2024-01-08')]);
});
