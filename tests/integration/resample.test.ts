import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import { refreshAggregates } from '../../src/database/layouts/refresh-aggregates.js';
import type { Client, Session } from '../../src/database/session.js';
import type { BarInput, ResampledBar, ResampleInput } from '../../src/index.js';
import { AsOfReader } from '../../src/repositories/bars/as-of-reader.js';
import { BarRepository } from '../../src/repositories/bars/bar-repository.js';
import { openRawClient } from '../setup/raw-client.js';
import { startOfToday } from '../setup/start-of-today.js';
import { openTestStore } from '../setup/test-database.js';

const AT = '2024-02-01';
const today = new Date(await startOfToday());

/** A 1m bar of 2 January 2024 unless the time has a date: open, high, low, close, volume, vwap. */
function minute(time: string, values: readonly (number | string | null)[] = [1, 1, 1, 1, 1], more = {}): BarInput {
  const [open, high, low, close, volume, vwap = null] = values as [number, number, number, number, number, string];
  const timestamp = time.includes('T') ? `${time}Z` : `2024-01-02T${time}Z`;
  return { symbol: 'AAPL', timeframe: '1m', timestamp, open, high, low, close, volume, vwap, ...more };
}

const print = (bars: readonly ResampledBar[]) =>
  bars.map(({ timestamp, open, high, low, close, volume, vwap, sourceBars }) =>
    [
      timestamp.toISOString().replace('2024-01-02T', '').replace(':00.000Z', ''),
      ...[open, high, low, close, volume].map((value) => value.toFixed()),
      vwap?.toFixed() ?? 'null',
      sourceBars,
    ].join(' '),
  );

async function open() {
  const { store, url } = await openTestStore();
  const database = await Database.open(readConfig({ databaseUrl: url }));
  onTestFinished(() => database.close());
  /** The answer, which is the same once the aggregates have been refreshed, where there are any. */
  const resample = async (input: Partial<ResampleInput>): Promise<ResampledBar[]> => {
    const whole = { symbol: 'AAPL', from: '1m', to: '5m', at: AT, ...input } as const;
    const before = await store.bars.resample(whole);
    await refreshAggregates(database);
    expect(await store.bars.resample(whole)).toEqual(before);
    return before;
  };
  return { store, url, database, resample };
}

test('a bucket has the open of its first bar, the close of its last, and the whole bar shape', async () => {
  const { store, resample } = await open();
  await store.bars.upsert([
    minute('10:04', [4, 9, 4, 5, 30, '7']),
    minute('10:00', [1, 2, 1, 2, 10, '1.5']),
    minute('10:01', [2, 3, '0.5', 3, 20, '2']),
    minute('10:05', [5, 6, 5, 6, 100, '5.5']),
  ]);
  const [first, second] = await resample({});
  expect(JSON.parse(JSON.stringify(first))).toEqual({
    ...{ symbol: 'AAPL', timeframe: '5m', timestamp: '2024-01-02T10:00:00.000Z' },
    ...{ open: '1', high: '9', low: '0.5', close: '5', volume: '60', spread: '8.5', vwap: '4.41666667' },
    ...{ spreadRatio: '1', volumeRatio: '1', sourceBars: 3 },
  });
  expect(JSON.parse(JSON.stringify(second))).toMatchObject({ spreadRatio: '0.1176', volumeRatio: '1.6667' });
  expect(print(await resample({ to: '1d' }))).toEqual(['00:00 1 9 0.5 6 160 5.09375 4']);
});

