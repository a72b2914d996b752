import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InvalidInputError } from '../../src/errors.js';
import { ALWAYS_OPEN, DAY, formatDate, type TradingCalendar } from '../../src/transfer/calendar/calendar.js';
import { openCalendar } from '../../src/transfer/calendar/calendars.js';
import { forexWeek } from '../../src/transfer/calendar/forex.js';
import { guessCalendar, phaseOf } from '../../src/transfer/calendar/guess.js';
import { nyse } from '../../src/transfer/calendar/nyse.js';
import { expectedSlots } from '../../src/transfer/calendar/slots.js';

/**
 * Weekdays without a session, then days that end at 13:00; MMDD. To 2022 they are those of tests/resources/xnys.csv of exchange_calendars (Apache-2.0,
 * commit 5308ce2), which was made of the exchange's own records; from 2023 on the exchange's published lists and its rules.
 */
const NYSE_DAYS = `
  2000 0117 0221 0421 0529 0704 0904 1123 1225|0703 1124
  2001 0101 0115 0219 0413 0528 0704 0903 0911 0912 0913 0914 1122 1225|0703 1123 1224
  2002 0101 0121 0218 0329 0527 0704 0902 1128 1225|0705 1129 1224
  2003 0101 0120 0217 0418 0526 0704 0901 1127 1225|0703 1128 1224 1226
  2004 0101 0119 0216 0409 0531 0611 0705 0906 1125 1224|1126
  2005 0117 0221 0325 0530 0704 0905 1124 1226|1125
  2006 0102 0116 0220 0414 0529 0704 0904 1123 1225|0703 1124
  2007 0101 0102 0115 0219 0406 0528 0704 0903 1122 1225|0703 1123 1224
  2008 0101 0121 0218 0321 0526 0704 0901 1127 1225|0703 1128 1224
  2009 0101 0119 0216 0410 0525 0703 0907 1126 1225|1127 1224
  2010 0101 0118 0215 0402 0531 0705 0906 1125 1224|1126
  2011 0117 0221 0422 0530 0704 0905 1124 1226|1125
  2012 0102 0116 0220 0406 0528 0704 0903 1029 1030 1122 1225|0703 1123 1224
  2013 0101 0121 0218 0329 0527 0704 0902 1128 1225|0703 1129 1224
  2014 0101 0120 0217 0418 0526 0704 0901 1127 1225|0703 1128 1224
  2015 0101 0119 0216 0403 0525 0703 0907 1126 1225|1127 1224
  2016 0101 0118 0215 0325 0530 0704 0905 1124 1226|1125
  2017 0102 0116 0220 0414 0529 0704 0904 1123 1225|0703 1124
  2018 0101 0115 0219 0330 0528 0704 0903 1122 1205 1225|0703 1123 1224
  2019 0101 0121 0218 0419 0527 0704 0902 1128 1225|0703 1129 1224
  2020 0101 0120 0217 0410 0525 0703 0907 1126 1225|1127 1224
  2021 0101 0118 0215 0402 0531 0705 0906 1125 1224|1126
  2022 0117 0221 0415 0530 0620 0704 0905 1124 1226|1125
  2023 0102 0116 0220 0407 0529 0619 0704 0904 1123 1225|0703 1124
  2024 0101 0115 0219 0329 0527 0619 0704 0902 1128 1225|0703 1129 1224
  2025 0101 0109 0120 0217 0418 0526 0619 0704 0901 1127 1225|0703 1128 1224
  2026 0101 0119 0216 0403 0525 0619 0703 0907 1126 1225|1127 1224
  2027 0101 0118 0215 0326 0531 0618 0705 0906 1125 1224|1126
  2028 0117 0221 0414 0529 0619 0704 0904 1123 1225|0703 1124
  2029 0101 0115 0219 0330 0528 0619 0704 0903 1122 1225|0703 1123 1224
  2030 0101 0121 0218 0419 0527 0619 0704 0902 1128 1225|0703 1129 1224
`;

function hours(calendar: TradingCalendar, date: string): string[] {
  const time = (at: number) => new Date(at).toISOString().slice(5, 16);
  return calendar.day(Date.parse(date)).sessions.map(({ open, close }) => `${time(open)} ${time(close)}`);
}

