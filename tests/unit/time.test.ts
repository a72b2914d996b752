import fc from 'fast-check';
import { DateTime, Duration, FixedOffsetZone } from 'luxon';
import { describe, expect, it } from 'vitest';
import { EARLIEST_INSTANT, formatInstant, LATEST_INSTANT, readInstant } from '../../src/domain/time.js';
import { reading } from './reading.js';

const read = (value: unknown) => reading((report) => readInstant(value, 'timestamp', report));
const anyInstant = fc.integer({ min: EARLIEST_INSTANT, max: LATEST_INSTANT });

describe('readInstant', () => {
  it.each([
    ['2024-01-02', '2024-01-02T00:00:00.000Z'],
    [' 2024-01-02 ', '2024-01-02T00:00:00.000Z'],
    ['2024-01-02T14:30', '2024-01-02T14:30:00.000Z'],
    ['2024-01-02T14:30:05', '2024-01-02T14:30:05.000Z'],
    ['2024-01-02T14:30:05Z', '2024-01-02T14:30:05.000Z'],
    ['2024-01-02t14:30z', '2024-01-02T14:30:00.000Z'],
    ['2024-01-02T14:30:05.5', '2024-01-02T14:30:05.500Z'],
    ['2024-01-02T14:30:05,25Z', '2024-01-02T14:30:05.250Z'],
    ['2024-01-02T14:30:05.123000Z', '2024-01-02T14:30:05.123Z'],
    ['2024-01-02T09:30-05:00', '2024-01-02T14:30:00.000Z'],
    ['2024-01-02T09:15+05:30', '2024-01-02T03:45:00.000Z'],
    ['2024-01-02T09:15+0530', '2024-01-02T03:45:00.000Z'],
    ['2024-01-02T20:00+14', '2024-01-02T06:00:00.000Z'],
    ['20240102T143000Z', '2024-01-02T14:30:00.000Z'],
    ['2024-W01-2', '2024-01-02T00:00:00.000Z'],
    ['2024W012', '2024-01-02T00:00:00.000Z'],
    ['2024-366', '2024-12-31T00:00:00.000Z'],
    ['2024-01-02T24:00', '2024-01-03T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['1600-01-01', '1600-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
    ['1969-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'],
  ])('reads %s as %s', (text, expected) => {
    const { value, problems } = read(text);
    expect(problems).toEqual([]);
    expect(value?.toISOString()).toBe(expected);
  });

  it.each([
    '',
    'yesterday',
    '2024',
    '2024-01',
    '2024-W01',
    '14:30',
    'T14:30',
    '12',
    '2024-1-2',
    '2024-02-30',
    '2023-02-29',
    '2023-366',
    '2024-00-10',
    '2024-13-01',
    '2024-04-31T10:00Z',
    '2024-W53-1',
    '2024-01-02T24:00:01',
    '2024-01-02T25:00',
    '2024-01-02T10:60',
    '2024-01-02T23:59:60Z',
    '2024-01-02T',
    '2024-01-02T10:00:00+25:00',
    '2024-01-02T10:00:00+99:99',
    '2024-01-02T10:00:00+05:60',
    '2024-01-02 10:00:00',
    '11/5/2019 9:30',
    '1704153600000',
    '2024-03-10T02:30:00[America/New_York]',
    '2024-11-03T01:30:00[America/New_York]',
    '2024-01-02\0',
    `2024-01-02T10:00:00.${'0'.repeat(80)}`,
    1704153600000,
    1704153600000n,
    Number.NaN,
    new Date(Number.NaN),
    DateTime.invalid('made so'),
    DateTime.fromISO('2024-02-30'),
    null,
    undefined,
    {},
  ])('rejects %o', (value) => {
    const { value: instant, problems } = read(value);
    expect(instant).toBeUndefined();
    expect(problems).toMatchObject([{ code: 'INSTANT_INVALID', path: 'timestamp', value }]);
  });

  it.each([
    '1599-12-31T23:59:59.999Z',
    '0001-01-01',
    '+012024-01-01',
    '-000001-01-01',
    '9999-12-31T24:00',
    new Date(8.64e15),
    new Date(EARLIEST_INSTANT - 1),
    DateTime.fromObject({ year: 12024 }),
  ])('rejects %o as out of range', (value) => {
    expect(read(value)).toMatchObject({ value: undefined, codes: ['INSTANT_OUT_OF_RANGE'] });
  });

  it.each(['2024-01-02T10:00:00.123456Z', '2024-01-02T10:00:00,0001', '2024-01-02T10:00:00.0000000010+02:00'])(
    'rejects %s, which a millisecond cannot hold',
    (value) => {
      expect(read(value)).toMatchObject({ value: undefined, codes: ['INSTANT_TOO_FINE'] });
    },
  );

  it('takes a DateTime of any zone as the instant that it is', () => {
    const opening = DateTime.fromISO('2024-07-01T09:30', { zone: 'America/New_York' });
    expect(read(opening).value?.toISOString()).toBe('2024-07-01T13:30:00.000Z');
  });

  it('does not take a Duration for an instant', () => {
    expect(read(Duration.fromMillis(1)).codes).toEqual(['INSTANT_INVALID']);
  });

  it('gives a Date of its own, which later changes of the given one do not reach', () => {
    const given = new Date('2024-01-02T00:00:00Z');
    const { value } = read(given);
    given.setUTCFullYear(1999);
    expect(value?.toISOString()).toBe('2024-01-02T00:00:00.000Z');
  });

  it('reads every instant back from what it can be given as', () => {
    fc.assert(
      fc.property(anyInstant, fc.integer({ min: -15 * 60 - 59, max: 15 * 60 + 59 }), (milliseconds, offset) => {
        const date = new Date(milliseconds);
        const zoned = DateTime.fromMillis(milliseconds, { zone: 'utc' }).setZone(FixedOffsetZone.instance(offset));
        const iso = date.toISOString();
        const spellings = [iso, iso.slice(0, -1), iso.replace('.', ','), zoned];
        // A local year outside four digits is spelt with six, which is no less ISO 8601.
        for (const value of [date, formatInstant(date), zoned.toISO(), zoned.toISO({ format: 'basic' }), ...spellings])
          expect(read(value).value?.getTime()).toBe(milliseconds);
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with the calendar about which days there are', () => {
    const part = (min: number, max: number) => fc.integer({ min, max });
    fc.assert(
      fc.property(part(1600, 9999), part(0, 13), part(0, 32), part(0, 25), (year, month, day, hour) => {
        const two = (number: number) => String(number).padStart(2, '0');
        const monthLengths = [31, year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28];
        monthLengths.push(31, 30, 31, 30, 31, 31, 30, 31, 30, 31);
        const exists = day >= 1 && day <= (monthLengths[month - 1] ?? 0) && hour <= 24;
        const { value } = read(`${year}-${two(month)}-${two(day)}T${two(hour)}:00:00Z`);
        const expected = exists ? Date.UTC(year, month - 1, day, hour) : undefined;
        expect(value?.getTime()).toBe(expected !== undefined && expected <= LATEST_INSTANT ? expected : undefined);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('formatInstant', () => {
  it('leaves zero milliseconds out', () => {
    expect(formatInstant(new Date(Date.UTC(2024, 0, 2)))).toBe('2024-01-02T00:00:00Z');
    expect(formatInstant(new Date(Date.UTC(2024, 0, 2, 14, 30, 0, 7)))).toBe('2024-01-02T14:30:00.007Z');
  });
});
