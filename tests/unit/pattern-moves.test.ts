import { describe, expect, it, test } from 'vitest';
import { checkPatternInRange, checkTest, type PatternDraft, whyNotTradable } from '../../src/domain/pattern.js';
import { directionOf, PATTERN_TYPES, type PatternType } from '../../src/domain/pattern-types.js';
import { readSymbol } from '../../src/domain/symbol.js';
import type { TradingRange } from '../../src/domain/trading-range.js';
import { RANGE_ID, readPattern, SPRING, sound } from './pattern-inputs.js';
import { reading } from './reading.js';
import { byId, directionOf as directionOfRange, eventsOf, patterns, ranges } from './sample-seeds.js';

const spring = readPattern(SPRING).value!;
const marketSymbol = (text: string) => reading((report) => readSymbol(text, 'symbol', report)).value!;

describe('a pattern in its trading range', () => {
  type Range = Pick<TradingRange, 'symbol' | 'timeframe' | 'direction' | 'deletedAt'>;
  const range: Range = { symbol: spring.symbol, timeframe: '1d', direction: 'accumulation', deletedAt: null };
  const check = (pattern: PatternDraft, change: Partial<Range> = {}) =>
    reading((report) => checkPatternInRange(pattern, { ...range, ...change }, report)).problems;

  it('has its symbol and its timeframe', () => {
    expect(check(spring)).toEqual([]);
    const rule = 'a pattern has the symbol of its trading range, MSFT';
    expect(check(spring, { symbol: marketSymbol('MSFT') })).toEqual([
      { code: 'PATTERN_OTHER_SYMBOL', path: 'symbol', value: 'AAPL', rule },
    ]);
    expect(check(spring, { timeframe: '1h' })).toEqual([
      {
        code: 'PATTERN_OTHER_TIMEFRAME',
        path: 'timeframe',
        value: '1d',
        rule: 'a pattern has the timeframe of its trading range, 1h',
      },
    ]);
  });

  it('is not given to a range that was deleted', () => {
    expect(check(spring, { deletedAt: new Date('2024-02-01') })).toEqual([
      {
        code: 'RANGE_DELETED',
        path: 'tradingRangeId',
        value: RANGE_ID,
        rule: 'the trading range was deleted',
        hint: 'restore the range first',
      },
    ]);
  });

  test.each(PATTERN_TYPES)('as a %s has its direction, where it is an entry', (type) => {
    const pattern = readPattern(sound(type)).value!;
    const wanted = { LONG: 'accumulation', SHORT: 'distribution' } as const;
    const direction = directionOf(type);
    for (const other of ['accumulation', 'distribution'] as const) {
      const rule = `a ${type} is an entry of ${direction && wanted[direction]}, and the range is one of ${other}`;
      const problem = { code: 'PATTERN_OTHER_DIRECTION', path: 'patternType', value: type, rule };
      const fits = direction === undefined || wanted[direction] === other;
      expect(check(pattern, { direction: other })).toEqual(fits ? [] : [problem]);
    }
  });

  it('is told everything at once', () => {
    const other = { symbol: marketSymbol('MSFT'), timeframe: '5m', direction: 'distribution' } as const;
    expect(check(spring, { ...other, deletedAt: new Date(0) }).map(({ code }) => code)).toEqual([
      'RANGE_DELETED',
      'PATTERN_OTHER_SYMBOL',
      'PATTERN_OTHER_TIMEFRAME',
      'PATTERN_OTHER_DIRECTION',
    ]);
  });

  test.each(patterns.filter((row) => row.trading_range_id !== null))(
    'of the sample: $pattern_type of $symbol on $pattern_bar_timestamp',
    (row) => {
      const { symbol, timeframe, ...levels } = byId(ranges, row.trading_range_id);
      const direction = directionOfRange(levels) === 'LONG' ? 'accumulation' : 'distribution';
      const place = { symbol: marketSymbol(row.symbol), timeframe: row.timeframe as '1d', tradingRangeId: null };
      const found = reading((report) =>
        checkPatternInRange(
          { ...place, patternType: row.pattern_type as PatternType },
          { symbol: marketSymbol(symbol), timeframe: timeframe as '1d', direction, deletedAt: null },
          report,
        ),
      );
      expect(found.problems).toEqual([]);
    },
  );
});