describe('NYSE', () => {
  const calendar = nyse();

  it('is closed and closes early on the days that the exchange was, each day of 2000 to 2030', () => {
    const closed = new Set<string>();
    const half = new Set<string>();
    for (const line of NYSE_DAYS.trim().split('\n')) {
      const [closures, halves] = line.trim().split('|');
      const [year, ...days] = closures!.split(' ');
      const toDate = (day: string) => `${year}-${day.slice(0, 2)}-${day.slice(2)}`;
      for (const day of days) closed.add(toDate(day));
      for (const day of halves!.split(' ')) half.add(toDate(day));
    }
    expect([calendar.from, calendar.to].map(formatDate)).toEqual(['2000-01-01', '2031-01-01']);
    const wrong: string[] = [];
    const found = { sessions: 0, half: 0 };
    for (let at = calendar.from; at < calendar.to; at += DAY) {
      const date = formatDate(at);
      const { sessions, reason } = calendar.day(at);
      const weekend = [0, 6].includes(new Date(at).getUTCDay());
      const open = sessions[0]?.open;
      const close = sessions.at(-1)?.close;
      const length = open === undefined ? 0 : (close! - open) / 60_000;
      const expected = weekend || closed.has(date) ? 0 : half.has(date) ? 210 : 390;
      if (length !== expected || (length < 390 && reason === null)) wrong.push(`${date}: ${length} min, ${reason}`);
      if (date > '2023-01-13') continue;
      found.sessions += length > 0 ? 1 : 0;
      found.half += length === 210 ? 1 : 0;
    }
    expect(wrong).toEqual([]);
    // What that file has, whatever was made of it here.
    expect(found).toEqual({ sessions: 5796, half: 50 });
  });

  it('opens at 09:30 in New York, in winter and in summer', () => {
    expect(hours(calendar, '2024-01-02')).toEqual(['01-02T14:30 01-02T21:00']);
    expect(hours(calendar, '2024-07-03')).toEqual(['07-03T13:30 07-03T17:00']);
    expect(hours(calendar, '2024-03-08')).toEqual(['03-08T14:30 03-08T21:00']);
    expect(hours(calendar, '2024-03-11')).toEqual(['03-11T13:30 03-11T20:00']);
    // Until 2006 the clocks changed in April.
    expect(hours(calendar, '2006-03-31')).toEqual(['03-31T14:30 03-31T21:00']);
  });

  it('names its closures, and tells the ordered ones from the holidays', () => {
    expect(calendar.day(Date.parse('2001-09-12'))).toEqual({
      sessions: [],
      reason: 'the attacks of 11 September 2001',
      special: true,
    });
    expect(calendar.day(Date.parse('2024-03-29'))).toEqual({ sessions: [], reason: 'Good Friday' });
    expect(hours(calendar, '2002-09-11')).toEqual(['09-11T13:30 09-11T16:00', '09-11T16:00 09-11T20:00']);
    expect(calendar.day(Date.parse('2002-09-11')).sessions[0]!.optional).toBe(true);
  });
});

it('the week of the currency market goes from 17:00 to 17:00 in New York, also where the clocks change in it', () => {
  const calendar = forexWeek();
  expect(hours(calendar, '2024-03-08')).toEqual(['03-07T22:00 03-08T22:00']);
  expect(hours(calendar, '2024-03-10')).toEqual([]);
  expect(hours(calendar, '2024-03-11')).toEqual(['03-10T21:00 03-11T21:00']);
  expect(hours(calendar, '2024-11-04')).toEqual(['11-03T22:00 11-04T22:00']);
});

describe('slots', () => {
  const starts = (calendar: TradingCalendar, timeframe: '1h' | '1m' | '1d', phase: number, from: string, to: string) =>
    [...expectedSlots({ calendar, timeframe, phase, from: Date.parse(from), to: Date.parse(to) })].map(({ start }) =>
      new Date(start).toISOString().slice(5, 16),
    );

  it('hours begin where those of the series do', () => {
    const half = starts(nyse(), '1h', 30 * 60_000, '2024-11-29', '2024-11-30');
    expect(half).toEqual(['11-29T14:30', '11-29T15:30', '11-29T16:30', '11-29T17:30']);
    const full = starts(nyse(), '1h', 0, '2024-11-29', '2024-11-30');
    expect(full).toEqual(['11-29T14:00', '11-29T15:00', '11-29T16:00', '11-29T17:00']);
    const hour = (at: string) => Date.parse(`2024-11-29T${at}Z`);
    expect(phaseOf('1h', [hour('14:30'), hour('15:00'), hour('16:00')])).toBe(0);
    expect(phaseOf('1h', [hour('14:30'), hour('15:30'), hour('16:00')])).toBe(30 * 60_000);
  });

  it('minutes are those of the sessions, and days those that have one', () => {
    expect(starts(nyse(), '1m', 0, '2024-01-01', '2024-01-08')).toHaveLength(4 * 390);
    expect(starts(ALWAYS_OPEN, '1m', 0, '2024-01-01T00:01', '2024-01-02T00:01')).toHaveLength(1440);
    expect(starts(forexWeek(), '1h', 0, '2024-03-04', '2024-03-11')).toHaveLength(24 * 5 - 2 + 3);
    expect(starts(nyse(), '1d', 0, '2001-09-10', '2001-09-18')).toEqual(['09-10T00:00', '09-17T00:00']);
  });
});

