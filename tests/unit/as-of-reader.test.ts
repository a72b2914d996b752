import { describe, expect, it } from 'vitest';
import type { Bar } from '../../src/domain/bar.js';
import type { Timeframe } from '../../src/domain/timeframe.js';
import { InvalidInputError } from '../../src/errors.js';
import { AsOfReader } from '../../src/repositories/bars/as-of-reader.js';
import type { BarRepository } from '../../src/repositories/bars/bar-repository.js';

type Asked = Parameters<BarRepository['range']>[0] | Parameters<BarRepository['asOf']>[0];

/** Bars without a database: keeps what it is asked, and answers when the test says so. */
function openReader(at: Date | string) {
  const asked: Asked[] = [];
  const waiting: Waiting[] = [];
  const read = (input: Asked) => {
    asked.push(input);
    return new Promise<Bar[]>((resolve, reject) => waiting.push({ answer: () => resolve([]), fail: reject }));
  };
  const reader = new AsOfReader({ asOf: read, range: read, resample: async () => [] }, at);
  const answered = async (reads: readonly Promise<Bar[]>[]) => {
    for (const each of waiting) each.answer();
    await Promise.all(reads);
  };
  return { reader, asked, waiting, answered };
}

interface Waiting {
  readonly answer: () => void;
  readonly fail: (reason: unknown) => void;
}