describe('a pattern is tradable', () => {
  const NEEDS_TEST = ['SPRING', 'UTAD'];

  test.each(PATTERN_TYPES)('as a %s', (patternType) => {
    const why = (testConfirmed: boolean, rejectionReason: string | null) =>
      whyNotTradable({ patternType, testConfirmed, rejectionReason });
    if (directionOf(patternType) === undefined) {
      const context = `a ${patternType} is context, never an entry`;
      for (const tested of [true, false]) expect([why(tested, null), why(tested, 'no')]).toEqual([context, context]);
      return;
    }
    expect(why(true, null)).toBeUndefined();
    expect(why(false, null)).toBe(
      NEEDS_TEST.includes(patternType) ? `a ${patternType} needs a confirmed test` : undefined,
    );
    for (const tested of [true, false]) expect(why(tested, 'undercut')).toBe('the pattern was rejected: undercut');
  });
});

describe('a test of a pattern', () => {
  const check = (testBar: string, confirmedAt: string, change: Partial<PatternDraft> = {}) =>
    reading((report) => checkTest({ ...spring, ...change }, new Date(testBar), new Date(confirmedAt), report)).problems;

  it('is known once its bar has closed', () => {
    expect(check('2024-02-05', '2024-02-06T00:00:00Z')).toEqual([]);
    const at = '2024-02-05T23:59:59.999Z';
    const rule = 'the bar of 2024-02-05T00:00:00Z closes at 2024-02-06T00:00:00Z: nobody knows it before';
    expect(check('2024-02-05', at)).toEqual([{ code: 'LOOK_AHEAD', path: 'confirmedAt', value: new Date(at), rule }]);
  });

  it('is a bar after the one that it tests', () => {
    expect(check('2024-02-02', '2024-02-03')).toEqual([]);
    const rule = 'a test comes after the bar that it tests, 2024-02-01T00:00:00Z';
    for (const bar of ['2024-02-01', '2024-01-31'])
      expect(check(bar, '2024-03-01')).toEqual([
        { code: 'TEST_NOT_LATER', path: 'testBarTimestamp', value: new Date(bar), rule },
      ]);
  });

  it('is a bar of the timeframe', () => {
    const bar = '2024-02-05T09:30:00Z';
    expect(check(bar, '2024-03-01')).toMatchObject([
      {
        code: 'TIMESTAMP_MISALIGNED',
        path: 'testBarTimestamp',
        value: new Date(bar),
        rule: 'a 1d bar carries 00:00 UTC of its trading date',
      },
    ]);
    expect(check('2024-02-01T09:30:00Z', '2024-03-01', { timeframe: '5m' })).toEqual([]);
  });

  it('is not confirmed before its pattern was detected', () => {
    const detectionTime = new Date('2024-02-10T12:00:00Z');
    expect(check('2024-02-05', '2024-02-10T12:00:00Z', { detectionTime })).toEqual([]);
    const at = '2024-02-10T11:59:59.999Z';
    const rule = 'a test is not confirmed before its pattern was detected, 2024-02-10T12:00:00Z';
    expect(check('2024-02-05', at, { detectionTime })).toEqual([
      { code: 'LOOK_AHEAD', path: 'confirmedAt', value: new Date(at), rule },
    ]);
  });

  it('does not bring a rejected pattern back', () => {
    const rule = 'the pattern was rejected: undercut';
    expect(check('2024-02-05', '2024-02-06', { rejectionReason: 'undercut' })).toEqual([
      { code: 'PATTERN_REJECTED', path: 'testBarTimestamp', value: new Date('2024-02-05'), rule },
    ]);
  });

  test.each(patterns.filter((row) => row.test_confirmed))(
    'of the sample: $pattern_type of $symbol on $pattern_bar_timestamp',
    (row) => {
      const confirmation = eventsOf(row.id).find((event) => event.event_type === 'PATTERN_TEST_CONFIRMED')!;
      const pattern = {
        timeframe: row.timeframe as '1d',
        patternBarTimestamp: new Date(row.pattern_bar_timestamp),
        detectionTime: new Date(row.detection_time),
      };
      expect(check(row.test_bar_timestamp!, confirmation.timestamp, pattern)).toEqual([]);
    },
  );
});
