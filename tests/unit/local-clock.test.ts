import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LocalClock } from '../../src/transfer/read/local-clock.js';
import { reading } from './reading.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** What the platform's own clock shows at an instant, as milliseconds since the epoch as if it were UTC. */
function shown(zone: string, instant: number): number {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  });
  const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year!, part.month! - 1, part.day, part.hour, part.minute, part.second);
}

const ask = (zone: string, local: string) =>
  reading((report) => new LocalClock(zone).instantOf(Date.parse(local), local, 'timestamp', report));

describe('LocalClock', () => {
  it.each([
    ['America/New_York', '2019-11-05T09:30Z', '2019-11-05T14:30Z'],
    ['America/New_York', '2019-03-10T01:59Z', '2019-03-10T06:59Z'],
    ['America/New_York', '2019-03-10T03:00Z', '2019-03-10T07:00Z'],
    ['America/New_York', '2019-11-03T00:59Z', '2019-11-03T04:59Z'],
    ['America/New_York', '2019-11-03T02:00Z', '2019-11-03T07:00Z'],
    ['Asia/Kolkata', '2024-01-02T09:15Z', '2024-01-02T03:45Z'],
    ['UTC', '2024-01-02T09:15Z', '2024-01-02T09:15Z'],
  ])('%s shows %s at %s', (zone, local, instant) => {
    expect(ask(zone, local)).toMatchObject({ value: Date.parse(instant), codes: [] });
  });

  it.each([
    ['America/New_York', '2019-03-10T02:30Z', 'LOCAL_TIME_SKIPPED'],
    ['America/New_York', '2019-03-10T02:00Z', 'LOCAL_TIME_SKIPPED'],
    ['America/New_York', '2019-11-03T01:00Z', 'LOCAL_TIME_REPEATED'],
    ['America/New_York', '2019-11-03T01:59Z', 'LOCAL_TIME_REPEATED'],
    ['Australia/Lord_Howe', '2023-10-01T02:15Z', 'LOCAL_TIME_SKIPPED'],
    ['Australia/Lord_Howe', '2023-04-02T01:45Z', 'LOCAL_TIME_REPEATED'],
    ['Pacific/Apia', '2011-12-30T12:00Z', 'LOCAL_TIME_SKIPPED'],
  ])('%s at %s: %s', (zone, local, code) => {
    expect(ask(zone, local)).toMatchObject({
      value: undefined,
      problems: [{ code, path: 'timestamp', value: local, rule: expect.stringContaining(zone) }],
    });
  });

  const zone = fc.constantFrom(
    'America/New_York',
    'Europe/London',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
    'Asia/Tehran',
  );
  const minutes = fc.integer({ min: Date.UTC(1971, 0, 1) / 60_000, max: Date.UTC(2037, 0, 1) / 60_000 });

  it('agrees with the platform on every instant, or calls it repeated', () => {
    fc.assert(
      fc.property(zone, minutes, (name, minute) => {
        const instant = minute * 60_000;
        const local = shown(name, instant);
        const { value, codes } = reading((report) => new LocalClock(name).instantOf(local, '', 'timestamp', report));
        if (value === undefined) expect(codes).toEqual(['LOCAL_TIME_REPEATED']);
        else expect(value).toBe(instant);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the offset of a day only where it holds for the whole of it', () => {
    const clock = new LocalClock('America/New_York');
    expect(clock.offsetOfDay(Date.UTC(2019, 10, 5))).toBe(-5 * HOUR);
    expect(clock.offsetOfDay(Date.UTC(2019, 6, 1))).toBe(-4 * HOUR);
    expect(clock.offsetOfDay(Date.UTC(2019, 10, 3))).toBeUndefined();
    fc.assert(
      fc.property(zone, minutes, fc.integer({ min: 0, max: 1439 }), (name, minute, minuteOfDay) => {
        const day = Math.floor((minute * 60_000) / DAY) * DAY;
        const offset = new LocalClock(name).offsetOfDay(day);
        if (offset === undefined) return;
        const local = day + minuteOfDay * 60_000;
        expect(shown(name, local - offset)).toBe(local);
      }),
      { numRuns: 300 },
    );
  });

  it('rejects a zone that is none', () => {
    expect(() => new LocalClock('New York')).toThrow(
      expect.objectContaining({ code: 'TIMEZONE_UNKNOWN', hint: 'for example America/New_York, Europe/London or UTC' }),
    );
  });
});
