import { expect, test } from 'vitest';
import { type BarInput, InvalidInputError } from '../../src/index.js';
import { instantOf } from '../setup/bar-arbitraries.js';
import { BarModel, printBars } from '../setup/bar-model.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const key = { symbol: 'AAPL', timeframe: '1d' } as const;

function bar(timestamp: string, change: Partial<BarInput> = {}): BarInput {
  return { ...key, timestamp, open: '10', high: '12', low: '9', close: '11', volume: 100, ...change };
}

test('a bar comes back as it went in, with its ratios', async () => {
  const { store } = await openTestStore();
  const before = Date.now();
  const counts = await store.bars.upsert([
    bar('2024-01-02', { open: '187.15', high: '188.44', low: '183.89', close: '185.64', volume: 82_488_700 }),
    bar('2024-01-03', {
      symbol: ' aapl ',
      open: '184.22',
      high: '185.88',
      low: '183.43',
      close: '184.25',
      volume: 58_414_500,
      vwap: '184.57123456',
      source: 'polygon',
    }),
  ]);
  expect(counts).toEqual({ inserted: 2, changed: 0, unchanged: 0 });
  const bars = await store.bars.range({ ...key, from: '2024-01-01', to: '2025-01-01' });
  expect(printBars(bars)).toEqual([
    '2024-01-02T00:00:00.000Z 187.15 188.44 183.89 185.64 82488700 4.55 1 1  ',
    '2024-01-03T00:00:00.000Z 184.22 185.88 183.43 184.25 58414500 2.45 0.5385 0.7082 184.57123456 polygon',
  ]);
  expect(bars.map(({ symbol, timeframe }) => [symbol, timeframe])).toEqual(Array(2).fill(['AAPL', '1d']));
  expect(bars[0]!.createdAt.getTime()).toBeGreaterThanOrEqual(before - 1);
  expect(bars[0]!.createdAt.getTime()).toBeLessThanOrEqual(Date.now() + 1);
});

test('counts what was inserted, changed and unchanged, and keeps every former value as a revision', async () => {
  const { store } = await openTestStore();
  await store.bars.upsert([bar('2024-01-02'), bar('2024-01-03'), bar('2024-01-04')]);
  const [first] = await store.bars.range(key);
  expect(
    await store.bars.upsert([
      bar('2024-01-02', { open: '10.00', close: 11 }), // the same values in another spelling
      bar('2024-01-03', { close: '9.5', source: 'corrected' }),
      bar('2024-01-05'),
    ]),
  ).toEqual({ inserted: 1, changed: 1, unchanged: 1 });
  expect(await store.bars.upsert([bar('2024-01-03', { close: '10.5', vwap: '10.1' })])).toMatchObject({ changed: 1 });
  const revisions = await store.bars.revisions(key);
  expect(revisions.map((each) => [each.close.toFixed(), each.vwap, each.source, each.reason, each.runId])).toEqual([
    ['11', null, null, 'change', null],
    ['9.5', null, 'corrected', 'change', null],
  ]);
  // From when it was first known to now, without a gap and without an overlap.
  const [, changed] = await store.bars.range(key);
  expect(revisions[0]!.knownFrom).toEqual(first!.createdAt);
  expect(revisions[1]!.knownFrom).toEqual(revisions[0]!.knownUntil);
  expect(changed!.createdAt).toEqual(revisions[1]!.knownUntil);
  expect(revisions.every((each) => each.knownFrom < each.knownUntil)).toBe(true);
  expect([changed!.close.toFixed(), changed!.vwap?.toFixed(), changed!.source]).toEqual(['10.5', '10.1', null]);
});

test('each of a bar’s own values makes a change, and the same values none', async () => {
  const { store } = await openTestStore();
  const changes: Partial<BarInput>[] = [
    { open: '10.00000001' },
    { high: '12.5' },
    { low: '8.99999999' },
    { close: '10.9' },
    { volume: 101 },
    { vwap: '10.5' },
    { source: 'a' },
  ];
  let present: Partial<BarInput> = {};
  await store.bars.upsert([bar('2024-01-02')]);
  for (const change of changes) {
    present = { ...present, ...change };
    expect(await store.bars.upsert([bar('2024-01-02', present)])).toEqual({ inserted: 0, changed: 1, unchanged: 0 });
    expect(await store.bars.upsert([bar('2024-01-02', present)])).toEqual({ inserted: 0, changed: 0, unchanged: 1 });
  }
  expect(await store.bars.revisions(key)).toHaveLength(changes.length);
  expect(await store.bars.upsert([bar('2024-01-02')])).toEqual({ inserted: 0, changed: 1, unchanged: 0 });
  expect((await store.bars.revisions(key)).at(-1)).toMatchObject({ source: 'a' });
});

test('a bar that is there twice in a call counts as unchanged, or is refused with both positions', async () => {
  const { store } = await openTestStore();
  const twice = [bar('2024-01-03'), bar('2024-01-02'), bar('2024-01-03T00:00:00Z'), bar('2024-01-03')];
  expect(await store.bars.upsert(twice)).toEqual({ inserted: 2, changed: 0, unchanged: 2 });
  const error = await store.bars
    .upsert([
      bar('2024-02-01', { symbol: 'MSFT' }),
      bar('2024-02-01'),
      bar('2024-02-01', { close: '10' }),
      bar('2024-02-01', { symbol: 'MSFT', close: '10' }),
      bar('2024-02-01'),
      bar('2024-02-01', { close: '9' }),
    ])
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(error.problems.map(({ code, row, rule }: Record<string, unknown>) => [code, row, rule])).toEqual([
    ['DUPLICATE_TIMESTAMP', 2, 'rows 1 and 2 have the same timestamp and different values'],
    ['DUPLICATE_TIMESTAMP', 3, 'rows 0 and 3 have the same timestamp and different values'],
    ['DUPLICATE_TIMESTAMP', 5, 'rows 1 and 5 have the same timestamp and different values'],
  ]);
  expect(await store.bars.count({ timeframe: '1d' })).toBe(2);
});

