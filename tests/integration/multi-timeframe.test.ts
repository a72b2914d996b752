import { expect, test } from 'vitest';
import type { BarInput, MultiTimeframeInput, Timeframe } from '../../src/index.js';
import { openTestStore } from '../setup/test-database.js';

const DAY = Date.UTC(2024, 0, 2);
const MINUTE = 60_000;

function bars(timeframe: Timeframe, minutes: readonly number[], close: number): BarInput[] {
  return minutes.map((at) => ({
    ...{ symbol: 'AAPL', timeframe, timestamp: new Date(DAY + at * MINUTE) },
    ...{ open: 1, high: close, low: 1, close, volume: 10, vwap: 1, source: 'feed' },
  }));
}

const range = (count: number, step = 1, from = 0) => Array.from({ length: count }, (_, index) => from + index * step);

test('stored bars go before resampled ones, each frame says which it has, and nothing has to close yet', async () => {
  const { store } = await openTestStore();
  await store.bars.upsert([
    ...bars('1m', range(180), 2), // 00:00 to 03:00
    ...bars('15m', range(4, 15), 3), // to 01:00
    ...bars('1h', [120], 4), // closes at 03:00
  ]);
  const frames = async (at: number, limit: number, ...timeframes: Timeframe[]) => {
    const input = { symbol: 'AAPL', timeframes, at: new Date(DAY + at * MINUTE), limit };
    return (await store.bars.multiTimeframe(input)).map(({ timeframe, source, from, bars: found }) => [
      ...[timeframe, source, from],
      found.map(({ timestamp, close }) => `${timestamp.toISOString().slice(11, 16)} ${close}`).join(),
    ]);
  };
  expect(await frames(180, 2, '1h', '15m', '5m', '1m', '1d')).toEqual([
    ['1h', 'stored', '1h', '02:00 4'],
    ['15m', 'stored', '15m', '00:30 3,00:45 3'],
    ['5m', 'resampled', '1m', '02:50 2,02:55 2'],
    ['1m', 'stored', '1m', '02:58 2,02:59 2'],
    ['1d', 'none', null, ''],
  ]);
  // The stored hour has not closed, so the hours are made of minutes.
  expect(await frames(179, 5, '1h', '15m', '5m')).toEqual([
    ['1h', 'resampled', '1m', '00:00 2,01:00 2'],
    ['15m', 'stored', '15m', '00:00 3,00:15 3,00:30 3,00:45 3'],
    ['5m', 'resampled', '1m', '02:30 2,02:35 2,02:40 2,02:45 2,02:50 2'],
  ]);
  expect(await frames(1440, 1, '1d')).toEqual([['1d', 'resampled', '1m', '00:00 2']]);
  expect(await frames(1, 1, '1m', '5m')).toEqual([
    ['1m', 'stored', '1m', '00:00 2'],
    ['5m', 'none', null, ''],
  ]);
  expect(await frames(0, 1, '1m')).toEqual([['1m', 'none', null, '']]);
  expect(await store.bars.multiTimeframe({ symbol: 'NONE', timeframes: ['1m'], at: '2024-01-03', limit: 1 })).toEqual([
    { timeframe: '1m', source: 'none', from: null, bars: [] },
  ]);
});

test('the bars are those of asOf and of resample, ratios included', async () => {
  const { store } = await openTestStore();
  const minutes = range(400).filter((minute) => minute % 7 !== 0);
  await store.bars.upsert(
    minutes.map((minute) => ({
      ...bars('1m', [minute], 2 + (minute % 11))[0]!,
      volume: minute % 5,
      open: 1,
      high: 20,
    })),
  );
  const at = new Date(DAY + 333 * MINUTE);
  const frames = await store.bars.multiTimeframe({ symbol: 'AAPL', timeframes: ['1m', '5m', '15m'], at, limit: 3 });
  const resampled = async (to: '5m' | '15m') =>
    (await store.bars.resample({ symbol: 'AAPL', from: '1m', to, at })).slice(-3);
  expect(frames.map(({ bars: found }) => found)).toEqual([
    await store.bars.asOf({ symbol: 'AAPL', timeframe: '1m', at, limit: 3 }),
    await resampled('5m'),
    await resampled('15m'),
  ]);
  await store.transaction({}, async (tx) => {
    await tx.bars.delete({ symbol: 'AAPL', timeframe: '1m', from: new Date(DAY + 330 * MINUTE) });
    const [frame] = await tx.bars.multiTimeframe({ symbol: 'AAPL', timeframes: ['1m'], at, limit: 1 });
    expect(frame!.bars).toMatchObject([{ timestamp: new Date(DAY + 328 * MINUTE) }]);
  });
});

test('bars before a long gap are found, of minutes and of what is made of them', async () => {
  const { store } = await openTestStore();
  await store.bars.upsert([...bars('1m', range(30, 1, -600 * 1440), 3), ...bars('1m', [0], 2)]);
  const [stored, made] = await store.bars.multiTimeframe({
    ...{ symbol: 'AAPL', timeframes: ['1m', '15m'], at: '2024-02-01', limit: 3 },
  });
  expect(stored!.bars.map(({ close }) => close.toFixed())).toEqual(['3', '3', '2']);
  expect(made!.bars).toMatchObject([{ sourceBars: 15 }, { sourceBars: 15 }, { sourceBars: 1 }]);
});

test('what cannot be meant is refused', async () => {
  const { store } = await openTestStore();
  const refused = (input: unknown) =>
    store.bars.multiTimeframe(input as MultiTimeframeInput).then(
      () => [],
      ({ problems }) => problems.map(({ code, path }: { code: string; path: string }) => `${path} ${code}`),
    );
  const sound = { symbol: 'AAPL', timeframes: ['1m'], at: '2024-01-01', limit: 1 };
  expect(await refused(sound)).toEqual([]);
  expect(await refused(null)).toEqual([' OBJECT_EXPECTED']);
  expect(await refused({ ...sound, limit: 0 })).toEqual(['limit LIMIT_INVALID']);
  expect(await refused({ ...sound, timeframes: [] })).toEqual(['timeframes TIMEFRAMES_INVALID']);
  expect(await refused({ ...sound, timeframes: ['1m', '1m'] })).toEqual(['timeframes TIMEFRAMES_INVALID']);
  expect(await refused({ ...sound, timeframes: ['1m', '2m'], at: 'soon' })).toEqual([
    'at INSTANT_INVALID',
    'timeframes.1 TIMEFRAME_UNKNOWN',
  ]);
});