describe('windows', () => {
  test('hold the buckets that open in [start, end), each with all of its bars', async () => {
    const { store, resample } = await open();
    await store.bars.upsert(['09:59', '10:00', '10:04', '10:05', '10:10'].map((time) => minute(time)));
    const openings = async (start?: string, end?: string) =>
      print(await resample({ start: start && `2024-01-02T${start}Z`, end: end && `2024-01-02T${end}Z` })).map(
        (line) => `${line.slice(0, 5)} ${line.at(-1)}`,
      );
    expect(await openings()).toEqual(['09:55 1', '10:00 2', '10:05 1', '10:10 1']);
    expect(await openings('10:00', '10:10')).toEqual(['10:00 2', '10:05 1']);
    expect(await openings('10:00:00.001', '10:05:00.001')).toEqual(['10:05 1']);
    expect(await openings('09:51', '10:04')).toEqual(['09:55 1', '10:00 2']);
    expect(await openings('10:00', '10:00')).toEqual([]);
    expect(await openings('11:00')).toEqual([]);
    expect(await openings(undefined, '09:55')).toEqual([]);
  });

  test('hold only what had closed at the instant given, by default at present', async () => {
    const { store, resample } = await open();
    await store.bars.upsert([
      ...['10:00', '10:04', '10:05'].map((time) => minute(time)),
      minute(today.toISOString().slice(0, 16)),
    ]);
    const at = async (time: string) => print(await resample({ at: `2024-01-02T${time}Z` }));
    expect(await at('10:04:59.999')).toEqual([]);
    expect(await at('10:05')).toEqual(['10:00 1 1 1 1 2 null 2']);
    expect(await at('10:07')).toEqual(['10:00 1 1 1 1 2 null 2']);
    expect(await at('10:10')).toHaveLength(2);
    const days = await resample({ to: '1d', at: undefined });
    expect(days.map(({ timestamp }) => timestamp.toISOString())).toEqual(['2024-01-02T00:00:00.000Z']);
    expect(await resample({ to: '1d', at: new Date(today.getTime() + 86_400_000) })).toHaveLength(2);
  });

  test('know no daylight saving: the day has 24 buckets of an hour, from midnight in UTC', async () => {
    const { store, resample } = await open();
    const day = Date.UTC(2024, 2, 10); // New York's clocks went forward
    const bars = Array.from({ length: 48 }, (_, half) =>
      minute(new Date(day + half * 1_800_000).toISOString().slice(0, 16)),
    );
    await store.bars.upsert(bars);
    const hours = await resample({ to: '1h', at: '2024-04-01' });
    expect(hours.map(({ timestamp, sourceBars }) => [timestamp.getTime(), sourceBars])).toEqual(
      Array.from({ length: 24 }, (_, hour) => [day + hour * 3_600_000, 2]),
    );
    expect(await resample({ to: '1d', at: '2024-04-01' })).toMatchObject([
      { timestamp: new Date(day), sourceBars: 48 },
    ]);
  });

  test('have the ratios of all 20 buckets before them, however far back those lie', async () => {
    const { store, resample } = await open();
    const far = Array.from({ length: 25 }, (_, bucket) =>
      minute(new Date(Date.UTC(2019, 5, 1) + bucket * 300_000).toISOString().slice(0, 16), [
        1,
        1 + bucket,
        1,
        1,
        bucket,
      ]),
    );
    await store.bars.upsert([...far, minute('10:00', [1, 30, 1, 1, 29])]);
    // The mean of 5 to 24 is 14.5.
    expect(await resample({ start: '2024-01-01' })).toMatchObject([
      { volumeRatio: { d: [2] }, spreadRatio: { d: [2] } },
    ]);
  });
});

