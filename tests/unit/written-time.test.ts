import { describe, expect, it } from 'vitest';
import { readWrittenTime, type TimeForm } from '../../src/transfer/read/written-time.js';
import { reading } from './reading.js';

const HOUR = 3_600_000;
const read = (text: string) => reading((report) => readWrittenTime(text, 'timestamp', report));

describe('readWrittenTime', () => {
  it.each([
    ['2024-02-29', '2024-02-29T00:00:00Z', undefined],
    ['2024-01-02 14:30', '2024-01-02T14:30:00Z', undefined],
    ['2024-01-02T14:30:15', '2024-01-02T14:30:15Z', undefined],
    [' 2024-01-02T14:30:15.250Z ', '2024-01-02T14:30:15.250Z', 0],
    ['2024-01-02 14:30:00.000000000', '2024-01-02T14:30:00Z', undefined],
    ['2024-01-02 09:30:00-05:00', '2024-01-02T09:30:00Z', -5 * HOUR],
    ['2024-01-02 09:30+0530', '2024-01-02T09:30:00Z', 5.5 * HOUR],
    ['2024-01-02T09:30:00+09', '2024-01-02T09:30:00Z', 9 * HOUR],
    ['1601-01-01', '1601-01-01T00:00:00Z', undefined],
  ])('reads %j as it stands, unconverted', (text, local, offset) => {
    expect(read(text)).toMatchObject({ value: { local: Date.parse(local), offset, slashed: false }, codes: [] });
  });

  it.each([
    ['11/5/2019 9:30', '2019-11-05T09:30:00Z'],
    ['1/2/2024', '2024-01-02T00:00:00Z'],
    ['02/29/2024 23:59:59', '2024-02-29T23:59:59Z'],
  ])('reads %j month first', (text, local) => {
    expect(read(text)).toMatchObject({
      value: { local: Date.parse(local), offset: undefined, slashed: true },
      codes: [],
    });
  });

  it.each([
    ['20240102', '2024-01-02T00:00:00Z', undefined],
    ['20240102 143015', '2024-01-02T14:30:15Z', undefined],
    ['20240102143015', '2024-01-02T14:30:15Z', undefined],
    ['19980102 00:00', '1998-01-02T00:00:00Z', undefined],
    ['2024.01.02 14:30', '2024-01-02T14:30:00Z', undefined],
    ['2018/10/15', '2018-10-15T00:00:00Z', undefined],
    ['2.1.2024 9:05', '2024-01-02T09:05:00Z', undefined],
    ['Jan 02, 2024', '2024-01-02T00:00:00Z', undefined],
    ['September 2 2024', '2024-09-02T00:00:00Z', undefined],
    ['2-Jan-2024', '2024-01-02T00:00:00Z', undefined],
    ['2024-01-02 2:30 PM', '2024-01-02T14:30:00Z', undefined],
    ['2024-01-02 12:05 am', '2024-01-02T00:05:00Z', undefined],
    ['2024-01-02 00:00:00 UTC', '2024-01-02T00:00:00Z', 0],
    ['20240102  09:30:00 US/Eastern', '2024-01-02T09:30:00Z', -5 * HOUR],
    ['20240702 09:30:00 America/New_York', '2024-07-02T09:30:00Z', -4 * HOUR],
    ['1704205800', '2024-01-02T14:30:00Z', 0],
    ['-1325583000', '1927-12-30T14:30:00Z', 0],
    ['1704205800000', '2024-01-02T14:30:00Z', 0],
    ['1704205800000000', '2024-01-02T14:30:00Z', 0],
    ['1704205800000000000', '2024-01-02T14:30:00Z', 0],
    ['883612800000', '1998-01-01T00:00:00Z', 0],
  ])('reads %j, as vendors write it', (text, local, offset) => {
    expect(read(text)).toMatchObject({ value: { local: Date.parse(local), offset, slashed: false }, codes: [] });
  });

  it('reads the day first where it is told so, and numbers in the unit that it is told', () => {
    const told = (text: string, form: TimeForm) =>
      reading((report) => readWrittenTime(text, 'timestamp', report, form)).value;
    expect(told('1/2/2024', { dates: 'day-first' })).toMatchObject({ local: Date.UTC(2024, 1, 1), slashed: false });
    expect(told('31-12-2024', { dates: 'day-first' })).toMatchObject({ local: Date.UTC(2024, 11, 31) });
    expect(told('86400000', { epoch: 'ms' })).toMatchObject({ local: 86_400_000, offset: 0 });
  });

  it('does not choose where the clocks of a named zone showed the time twice, or never', () => {
    expect(read('20191103 01:30:00 US/Eastern').codes).toEqual(['LOCAL_TIME_REPEATED']);
    expect(read('20190310 02:30:00 US/Eastern').codes).toEqual(['LOCAL_TIME_SKIPPED']);
  });

  it('refuses what is finer than a millisecond', () => {
    expect(read('1704205800000001').codes).toEqual(['INSTANT_TOO_FINE']);
    expect(read('1704205800000000001').codes).toEqual(['INSTANT_TOO_FINE']);
  });

  it.each([
    '',
    '11:34',
    '2024',
    '202401021430',
    '20240230',
    '12345678901',
    '2024-02-30',
    '2023-02-29',
    '2024-13-01',
    '2024-01-02 24:00',
    '2024-01-02 14:60',
    '2024-01-02 14:30:60',
    '2024-01-02T14',
    '2024-01-02Z',
    '2024-01-02 14:30+16:00',
    '2/30/2024',
    '13/32/2024',
    '1/2/24',
    '1/2/2024 24:00',
    '2024-01-02 13:00 PM',
    'Foo 2, 2024',
    '31-Feb-2024',
    '2024-01-02 09:30:00 Mars/Olympus',
    '2024/01-02',
    'yesterday',
  ])('rejects %j', (text) => {
    expect(read(text)).toMatchObject({
      value: undefined,
      problems: [{ code: 'INSTANT_INVALID', path: 'timestamp', value: text, rule: 'not a date' }],
    });
  });

  it('rejects what is finer than a millisecond', () => {
    expect(read('2024-01-02 14:30:00.0001').codes).toEqual(['INSTANT_TOO_FINE']);
  });

  it('tells a date that is written day first', () => {
    expect(read('13/2/2019 9:30').problems).toEqual([
      {
        code: 'DATE_DAY_FIRST',
        path: 'timestamp',
        value: '13/2/2019 9:30',
        rule: 'a date with slashes is month/day/year, and there is no such month',
        hint: 'write the dates of this file as YYYY-MM-DD: its days seem to stand before its months (or say so with --map, "dates": "day-first")',
      },
    ]);
  });
});