describe('a calendar file', () => {
  const written = async (content: string) => {
    const folder = await mkdtemp(join(tmpdir(), 'wyckoff-calendar-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'hours.json'), content);
    return join(folder, 'hours.json');
  };

  it('has sessions by weekday, holidays, and half days, on the clock of its zone', async () => {
    const path = await written(
      JSON.stringify({
        ...{ zone: 'Asia/Hong_Kong', from: '2024-01-01', to: '2025-01-01' },
        sessions: { mon: ['09:30-12:00', '13:00-16:00'], tue: ['22:00-02:00'], wed: ['00:00-24:00'] },
        ...{ holidays: { '2024-04-01': 'Easter Monday' }, halfDays: { '2024-12-23': ['09:30-12:00'] } },
      }),
    );
    const calendar = await openCalendar(path);
    expect(calendar).toMatchObject({ name: 'hours.json', zone: 'Asia/Hong_Kong', complete: false });
    expect([calendar.from, calendar.to].map(formatDate)).toEqual(['2024-01-01', '2025-01-01']);
    expect(hours(calendar, '2024-01-08')).toEqual(['01-08T01:30 01-08T04:00', '01-08T05:00 01-08T08:00']);
    expect(hours(calendar, '2024-01-09')).toEqual(['01-09T14:00 01-09T18:00']);
    expect(hours(calendar, '2024-01-10')).toEqual(['01-09T16:00 01-10T16:00']);
    expect(calendar.day(Date.parse('2024-04-01'))).toEqual({ sessions: [], reason: 'Easter Monday' });
    expect(hours(calendar, '2024-12-23')).toEqual(['12-23T01:30 12-23T04:00']);
  });

  it('that is wrong is told with every place where it is', async () => {
    const refused = async (content: string) => {
      const error = await openCalendar(await written(content)).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InvalidInputError);
      return (error as InvalidInputError).problems.map(({ code, path }) => `${code} ${path}`);
    };
    expect(await refused('{"zone": ')).toEqual(['CALENDAR_FILE_INVALID ']);
    expect(
      await refused(
        JSON.stringify({
          ...{ zone: 'Mars/Base', holidays: ['2024-02-30'] },
          sessions: { mon: ['9-17'], tue: ['10:00-12:00', '11:00-13:00'] },
        }),
      ),
    ).toEqual(['zone', 'sessions.mon.0', 'sessions.tue', 'holidays.0'].map((path) => `CALENDAR_FILE_INVALID ${path}`));
    await expect(openCalendar('/nowhere/hours.json')).rejects.toMatchObject({ code: 'CALENDAR_FILE_UNREADABLE' });
    await expect(openCalendar('lse')).rejects.toMatchObject({ code: 'CALENDAR_UNKNOWN' });
  });
});

describe('a calendar is guessed', () => {
  const bars = (calendar: TradingCalendar, timeframe: '1m' | '1h' | '1d', from: string, to: string) => {
    const [start, end] = [Date.parse(from), Date.parse(to)];
    return [...expectedSlots({ calendar, timeframe, phase: 0, from: start, to: end })].map((slot) => slot.start);
  };
  const guessed = (timeframe: '1m' | '1h' | '1d', timestamps: number[]) =>
    guessCalendar(timeframe, timestamps)?.calendar.name;

  it('by weekends, holidays and hours', () => {
    for (const timeframe of ['1m', '1h', '1d'] as const) {
      const [from, to] = ['2024-06-01', '2024-08-01'];
      expect(guessed(timeframe, bars(ALWAYS_OPEN, timeframe, from, to))).toBe('24x7');
      expect(guessed(timeframe, bars(forexWeek(), timeframe, from, to))).toBe('forex');
      expect(guessed(timeframe, bars(nyse(), timeframe, from, to))).toBe('nyse');
    }
    const thin = bars(nyse(), '1m', '2024-06-01', '2024-08-01').filter((_, index) => index % 7 === 0);
    expect(guessed('1m', thin)).toBe('nyse');
    const tokyo = Array.from({ length: 5 * 60 }, (_, minute) => Date.parse('2024-06-03') + minute * 60_000);
    expect(guessed('1m', tokyo)).toBeUndefined();
  });
});
