import { expect, test } from 'vitest';
import type { BarInput, GapReport, Store, Timeframe } from '../../src/index.js';
import { ALWAYS_OPEN, type TradingCalendar } from '../../src/transfer/calendar/calendar.js';
import { forexWeek } from '../../src/transfer/calendar/forex.js';
import { nyse } from '../../src/transfer/calendar/nyse.js';
import { expectedSlots } from '../../src/transfer/calendar/slots.js';
import { openTestStore } from '../setup/test-database.js';
import { file, useCsvDirectory } from './csv-files.js';

useCsvDirectory();

/** The bars that a calendar expects, but for those that `leave` names by how their instant begins. */
async function fill(
  store: Store,
  { symbol, timeframe }: { symbol: string; timeframe: Timeframe },
  calendar: TradingCalendar,
  [from, to]: readonly [string, string],
  leave: readonly string[] = [],
  phase = 0,
): Promise<void> {
  const bars: BarInput[] = [];
  for (const { start } of expectedSlots({ calendar, timeframe, from: Date.parse(from), to: Date.parse(to), phase })) {
    const at = new Date(start).toISOString();
    if (!leave.some((prefix) => at.startsWith(prefix))) bars.push(bar(symbol, timeframe, at));
  }
  await store.bars.upsert(bars);
}

const bar = (symbol: string, timeframe: Timeframe, timestamp: string): BarInput => ({
  ...{ symbol, timeframe, timestamp },
  ...{ open: 2, high: 3, low: 1, close: 2, volume: 1 },
});

const found = ({ gaps }: GapReport) =>
  gaps.map(({ from, to, bars, reason }) => `${short(from)} ${short(to)} ${bars} ${reason}`);
const short = (at: Date) => at.toISOString().slice(0, 16).replace('T00:00', '');

test('days: closures are no gaps, and nothing is missing before the first bar or in years that the calendar does not know', async () => {
  const { store } = await openTestStore();
  const key = { symbol: 'DAYS', timeframe: '1d' } as const;
  await fill(store, key, nyse(), ['2000-01-01', '2000-03-20'], ['2000-03-0', '2000-02-22']);
  const others = ['1999-12-30', '1999-12-31', '2000-02-21', '2000-02-26'];
  await store.bars.upsert(others.map((date) => bar('DAYS', '1d', date)));
  const report = await store.gaps(key);
  expect(report).toMatchObject({
    ...{ calendar: 'nyse', guessedBy: 'it has bars on weekdays, and none on most US holidays' },
    ...{ from: new Date('2000-01-01'), to: new Date('2000-03-18'), expected: 53, missing: 8, bars: 47, extra: 2 },
    ...{ reasons: { outage: { gaps: 2, bars: 8 } }, closures: [] },
    notJudged: [{ from: new Date('1999-12-30'), to: new Date('2000-01-01'), bars: 2 }],
  });
  expect(found(report)).toEqual(['2000-02-22 2000-02-23 1 outage', '2000-03-01 2000-03-10 7 outage']);
  expect(report.extraBars.map(({ first, reason }) => `${short(first)} ${reason}`)).toEqual([
    "2000-02-21 Washington's Birthday",
    '2000-02-26 weekend',
  ]);
  // Behind the last bar something is missing where the caller says that there should be more, before the first one never.
  const wider = await store.gaps({ ...key, from: '1990-01-01', to: '2000-03-25', limit: 1 });
  expect(wider.reasons).toEqual({ outage: { gaps: 2, bars: 8 }, 'no newer bars': { gaps: 1, bars: 5 } });
  expect(wider.gaps).toHaveLength(1);
  const part = await store.gaps({ ...key, from: '2000-03-06', to: '2000-03-08' });
  expect(part).toMatchObject({ missing: 2, expected: 2, bars: 0 });
  // The bar of a day that the window begins in is in front of it.
  const within = await store.gaps({ ...key, from: '2000-03-13T12:00Z', to: '2000-03-15' });
  expect(within).toMatchObject({ missing: 0, expected: 1, bars: 1, extra: 0 });
  // What has not closed cannot be missing.
  const future = await store.gaps({ ...key, calendar: '24x7', from: '2000-03-17', to: '2100-01-01' });
  expect(future.to.getTime()).toBeLessThanOrEqual(Date.now());

  const closed = { symbol: 'CLOSED', timeframe: '1d' } as const;
  await fill(store, closed, nyse(), ['2001-09-04', '2001-09-22'], ['2001-09-10']);
  expect(await store.gaps(closed)).toMatchObject({
    ...{ missing: 1, gaps: [{ from: new Date('2001-09-10'), to: new Date('2001-09-11'), bars: 1 }] },
    closures: [{ from: '2001-09-11', to: '2001-09-14', reason: 'the attacks of 11 September 2001' }],
  });
});