test('names every bad bar by its position and writes nothing', async () => {
  const { store } = await openTestStore();
  const error = await store.bars
    .upsert([
      bar('2024-01-02'),
      bar('2024-01-03', { close: '10.123456789' }),
      null as never,
      bar('2024-01-04', { timeframe: '1D' as never }),
      bar('2024-01-05', { high: '8' }),
      bar('2024-01-06T14:30:00Z'),
      bar('2024-01-07', { symbol: 'A SYMBOL MUCH TOO LONG' }),
      bar('2024-01-08', { volume: -1 }),
      bar('2024-01-09', { open: 10.5 }),
      bar('2024-01-10', { source: 'a\0b' }),
      bar('2024-01-11', { low: '0' }),
    ])
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(InvalidInputError);
  const found = error.problems.map(({ row, path, code }: Record<string, unknown>) => `${row} ${path} ${code}`);
  expect([...new Set(found)]).toEqual([
    '1 close PRICE_TOO_PRECISE',
    '2  BAR_INVALID',
    '3 timeframe TIMEFRAME_UNKNOWN',
    ...found.filter((each: string) => each.startsWith('4 ')),
    '5 timestamp TIMESTAMP_MISALIGNED',
    '6 symbol SYMBOL_TOO_LONG',
    '7 volume VOLUME_NEGATIVE',
    '8 open DECIMAL_IS_FLOAT',
    '9 source SOURCE_INVALID',
    '10 low PRICE_NOT_POSITIVE',
  ]);
  expect(found.filter((each: string) => each.startsWith('4 ')).length).toBeGreaterThan(0);
  expect(await store.bars.series()).toEqual([]);
});

test('what is not an iterable of bars, and an empty one', async () => {
  const { store } = await openTestStore();
  for (const wrong of [bar('2024-01-02'), undefined, null, 7, 'bars'])
    await expect(store.bars.upsert(wrong as never)).rejects.toMatchObject({ code: 'BARS_INVALID' });
  expect(await store.bars.upsert([])).toEqual({ inserted: 0, changed: 0, unchanged: 0 });
  expect(await store.bars.upsert(new Set<BarInput>())).toEqual({ inserted: 0, changed: 0, unchanged: 0 });
  expect(await store.bars.upsert(new Set([bar('2024-01-02')]))).toMatchObject({ inserted: 1 });
});

test('an aborted signal writes nothing', async () => {
  const { store } = await openTestStore();
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(store.bars.upsert([bar('2024-01-02')], { signal })).rejects.toThrow('enough');
  expect(await store.bars.count({ timeframe: '1d' })).toBe(0);
});

test('bars of several series in one call, out of order', async () => {
  const { store } = await openTestStore();
  const models = [new BarModel('B', '1m'), new BarModel('A', '5m'), new BarModel('A', '1m')];
  const rows = Array.from({ length: 200 }, (_, index) => {
    const { key: series } = models[index % 3]!;
    const timestamp = instantOf(((index * 71) % 211) * 5);
    return { ...series, timestamp, open: 2, high: 2 + (index % 5), low: 2, close: 2, volume: index % 11 };
  });
  for (const model of models)
    model.upsert(rows.filter((row) => row.symbol === model.key.symbol && row.timeframe === model.key.timeframe));
  expect(await store.bars.upsert(rows)).toEqual({ inserted: 200, changed: 0, unchanged: 0 });
  for (const model of models) expect(printBars(await store.bars.range(model.key))).toEqual(model.rows);
  const names = (await store.bars.series()).map((series) => `${series.symbol} ${series.timeframe}`);
  expect(names).toEqual(['A 1m', 'A 5m', 'B 1m']);
});

test('insertIgnore leaves what is there as it is', async () => {
  const { store } = await openTestStore();
  await store.bars.upsert([bar('2024-01-02'), bar('2024-01-04')]);
  const rows = [bar('2024-01-02', { close: '9' }), bar('2024-01-03'), bar('2024-01-03'), bar('2024-01-04')];
  expect(await store.bars.insertIgnore(rows)).toEqual({ inserted: 1, ignored: 3 });
  expect((await store.bars.range(key)).map((each) => each.close.toFixed())).toEqual(['11', '11', '11']);
  expect(await store.bars.revisions(key)).toEqual([]);
});

test('a bar that something else wrote behind the catalog’s back is refused by the index, and nothing is written', async () => {
  const { store, url } = await openTestStore({ maxConnections: 1 });
  const minute = (slot: number) => bar(instantOf(slot).toISOString(), { timeframe: '1m' });
  await store.bars.upsert([minute(-1)]);
  const raw = await openRawClient(url);
  await raw.query(`INSERT INTO ohlcv_bars
    SELECT symbol, timeframe, '2024-01-01T05:00Z', open, high, low, close, volume, spread, spread_ratio, volume_ratio FROM ohlcv_bars`);
  const rows = Array.from({ length: 20_000 }, (_, slot) => minute(slot));
  await expect(store.bars.upsert(rows)).rejects.toMatchObject({ name: 'ConstraintError', code: 'UNIQUE_VIOLATION' });
  const { rows: left } = await raw.query('SELECT count(*)::int AS count FROM ohlcv_bars');
  expect(left).toEqual([{ count: 2 }]);
  expect(await store.bars.upsert([minute(-2)])).toMatchObject({ inserted: 1 }); // on the same connection
});