describe('VWAP', () => {
  const openVwaps = async () => {
    const { store, resample } = await open();
    let series = 0;
    /** Of the buckets of 5 minutes, and then of the day. */
    return async (bars: readonly BarInput[], options = {}) => {
      series += 1;
      const symbol = `VWAP${series}`;
      await store.bars.upsert(
        bars.map((bar) => ({ ...bar, symbol })),
        options,
      );
      const all = [...(await resample({ symbol })), ...(await resample({ symbol, to: '1d' }))];
      return all.map(({ vwap }) => vwap?.toFixed());
    };
  };

  test('is weighted by volume across the levels, and rounded once, half-up', async () => {
    const vwaps = await openVwaps();
    expect(
      await vwaps([
        minute('10:00', [1, 3, 1, 1, 1, '1.00000001']),
        minute('10:01', [1, 3, 1, 1, 1, '1.00000002']),
        minute('11:00', [1, 3, 1, 1, 2, '1.00000001']),
      ]),
    ).toEqual(['1.00000002', '1.00000001', '1.00000001']);
    // A quotient cut to fewer digits would round up: it is 1.499999999999999999 x 10^-8 and some more.
    expect(
      await vwaps([
        minute('10:00', [1, 1, 1, 1, '500000000000000001', '0.00000001']),
        minute('10:01', [1, 1, 1, 1, '499999999999999999', '0.00000002']),
      ]),
    ).toEqual(['0.00000001', '0.00000001']);
  });

  test('goes away from zero at the half also below it', async () => {
    const vwaps = await openVwaps();
    const bars = [
      minute('10:00', [-1, -1, -1, -1, 1, '-1.00000001']),
      minute('10:01', [-1, -1, -1, -1, 1, '-1.00000002']),
    ];
    expect(await vwaps(bars, { allowNonPositive: true })).toEqual(['-1.00000002', '-1.00000002']);
  });

  test('is missing where a bar with volume has none, or no bar has volume', async () => {
    const vwaps = await openVwaps();
    expect(await vwaps([minute('10:00', [1, 1, 1, 1, 5, '1']), minute('10:01', [1, 1, 1, 1, 1])])).toEqual([
      undefined,
      undefined,
    ]);
    expect(await vwaps([minute('10:00', [1, 1, 1, 1, 5, '1']), minute('10:01', [1, 1, 1, 1, 0])])).toEqual(['1', '1']);
    expect(await vwaps([minute('10:00', [1, 1, 1, 1, 0, '1'])])).toEqual([undefined, undefined]);
    // One bucket of the day has it, the day has not.
    expect(await vwaps([minute('10:00', [1, 1, 1, 1, 5, '1']), minute('11:00', [1, 1, 1, 1, 1])])).toEqual([
      '1',
      undefined,
      undefined,
    ]);
  });
});

describe('volume', () => {
  test('keeps the scale of its series', async () => {
    const { store, resample } = await open();
    const bars = [minute('10:00', [1, 1, 1, 1, '0.00001', '1']), minute('10:01', [1, 1, 1, 1, '12.5', '2'])];
    await store.bars.upsert(bars, { volumeScale: 5 });
    expect(print(await resample({ to: '1h' }))).toEqual(['10:00 1 1 1 1 12.50001 1.9999992 2']);
  });

  test('that is more than a volume can be is a typed error, and a transaction goes on', async () => {
    const { store, database } = await open();
    const large = '9000000000000000000';
    await store.bars.upsert([minute('10:00', [1, 1, 1, 1, large]), minute('10:07', [1, 1, 1, 1, large])]);
    const input = { symbol: 'AAPL', from: '1m', to: '15m', at: AT } as const;
    const refusal = { code: 'VOLUME_TOO_LARGE', hint: expect.stringContaining('finer') };
    await expect(store.bars.resample(input)).rejects.toMatchObject(refusal);
    await refreshAggregates(database);
    await expect(store.bars.resample(input)).rejects.toMatchObject(refusal);
    await store.transaction({}, async (tx) => {
      await expect(tx.bars.resample(input)).rejects.toMatchObject(refusal);
      expect(await tx.bars.resample({ ...input, to: '5m' })).toHaveLength(2);
    });
  });
});