test('minutes: gaps by their likely reason', async () => {
  const { store } = await openTestStore();
  const coin = { symbol: 'COIN', timeframe: '1m' } as const;
  // Across the end of a page of the reads.
  await fill(
    store,
    coin,
    ALWAYS_OPEN,
    ['2024-01-01', '2024-02-05'],
    ['2024-01-10T07:3', '2024-02-01T23', '2024-02-02T00'],
  );
  const always = await store.gaps(coin);
  expect(always).toMatchObject({ calendar: '24x7', expected: 50_400, missing: 130, extra: 0 });
  expect(found(always)).toEqual([
    '2024-01-10T07:30 2024-01-10T07:40 10 outage',
    '2024-02-01T23:00 2024-02-02T01:00 120 outage',
  ]);

  const thin = { symbol: 'THIN', timeframe: '1m' } as const;
  const unlucky = ['2', '5'].flatMap((minute) =>
    Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, '0')}:3${minute}`),
  );
  await fill(
    store,
    thin,
    nyse(),
    ['2024-07-01', '2024-07-06'],
    ['2024-07-05T15', ...unlucky.map((time) => `2024-07-02T${time}`)],
  );
  await store.bars.upsert(
    ['2024-07-02T20:00Z', '2024-07-03T17:00Z', '2024-07-03T17:05Z'].map((time) => bar('THIN', '1m', time)),
  );
  const report = await store.gaps(thin);
  expect(report).toMatchObject({ calendar: 'nyse', expected: 3 * 390 + 210, missing: 60 + 14, extra: 3 });
  expect(report.reasons).toEqual({ 'thin trading': { gaps: 14, bars: 14 }, outage: { gaps: 1, bars: 60 } });
  expect(report.extraBars).toMatchObject([
    { bars: 1, reason: 'outside of the session' },
    { first: new Date('2024-07-03T17:00Z'), last: new Date('2024-07-03T17:05Z'), bars: 2 },
  ]);
});

test('a calendar that does not know all closures makes guesses of them; hours may begin with the session or with the hour', async () => {
  const { store } = await openTestStore();
  const euro = { symbol: 'EURUSD', timeframe: '1h' } as const;
  const leave = ['2024-12-25', '2024-12-31T2', '2024-12-31T19', '2024-12-24T23', '2024-12-24T22'];
  await fill(store, euro, forexWeek(), ['2024-12-16', '2025-01-04'], leave);
  const week = await store.gaps(euro);
  expect(week).toMatchObject({ calendar: 'forex', missing: 31 });
  expect(found(week)).toEqual(['2024-12-24T22:00 2024-12-26 26 holiday?', '2024-12-31T19:00 2025-01-01 5 outage']);

  const hours = JSON.stringify({
    zone: 'Europe/London',
    sessions: Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri'].map((day) => [day, ['08:00-16:30']])),
  });
  const calendar = await file(hours, 'lse.json');
  const shell = { symbol: 'SHEL', timeframe: '15m' } as const;
  const lse = await file(hours.replace('"sessions"', '"name": "lse", "sessions"'), 'named.json');
  const { openCalendar } = await import('../../src/transfer/calendar/calendars.js');
  await fill(
    store,
    shell,
    await openCalendar(lse),
    ['2024-12-20', '2024-12-31'],
    [
      ...['2024-12-24T12:3', '2024-12-24T12:45', '2024-12-24T13', '2024-12-24T14', '2024-12-24T15', '2024-12-24T16'],
      ...['2024-12-25', '2024-12-26', '2024-12-30T08', '2024-12-30T09:0'],
    ],
  );
  const london = await store.gaps({ ...shell, calendar });
  expect(london).toMatchObject({ calendar: 'lse.json', guessedBy: null });
  expect(london.reasons).toEqual({ 'holiday?': { gaps: 1, bars: 16 + 2 * 34 }, 'late open?': { gaps: 1, bars: 5 } });
  await store.bars.upsert([bar('SHEL', '15m', '2024-12-24T16:15Z'), bar('SHEL', '15m', '2024-12-26T08:00Z')]);
  expect((await store.gaps({ ...shell, calendar: lse })).reasons).toEqual({
    outage: { gaps: 1, bars: 15 },
    'holiday?': { gaps: 1, bars: 34 },
    'early close?': { gaps: 1, bars: 33 },
    'late open?': { gaps: 1, bars: 5 },
  });

  for (const [symbol, phase] of [
    ['HALF', 30],
    ['FULL', 0],
  ] as const) {
    const key = { symbol, timeframe: '1h' } as const;
    await fill(store, key, nyse(), ['2024-07-01', '2024-07-06'], ['2024-07-02T17'], phase * 60_000);
    expect(await store.gaps(key)).toMatchObject({ calendar: 'nyse', expected: 25, missing: 1, extra: 0 });
  }
  // The first bar of a session may carry the hour or the opening of the session, and there is one of them.
  await store.bars.delete({ symbol: 'FULL', timeframe: '1h', from: '2024-07-01T13:00Z', to: '2024-07-01T14:00Z' });
  await store.bars.upsert([bar('FULL', '1h', '2024-07-01T13:30Z'), bar('FULL', '1h', '2024-07-05T13:30Z')]);
  const full = await store.gaps({ symbol: 'FULL', timeframe: '1h' });
  expect(full).toMatchObject({ missing: 1, extra: 1, extraBars: [{ reason: 'another bar of its hour' }] });
});

test('what cannot be judged is refused', async () => {
  const { store } = await openTestStore();
  const tokyo = Array.from({ length: 300 }, (_, minute) =>
    new Date(Date.UTC(2024, 5, 3) + minute * 60_000).toISOString(),
  );
  await store.bars.upsert(tokyo.map((at) => bar('TOPIX', '1m', at)));
  const topix = { symbol: 'TOPIX', timeframe: '1m' } as const;
  await expect(store.gaps(topix)).rejects.toMatchObject({ code: 'CALENDAR_NOT_GUESSED' });
  await expect(store.gaps({ ...topix, calendar: 'tse' })).rejects.toMatchObject({ code: 'CALENDAR_UNKNOWN' });
  await expect(store.gaps({ ...topix, symbol: 'NONE' })).rejects.toMatchObject({ code: 'SERIES_UNKNOWN' });
  await expect(store.gaps({ ...topix, limit: 0 })).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(store.gaps({ ...topix, calendar: '24x7', signal })).rejects.toThrow('enough');
});
