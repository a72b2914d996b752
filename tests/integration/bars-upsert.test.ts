import { expect, test } from 'vitest';
import { openTestStore } from '../setup/test-database.js';

test('a bar comes back as it went in, with its ratios', async () => {
  const { store } = await openTestStore();
  const key = { symbol: 'AAPL', timeframe: '1d' } as const;
  const counts = await store.bars.upsert([
    {
      ...key,
      timestamp: '2024-01-02',
      open: '187.15',
      high: '188.44',
      low: '183.89',
      close: '185.64',
      volume: 82_488_700,
    },
    {
      ...key,
      timestamp: '2024-01-03',
      open: '184.22',
      high: '185.88',
      low: '183.43',
      close: '184.25',
      volume: 58_414_500,
    },
  ]);
  expect(counts).toEqual({ inserted: 2, changed: 0, unchanged: 0 });
  const [first, second] = await store.bars.range({ ...key, from: '2024-01-01', to: '2025-01-01' });
  expect(first).toMatchObject({
    symbol: 'AAPL',
    timeframe: '1d',
    timestamp: new Date('2024-01-02T00:00:00Z'),
    source: null,
    vwap: null,
  });
  expect([first!.open, first!.spread, first!.spreadRatio, second!.volumeRatio].map(String)).toEqual([
    '187.15',
    '4.55',
    '1',
    '0.7082',
  ]);
});