describe('fill', () => {
  const openFilled = async () => {
    const { store, resample } = await open();
    let series = 0;
    /** Bars of the times given; the window is of the same day, the clock a month later. */
    return async (times: readonly string[], input: { start?: string; end?: string; at?: string }) => {
      series += 1;
      const symbol = `FILL${series}`;
      await store.bars.upsert(times.map((time) => minute(time, [1, 3, 1, 2, 10, '2'], { symbol })));
      const bound = (time: string | undefined) => (time === undefined ? undefined : `2024-01-02T${time}Z`);
      const window = { start: bound(input.start), end: bound(input.end), at: bound(input.at) ?? '2025-02-01' };
      const bars = print(await resample({ symbol, ...window, fill: 'previous' }));
      return bars.map((line) => line.replace(' 1 3 1 2 10 2 1', ' bar'));
    };
  };
  const flat = (time: string) => `${time} 2 2 2 2 0 null 0`;

  test('stands flat at the close before, between the bars', async () => {
    const filled = await openFilled();
    expect(await filled(['10:00', '10:16'], {})).toEqual(['10:00 bar', flat('10:05'), flat('10:10'), '10:15 bar']);
  });

  test('begins at the start where a bar lies before it, and nowhere before the first bar', async () => {
    const filled = await openFilled();
    expect(await filled(['09:00', '10:12'], { start: '10:00' })).toEqual([flat('10:00'), flat('10:05'), '10:10 bar']);
    expect(await filled(['10:12', '10:21'], { start: '10:00' })).toEqual(['10:10 bar', flat('10:15'), '10:20 bar']);
  });

  test('reaches to the end where a bar lies behind it, and never beyond the last that had closed', async () => {
    const filled = await openFilled();
    const bars = ['10:00', '10:22'];
    expect(await filled(bars, { end: '10:15' })).toEqual(['10:00 bar', flat('10:05'), flat('10:10')]);
    expect(await filled(bars, { start: '10:05', end: '10:15' })).toEqual([flat('10:05'), flat('10:10')]);
    expect(await filled(bars, { end: '10:15', at: '10:24' })).toEqual(['10:00 bar']);
    expect(await filled(bars, { end: '10:15', at: '10:25' })).toEqual(['10:00 bar', flat('10:05'), flat('10:10')]);
    expect(await filled(['10:00'], { end: '10:15' })).toEqual(['10:00 bar']);
    // The next bar is a year away.
    expect(await filled(['10:00', '2025-01-02T10:00'], { end: '10:10' })).toEqual(['10:00 bar', flat('10:05')]);
  });

  test('leaves the ratios of real bars alone; its own are those of nothing', async () => {
    const { store, resample } = await open();
    await store.bars.upsert([
      minute('10:00', [1, 1, 1, 1, 10]),
      minute('10:10', [1, 5, 1, 1, 20]),
      minute('10:20', [1, 3, 1, 1, 30]),
    ]);
    const ratios = (bars: readonly ResampledBar[]) =>
      bars.map(({ spreadRatio, volumeRatio, sourceBars }) => `${spreadRatio} ${volumeRatio} ${sourceBars}`);
    const real = ratios(await resample({}));
    expect(real).toEqual(['1 1 1', '999999.9999 2 1', '1 2 1']);
    const all = ratios(await resample({ fill: 'previous' }));
    // No spread yet is a mean of zero, which zero is equal to.
    expect(all).toEqual([real[0], '1 0 0', real[1], '0 0 0', real[2]]);
  });
});

describe('other stored timeframes', () => {
  const bar = (timeframe: '5m' | '15m' | '1h', timestamp: string): BarInput => ({
    ...{ symbol: 'AAPL', timeframe, timestamp, open: 1, high: 2, low: 1, close: 2, volume: 1, vwap: 1 },
  });

  test('are resampled from their own bars', async () => {
    const { store, resample } = await open();
    await store.bars.upsert([
      ...['2024-01-02T09:55', '2024-01-02T10:00', '2024-01-02T10:55'].map((at) => bar('5m', at)),
      bar('15m', '2024-01-02T23:45'),
      minute('12:00'),
    ]);
    expect(print(await resample({ from: '5m', to: '1h' }))).toEqual(['09:00 1 2 1 2 1 1 1', '10:00 1 2 1 2 2 1 2']);
    expect(print(await resample({ from: '15m', to: '1d' }))).toEqual(['00:00 1 2 1 2 1 1 1']);
    expect(await resample({ from: '1h', to: '1d' })).toEqual([]);
    expect(print(await resample({ to: '1d' }))).toEqual(['00:00 1 1 1 1 1 null 1']);
  });

  test('of hours may reach beyond their day, which has closed when they have', async () => {
    const { store, resample } = await open();
    await store.bars.upsert([bar('1h', '2024-01-02T14:30'), bar('1h', '2024-01-02T23:45')]);
    const days = (at: string) => resample({ from: '1h', to: '1d', at });
    expect(await days('2024-01-03T00:44:59Z')).toEqual([]);
    expect(await days('2024-01-03T00:45:00Z')).toMatchObject([{ sourceBars: 2 }]);
  });
});

