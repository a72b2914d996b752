import { expect, test } from 'vitest';
import { Decimal, type IndicatorInput, InvalidInputError, type Problem } from '../../src/index.js';
import { openTestStore } from '../setup/test-database.js';

const key = { symbol: 'AAPL', timeframe: '1d', name: 'sma_20' } as const;

function value(change: Partial<IndicatorInput> = {}): IndicatorInput {
  return { ...key, timestamp: '2024-01-02', value: { mean: new Decimal('187.150'), bars: 20 }, ...change };
}

test('values come back by series, oldest first, with decimals as strings', async () => {
  const { store } = await openTestStore();
  const given = [
    value({ timestamp: '2024-01-03', value: ['1', { up: true, none: null }] }),
    value(),
    value({ name: 'rsi', value: '55.5' }),
    value({ timeframe: '1h', timestamp: '2024-01-02T14:30:00Z', value: 3 }),
  ];
  expect(await store.indicators.upsert(given)).toEqual({ inserted: 4, changed: 0, unchanged: 0, cut: 0 });
  const rows = await store.indicators.range({ ...key, from: '2024-01-01', to: '2024-01-04' });
  expect(rows).toEqual([
    {
      ...key,
      timestamp: new Date('2024-01-02T00:00:00Z'),
      value: { mean: '187.15', bars: 20 },
      createdAt: expect.any(Date),
    },
    {
      ...key,
      timestamp: new Date('2024-01-03T00:00:00Z'),
      value: ['1', { up: true, none: null }],
      createdAt: expect.any(Date),
    },
  ]);
  expect(await store.indicators.upsert(rows)).toMatchObject({ inserted: 0, unchanged: 2 });
  expect((await store.indicators.latest({ ...key, name: 'rsi' })).map((row) => row.value)).toEqual(['55.5']);
  expect(await store.indicators.count({ ...key, timeframe: '1h' })).toBe(1);
  expect(await store.indicators.delete({ ...key, to: '2024-01-03' })).toBe(1);
  expect((await store.indicators.range(key)).map((row) => row.timestamp)).toEqual([new Date('2024-01-03')]);
});

test('a value that says the same is unchanged, whatever the order of its keys; another replaces it', async () => {
  const { store } = await openTestStore();
  const document = (change: object) => value({ value: { b: 1, aa: { z: '1.50', y: [1.25, 1e-7, -0.5] }, ...change } });
  await store.indicators.upsert([document({})]);
  const turned = value({ value: { aa: { y: [1.25, 1e-7, -0.5], z: '1.50' }, b: 1 } });
  expect(await store.indicators.upsert([turned, document({})])).toEqual({
    inserted: 0,
    changed: 0,
    unchanged: 2,
    cut: 0,
  });
  expect(await store.indicators.upsert([document({ b: 2 })])).toMatchObject({ changed: 1 });
  expect((await store.indicators.latest(key)).map((row) => row.value)).toEqual([
    { b: 2, aa: { z: '1.50', y: [1.25, 1e-7, -0.5] } },
  ]);
  const differing = [document({ b: 3 }), document({ b: 4 })];
  await expect(store.indicators.upsert(differing)).rejects.toMatchObject({ code: 'DUPLICATE_TIMESTAMP' });
});

test('bad names, timeframes, instants and documents are refused, each by its position', async () => {
  const { store } = await openTestStore();
  const error = await store.indicators
    .upsert([
      value(),
      value({ name: 'SMA' }),
      value({ name: 'a'.repeat(51) }),
      value({ timeframe: '1D' as never }),
      value({ timestamp: '2024-01-02T05:00:00Z' }),
      value({ value: { mean: Number.NaN } }),
      value({ value: undefined }),
    ])
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(error.problems.map(({ row, code, path }: Problem) => `${row} ${code} ${path}`)).toEqual([
    '1 INDICATOR_NAME_INVALID name',
    '2 INDICATOR_NAME_INVALID name',
    '3 TIMEFRAME_UNKNOWN timeframe',
    '4 TIMESTAMP_MISALIGNED timestamp',
    '5 JSON_INVALID value.mean',
    '6 JSON_INVALID value',
  ]);
  expect(await store.indicators.count(key)).toBe(0);
});

test('a year of hourly values, streamed, is iterated whole and read from its end', async () => {
  const { store } = await openTestStore();
  const at = (hour: number) => new Date(Date.UTC(2024, 0, 1) + hour * 3_600_000);
  function* stream() {
    for (let hour = 24_000; hour > 0; hour -= 1) yield value({ timeframe: '1h', timestamp: at(hour), value: { hour } });
  }
  expect(await store.indicators.upsert(stream())).toMatchObject({ inserted: 24_000 });
  const series = { ...key, timeframe: '1h' } as const;
  let hour = 0;
  for await (const row of store.indicators.iterate(series)) {
    hour += 1;
    if (row.timestamp.getTime() !== at(hour).getTime()) break;
  }
  expect(hour).toBe(24_000);
  const latest = await store.indicators.latest({ ...series, limit: 1_000 });
  expect(latest.map((row) => row.value)).toEqual(
    Array.from({ length: 1_000 }, (_, index) => ({ hour: 23_001 + index })),
  );
});