function thrown(call: () => unknown): InvalidInputError {
  try {
    call();
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const iso = (date: Date | undefined) => date?.toISOString().replace(':00.000Z', '');

describe('the clock', () => {
  it('goes forward only, and stays where it was when it is sent back', () => {
    const { reader } = openReader('2024-01-02T10:00:00Z');
    reader.advanceTo('2024-01-02T10:00:00Z');
    reader.advanceTo(new Date('2024-01-02T10:05:00Z'));
    const error = thrown(() => reader.advanceTo('2024-01-02T10:04:59.999Z'));
    expect(error.message).toBe(
      'invalid clock: at: 2024-01-02T10:04:59.999Z: the clock only goes forward; it stands at 2024-01-02T10:05:00.000Z',
    );
    expect(error.problems).toMatchObject([{ code: 'CLOCK_MOVED_BACK', path: 'at' }]);
    expect(error.hint).toBe(
      'a run that has seen later bars knows too much: start another reader at the earlier instant',
    );
    expect(iso(reader.at)).toBe('2024-01-02T10:05');
  });

  it('is an instant', () => {
    expect(thrown(() => openReader('noon'))).toMatchObject({ code: 'INSTANT_INVALID', problems: [{ path: 'at' }] });
    const { reader } = openReader('2024-01-02');
    expect(thrown(() => reader.advanceTo(new Date(Number.NaN))).message).toBe(
      'invalid clock: at: Invalid Date: not an instant',
    );
    expect(iso(reader.at)).toBe('2024-01-02T00:00');
  });

  it('cannot be set through the dates that were handed in or out', async () => {
    const start = new Date('2024-01-02');
    const { reader, answered } = openReader(start);
    await answered([reader.latest({ symbol: 'A', timeframe: '1d' })]);
    start.setTime(0);
    reader.at.setTime(0);
    reader.series[0]!.lastAt.setTime(0);
    expect(iso(reader.at)).toBe('2024-01-02T00:00');
    expect(iso(reader.series[0]!.lastAt)).toBe('2024-01-02T00:00');
  });
});

/** Timeframe, from, clock (of 2 January 2024 where they are times), to. */
type Request = [Timeframe, string | undefined, string, string | undefined];
const instantOf = (text: string | undefined) => (text?.length === 5 ? `2024-01-02T${text}:00Z` : text);

function ask([timeframe, from, at, to]: Request): AsOfReader {
  const { reader } = openReader(instantOf(at)!);
  void reader.range({ symbol: 'A', timeframe, from: instantOf(from), to: instantOf(to) });
  return reader;
}

describe('a violation', () => {
  it.each<Request>([
    ['1m', '09:00', '10:05', '10:05'],
    ['5m', '09:00', '10:05', '10:05'],
    ['15m', '09:00', '10:05', '10:00'],
    ['1h', '09:00', '11:00', '10:15'], // the last it asks for is the bar of 10:00
    ['1d', '2024-01-01', '10:05', '2024-01-02'],
    ['1d', undefined, '2024-01-03', '2024-01-03'],
    ['1d', '2024-01-01', '10:05', undefined],
    ['1d', '10:05', '10:05', undefined],
    ['1d', undefined, '10:05', undefined],
    ['1d', '10:00', '10:05', '10:00'], // asks for nothing
    ['1d', '09:00', '10:05', '10:00'], // no daily bar can open in it
    ['1m', undefined, '1969-12-31T23:59:30Z', '1969-12-31T23:59:00Z'],
    ['1d', undefined, '1600-01-01', '1600-01-01'],
  ])('is none: %s from %s at %s to %s', (...request) => {
    const reader = ask(request);
    expect(reader.violationCount).toBe(0);
    expect(reader.violations).toEqual([]);
  });

  it.each<[...Request, asked: string]>([
    ['1m', '09:00', '10:05', '10:06', '10:06'],
    ['1m', '09:00', '10:05', '2024-01-02T10:05:00.001Z', '2024-01-02T10:05:00.001Z'],
    ['1m', '09:00', '2024-01-02T10:05:30Z', '2024-01-02T10:05:30Z', '2024-01-02T10:05:30Z'], // the bar of 10:05 is open
    ['15m', '09:00', '10:05', '10:05', '10:05'],
    ['15m', '10:00', '2024-01-02T10:14:59.999Z', '2024-01-02T10:00:00.001Z', '2024-01-02T10:00:00.001Z'],
    ['1h', '09:00', '11:00', '11:00', '11:00'],
    ['1h', '09:00', '11:00', '2024-01-02T10:15:00.001Z', '2024-01-02T10:15:00.001Z'],
    ['1d', '2024-01-01', '10:05', '10:05', '10:05'], // today's bar
    ['1d', '2024-01-01', '10:05', '2024-01-03', '2024-01-03'],
    ['1d', '10:06', '10:05', undefined, '10:06'],
    ['1d', '10:06', '10:05', '10:06', '10:06'],
    ['1d', '10:06', '10:05', '10:07', '10:07'],
    ['1d', '10:01', '10:05', '10:06', '10:06'], // no bar opens in it, but the instant is later than the clock
    ['1m', undefined, '1969-12-31T23:59:30Z', '1969-12-31T23:59:01Z', '1969-12-31T23:59:01Z'],
  ])('is one: %s from %s at %s to %s', (timeframe, from, at, to, asked) => {
    const reader = ask([timeframe, from, at, to]);
    expect(reader.violationCount).toBe(1);
    const clock = new Date(instantOf(at)!);
    const violation = { method: 'range', symbol: 'A', timeframe, at: clock, asked: new Date(instantOf(asked)!) };
    expect(reader.violations).toEqual([violation]);
  });

  it('is kept a hundred times and counted every time', () => {
    const { reader } = openReader('2024-01-02');
    const day = (index: number) => new Date(Date.UTC(2024, 0, 3 + index));
    for (let index = 0; index < 102; index += 1) void reader.range({ symbol: 'A', timeframe: '1d', to: day(index) });
    expect(reader.violationCount).toBe(102);
    expect(reader.violations.map(({ asked }) => asked)).toEqual(Array.from({ length: 100 }, (_, index) => day(index)));
    (reader.violations as unknown[]).length = 0;
    expect(reader.violations).toHaveLength(100);
  });

  it('is not what was refused: that was not read at all', async () => {
    const { reader, asked } = openReader('2024-01-02');
    const key = { symbol: 'A', timeframe: '1d' } as const;
    const refused = [
      [reader.range({ ...key, from: '2024-02-02', to: '2024-02-01' }), 'WINDOW_REVERSED', 'to'],
      [reader.range({ ...key, symbol: '', to: '2025-01-01' }), 'SYMBOL_INVALID', 'symbol'],
      [reader.range({ ...key, to: 'tomorrow' }), 'INSTANT_INVALID', 'to'],
      [reader.latest({ ...key, timeframe: '1D' as never }), 'TIMEFRAME_UNKNOWN', 'timeframe'],
      [reader.latest({ ...key, knownAt: 'once' }), 'INSTANT_INVALID', 'knownAt'],
    ] as const;
    for (const [read, code, path] of refused)
      await expect(read).rejects.toMatchObject({ code, problems: [{ code, path }] });
    expect([reader.reads, reader.violationCount, asked.length]).toEqual([0, 0, 0]);
  });
});

describe('reads', () => {
  const day = { symbol: ' aapl ', timeframe: '1d' } as const;

  it('use the clock of their call, though it goes on while they are under way and they are answered in another order', async () => {
    const { reader, asked, waiting } = openReader('2024-01-03');
    const [first, second] = [reader.latest({ ...day, limit: 5 }), reader.range({ ...day, from: '2024-01-01' })];
    reader.advanceTo('2024-01-10');
    const third = reader.latest({ ...day, symbol: 'MSFT' });
    const fourth = reader.latest(day);
    expect(asked.map((each) => ('at' in each ? each.at : 'to' in each ? each.to : undefined))).toEqual([
      new Date('2024-01-03'),
      new Date('2024-01-02T00:00:00.001Z'),
      new Date('2024-01-10'),
      new Date('2024-01-10'),
    ]);
    expect(asked.map((each) => 'limit' in each && each.limit)).toEqual([5, false, 1, 1]);
    expect(reader.reads).toBe(0);
    for (const each of waiting.reverse()) each.answer();
    await Promise.all([first, second, third, fourth]);
    expect(reader.reads).toBe(4);
    expect(reader.series).toEqual([
      { symbol: 'AAPL', timeframe: '1d', count: 3, firstAt: new Date('2024-01-03'), lastAt: new Date('2024-01-10') },
      { symbol: 'MSFT', timeframe: '1d', count: 1, firstAt: new Date('2024-01-10'), lastAt: new Date('2024-01-10') },
    ]);
  });

  it('that fail are not counted, their violations are', async () => {
    const { reader, waiting } = openReader('2024-01-03');
    const failing = reader.range({ ...day, to: '2024-02-01' });
    waiting[0]!.fail(new Error('gone'));
    await expect(failing).rejects.toThrow('gone');
    expect([reader.reads, reader.violationCount, reader.series.length]).toEqual([0, 1, 0]);
  });

  it('of which nothing can have closed are answered without asking', async () => {
    const { reader, asked } = openReader('2024-01-03');
    expect(await reader.range({ ...day, from: '2024-01-02T00:00:00.001Z' })).toEqual([]);
    expect(await reader.range({ ...day, from: '2024-01-03', to: '2024-01-04' })).toEqual([]);
    expect([reader.reads, reader.violationCount, asked.length]).toEqual([2, 1, 0]);
  });
});

describe('vouchesFor', () => {
  const day = { symbol: 'AAPL', timeframe: '1d' } as const;
  const [from, to] = ['2024-01-01', '2024-02-01'];

  it('needs a read of that very series', async () => {
    const { reader, answered } = openReader('2024-01-10');
    expect(reader.vouchesFor(day)).toBe(false);
    const read = reader.latest(day);
    expect(reader.vouchesFor(day)).toBe(false); // not answered yet
    await answered([read]);
    expect(reader.vouchesFor(day)).toBe(true);
    expect(reader.vouchesFor({ ...day, symbol: 'aapl', from, to })).toBe(true);
    expect(reader.vouchesFor({ ...day, symbol: 'MSFT' })).toBe(false);
    expect(reader.vouchesFor({ ...day, timeframe: '1h' })).toBe(false);
  });

  it('ends with the first violation, of whatever series', async () => {
    const { reader, answered } = openReader('2024-01-10');
    await answered([reader.latest(day)]);
    void reader.range({ symbol: 'MSFT', timeframe: '1h', to: '2024-01-11' });
    expect(reader.vouchesFor(day)).toBe(false);
  });

  it.each([
    ['2024-01-01', false], // no bar of the period had closed
    ['2024-01-01T00:00:00.001Z', true],
    ['2024-02-01', true],
    ['2024-02-01T00:00:00.001Z', false], // all of it had
  ])('needs a clock in the period: at %s it says %s', async (at, vouches) => {
    const { reader, answered } = openReader(at);
    await answered([reader.latest(day)]);
    expect(reader.vouchesFor({ ...day, from, to })).toBe(vouches);
    expect(reader.vouchesFor(day)).toBe(true);
  });

  it('takes a run that warmed up before the period and went on after it', async () => {
    const { reader, answered } = openReader('2023-12-01');
    const reads = [reader.latest(day)];
    reader.advanceTo('2024-03-01');
    reads.push(reader.latest(day));
    await answered(reads);
    expect(reader.vouchesFor({ ...day, from, to })).toBe(true);
  });

  it('refuses what is no run, and cannot be borrowed by something that looks like a reader', () => {
    const { reader } = openReader('2024-01-10');
    expect(thrown(() => reader.vouchesFor({ ...day, from: to, to: from })).code).toBe('WINDOW_REVERSED');
    const forged: AsOfReader = Object.create(AsOfReader.prototype);
    expect(() => forged.vouchesFor(day)).toThrow(TypeError);
  });
});