describe('retention', () => {
  test('in the middle of a bucket leaves the bucket with what is left, and what comes back later is there', async () => {
    const { store, url, resample } = await open();
    const bars = ['2024-01-01T10:00', '09:58', '10:00', '10:03', '10:07'].map((time) => minute(time));
    await store.bars.upsert(bars);
    expect(await resample({})).toHaveLength(4);
    const raw = await openRawClient(url);
    await raw.query("SELECT retain_bars('2024-01-02T10:02:00Z', 'test')");
    expect(print(await resample({}))).toEqual(['10:00 1 1 1 1 1 null 1', '10:05 1 1 1 1 1 null 1']);
    expect(await resample({ to: '1d' })).toMatchObject([{ sourceBars: 2 }]);
    // Before any refresh the aggregates still had these buckets, and the days in between.
    await store.bars.upsert([minute('2023-12-31T10:00')]);
    expect(await resample({ to: '1d' })).toMatchObject([{ sourceBars: 1 }, { sourceBars: 2 }]);
  });

  test('of everything leaves nothing, also not in the aggregates', async () => {
    const { store, url } = await open();
    await store.bars.upsert([minute('2024-01-01T10:00'), minute('10:00')]);
    const raw = await openRawClient(url);
    await raw.query("SELECT retain_bars('2024-01-02T00:00:00Z', 'test')");
    const input = { symbol: 'AAPL', from: '1m', to: '1h', at: AT } as const;
    expect(await store.bars.resample(input)).toHaveLength(1);
    await raw.query("SELECT retain_bars('2024-01-03T00:00:00Z', 'test')");
    expect(await store.bars.resample(input)).toEqual([]);
  });
});

test('a transaction sees what it has written, and nobody else does', async () => {
  const { store, resample } = await open();
  await store.bars.upsert([minute('10:00')]);
  expect(await resample({})).toHaveLength(1);
  const input = { symbol: 'AAPL', from: '1m', to: '5m', at: AT } as const;
  await store.transaction({}, async (tx) => {
    await tx.bars.upsert([minute('10:01'), minute('10:05')]);
    expect(await tx.bars.resample(input)).toMatchObject([{ sourceBars: 2 }, { sourceBars: 1 }]);
    expect(await store.bars.resample(input)).toMatchObject([{ sourceBars: 1 }]);
  });
  expect(await resample({})).toHaveLength(2);
});

/** Hands out clients that let somebody write after a read has looked at the catalog and before it reads bars. */
function interrupted(database: Database, interrupt: () => Promise<unknown>): Session {
  const wrap = (client: Client) =>
    new Proxy(client, {
      get(target, name) {
        if (name !== 'query') {
          const member = Reflect.get(target, name);
          return typeof member === 'function' ? member.bind(target) : member;
        }
        return (...given: unknown[]) => {
          const answer = Reflect.apply(target.query, target, given);
          const [query] = given as [{ name?: string }];
          if (query.name !== 'bars.symbol-view') return answer;
          return Promise.resolve(answer).then((rows) => interrupt().then(() => rows));
        };
      },
    });
  return {
    withClient: (use) => database.pool.withClient((client) => use(wrap(client))),
    transaction: () => Promise.reject(new Error('not asked for')),
  };
}

test('who writes between the statements of a read is in the answer as a whole, however often it happens', async () => {
  const { store, database } = await open();
  await store.bars.upsert([minute('10:00'), minute('10:01')]);
  await refreshAggregates(database);
  for (const times of [1, 4, 100]) {
    let written = 0;
    const bars = new BarRepository(
      interrupted(database, async () => {
        if (written === times) return;
        written += 1;
        const close = 1 + times * 1000 + written;
        await store.bars.upsert([
          minute('2024-01-01T10:00', [1, close, 1, close, written]),
          minute('10:01', [1, close, 1, close, written]),
          minute('2024-01-03T10:00', [1, close, 1, close, written]),
        ]);
      }),
      { actor: 'test' },
      () => database.layout.aggregates,
    );
    const days = await bars.resample({ symbol: 'AAPL', from: '1m', to: '1d', at: AT });
    const close = String(1 + times * 1000 + written);
    expect(days.map((day) => day.close.toFixed())).toEqual([close, close, close]);
    expect(written).toBe(Math.min(times, 5));
  }
});

test('an as-of reader resamples up to its clock, and counts what asks for more', async () => {
  const { store } = await open();
  await store.bars.upsert(['10:00', '10:05', '10:10'].map((time) => minute(time)));
  const reader = new AsOfReader(store.bars, '2024-01-02T10:12:00Z');
  const input = { symbol: 'AAPL', from: '1m', to: '5m' } as const;
  expect(await reader.resample(input)).toHaveLength(2);
  expect(await reader.resample({ ...input, end: '2024-01-02T10:10:00Z' })).toHaveLength(2);
  expect(reader.violationCount).toBe(0);
  expect(reader.vouchesFor({ symbol: 'AAPL', timeframe: '5m', from: '2024-01-02', to: '2024-01-03' })).toBe(true);
  expect(await reader.resample({ ...input, end: '2024-01-02T10:12:00Z' })).toHaveLength(2);
  expect(await reader.resample({ ...input, start: '2024-01-02T10:15:00Z' })).toEqual([]);
  expect(reader.violations).toEqual([
    ...['10:12', '10:15'].map((asked) => ({
      ...{ method: 'resample', symbol: 'AAPL', timeframe: '5m', at: new Date('2024-01-02T10:12:00Z') },
      asked: new Date(`2024-01-02T${asked}:00Z`),
    })),
  ]);
  expect(reader.series).toMatchObject([{ symbol: 'AAPL', timeframe: '5m', count: 4 }]);
});

test('what cannot be meant is refused, all of it at once', async () => {
  const { store } = await open();
  const refused = async (input: unknown) =>
    store.bars.resample(input as ResampleInput).then(
      () => [],
      ({ problems }) => problems.map(({ code, path }: { code: string; path: string }) => `${path} ${code}`),
    );
  expect(await refused(undefined)).toEqual([' OBJECT_EXPECTED']);
  expect(await refused({ symbol: '', from: '2m', to: '1H', start: 'x', at: 1, fill: 'next' })).toEqual([
    'symbol SYMBOL_INVALID',
    'from TIMEFRAME_UNKNOWN',
    'to TIMEFRAME_UNKNOWN',
    'start INSTANT_INVALID',
    'at INSTANT_INVALID',
    'fill CHOICE_UNKNOWN',
  ]);
  expect(await refused({ symbol: 'A', from: '5m', to: '5m', start: '2024-01-02', end: '2024-01-01' })).toEqual([
    'to TIMEFRAME_NOT_COARSER',
    'end WINDOW_REVERSED',
  ]);
  expect(await refused({ symbol: 'A', from: '1h', to: '15m' })).toEqual(['to TIMEFRAME_NOT_COARSER']);
  expect(await refused({ symbol: 'A', from: '1m', to: '1h' })).toEqual([]);
});
