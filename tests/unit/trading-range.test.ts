import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal, fromScaled } from '../../src/domain/decimal.js';
import {
  directionOfRange,
  type NewTradingRange,
  projectRange,
  readChangedLevels,
  readNewTradingRange,
  type TradingRange,
} from '../../src/domain/trading-range.js';
import { InvalidInputError } from '../../src/errors.js';
import { soundDistribution, soundRange } from '../setup/ledger-inputs.js';
import { reading } from './reading.js';

const read = (change: object = {}) =>
  reading((report) => readNewTradingRange({ ...soundRange(), ...change } as NewTradingRange, report));

describe('a new range', () => {
  test('is normalised, its width derived, its counts zero', () => {
    const { value, problems } = read({ symbol: ' brk.b', creekLevel: '100.50', causeFactor: 2 });
    expect(problems).toEqual([]);
    expect(value).toMatchObject({
      symbol: 'BRK.B',
      startTime: new Date('2024-01-02'),
      endTime: null,
      deletedAt: null,
      version: 1,
      touchCountCreek: 0,
      touchCountIce: 0,
    });
    expect(`${value!.creekLevel} ${value!.rangeWidth} ${value!.causeFactor}`).toBe('100.5 9.5 2');
    expect(read({ id: undefined }).value!.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(Object.is(read({ touchCountIce: -0 }).value!.touchCountIce, 0)).toBe(true);
  });

  test.each([
    ['version', 2],
    ['deletedAt', new Date('2024-02-01')],
  ])("%s is not the caller's to set", (path, value) => {
    expect(read({ [path]: value }).problems).toMatchObject([{ code: 'FIELD_IS_COMPUTED', path, value }]);
  });

  test.each([
    ['durationBars', [15, 100], [14, 101, 15.5, '20', undefined], 'NUMBER_OUT_OF_RANGE'],
    ['strengthScore', [60, 100], [59, 101, Number.NaN, null, undefined], 'NUMBER_OUT_OF_RANGE'],
    ['touchCountCreek', [0, 2_147_483_647, undefined], [-1, 0.5, null], 'NUMBER_OUT_OF_RANGE'],
    ['touchCountIce', [0, 2_147_483_647, undefined], [-1, 2_147_483_648, null], 'NUMBER_OUT_OF_RANGE'],
    ['causeFactor', ['2', '3.00', 2, '2.75'], ['1.99', '3.01'], 'CAUSE_FACTOR_OUT_OF_RANGE'],
    ['phase', ['A', 'B', 'C', 'D', 'E'], ['F', 'a', '', null, undefined], 'CHOICE_UNKNOWN'],
    ['jumpTarget', ['110.00000001', '99.99999999'], ['110', '105', '100'], 'JUMP_INSIDE_RANGE'],
    ['jumpTarget', ['9999999999.99999999', '0.00000001'], ['0', '-1'], 'PRICE_NOT_POSITIVE'],
    ['rangeWidth', ['10', '10.00', 10n, undefined], ['9.99999999', '20'], 'RANGE_WIDTH_WRONG'],
    ['endTime', ['2024-01-02', '2024-03-01', null, undefined], ['2024-01-01T23:59:59.999Z'], 'END_BEFORE_START'],
    ['startTime', [new Date('2024-01-02')], ['x', null, undefined, 0], 'INSTANT_INVALID'],
    ['id', [undefined], ['x', null, 7], 'ID_INVALID'],
    ['timeframe', ['1m', '5m', '15m', '1h', '1d'], ['1D', '4h', undefined], 'TIMEFRAME_UNKNOWN'],
  ])('%s, case %#', (path, sound, broken, code) => {
    for (const value of sound) expect([value, read({ [path]: value }).problems]).toEqual([value, []]);
    for (const value of broken) {
      const { value: range, problems } = read({ [path]: value });
      expect([value, range]).toEqual([value, undefined]);
      expect(problems).toMatchObject([{ code, path, value }]);
    }
  });

  test('reports everything that is wrong, and turned-round levels with a hint', () => {
    expect(read({ symbol: '', durationBars: 1, creekLevel: 'x', jumpTarget: '0', phase: '' }).codes).toEqual([
      'SYMBOL_INVALID',
      'NUMBER_OUT_OF_RANGE',
      'DECIMAL_INVALID',
      'PRICE_NOT_POSITIVE',
      'CHOICE_UNKNOWN',
    ]);
    for (const creekLevel of ['110', '110.00000001'])
      expect(read({ creekLevel }).problems).toMatchObject([
        {
          code: 'LEVELS_TURNED_ROUND',
          path: 'iceLevel',
          value: '110',
          rule: `the resistance (iceLevel) lies above the support (creekLevel, ${creekLevel})`,
          hint: 'creek is the support here and ice the resistance, the other way round than in the books',
        },
      ]);
    for (const none of [null, undefined, 'x', 7])
      expect(reading((report) => readNewTradingRange(none as never, report)).codes).toEqual(['SERIES_INVALID']);
  });
});

test('the direction is where the jump target lies', () => {
  const direction = (input: NewTradingRange) =>
    directionOfRange(reading((report) => readNewTradingRange(input, report)).value!);
  expect(direction(soundRange())).toBe('accumulation');
  expect(direction(soundRange({ jumpTarget: '110.00000001' }))).toBe('accumulation');
  expect(direction(soundDistribution())).toBe('distribution');
});

describe('a change', () => {
  const range = { ...read({ touchCountIce: 4, endTime: '2024-02-01' }).value! } as TradingRange;
  const change = (levels: unknown) =>
    reading((report) => readChangedLevels(range, levels as object, ['version'], report));

  test('keeps what it leaves out, and derives the width anew', () => {
    const { value, problems } = change({ iceLevel: '112', phase: undefined, touchCountCreek: 2 });
    expect(problems).toEqual([]);
    expect(value).toMatchObject({ durationBars: 22, phase: 'C', touchCountCreek: 2, touchCountIce: 4 });
    expect(`${value!.creekLevel} ${value!.iceLevel} ${value!.rangeWidth} ${value!.jumpTarget}`).toBe('100 112 12 130');
    expect(Object.keys(value!)).not.toContain('endTime');
    expect(change({}).value).toMatchObject({ durationBars: 22, phase: 'C', strengthScore: 80 });
  });

  test('is held to the rules of the range that it makes', () => {
    expect(change({ iceLevel: '130' }).codes).toEqual(['JUMP_INSIDE_RANGE']);
    expect(change({ iceLevel: '112', rangeWidth: '10' }).codes).toEqual(['RANGE_WIDTH_WRONG']);
    expect(change({ iceLevel: '112', rangeWidth: '12' }).codes).toEqual([]);
    expect(change({ creekLevel: '110' }).codes).toEqual(['LEVELS_TURNED_ROUND']);
    expect(change({ phase: null, durationBars: null }).codes).toEqual(['NUMBER_OUT_OF_RANGE', 'CHOICE_UNKNOWN']);
    for (const strange of ['endTime', 'supportPrice', 'creeklevel'])
      expect(change({ [strange]: '101' }).problems).toMatchObject([{ code: 'FIELD_NOT_CHANGEABLE', path: strange }]);
  });
});

test('an end is not before the start', () => {
  expect(read({ endTime: null }).value!.endTime).toBeNull();
  expect(read({ endTime: undefined }).value!.endTime).toBeNull();
  expect(read({ endTime: '2024-01-02' }).value!.endTime).toEqual(new Date('2024-01-02'));
  expect(read({ endTime: '2024-01-01' }).codes).toEqual(['END_BEFORE_START']);
  expect(read({ endTime: 'x' }).codes).toEqual(['INSTANT_INVALID']);
});

describe('projectRange', () => {
  const project = (change: object = {}) =>
    projectRange({ direction: 'accumulation', creekLevel: '100', iceLevel: '110', durationBars: 22, ...change });
  const refused = (change: object) => {
    try {
      project(change);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInputError);
      return (error as InvalidInputError).problems;
    }
    throw new Error('it was not refused');
  };

  test.each([
    [15, '2', '130', '80'],
    [24, '2', '130', '80'],
    [25, '2.5', '135', '75'],
    [39, '2.5', '135', '75'],
    [40, '3', '140', '70'],
    [100, '3', '140', '70'],
  ])('%i bars count %s', (durationBars, factor, up, down) => {
    for (const [direction, target] of [
      ['accumulation', up],
      ['distribution', down],
    ] as const) {
      const projected = project({ direction, durationBars });
      const { causeFactor, jumpTarget, rangeWidth } = projected;
      expect([causeFactor, jumpTarget, rangeWidth].map(String)).toEqual([factor, target, '10']);
      const { value, problems } = read({ ...projected });
      expect(problems).toEqual([]);
      expect(directionOfRange(value!)).toBe(direction);
    }
  });

  test('refuses a target that is not above zero, or too large, with a hint', () => {
    const falling = { direction: 'distribution', creekLevel: '20', iceLevel: '30' };
    expect(refused(falling)).toMatchObject([
      {
        code: 'JUMP_NOT_POSITIVE',
        path: 'jumpTarget',
        rule: 'support - 2 x width is 0: a jump target is above zero',
        hint: 'pass a jumpTarget and a causeFactor of your own',
      },
    ]);
    expect(refused({ ...falling, creekLevel: '19' })).toMatchObject([{ rule: expect.stringContaining('is -3:') }]);
    expect(project({ ...falling, creekLevel: '20.00000001' }).jumpTarget.toString()).toBe('0.00000003');
    expect(refused({ creekLevel: '1', iceLevel: '9999999999' })).toMatchObject([
      { code: 'PRICE_TOO_LARGE', path: 'jumpTarget' },
    ]);
  });

  test('reports everything that is wrong', () => {
    const problems = refused({ direction: 'Accumulation ', creekLevel: '0', iceLevel: 1.5, durationBars: 14 });
    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'NUMBER_OUT_OF_RANGE durationBars',
      'PRICE_NOT_POSITIVE creekLevel',
      'DECIMAL_IS_FLOAT iceLevel',
      'CHOICE_UNKNOWN direction',
    ]);
    expect(problems.at(-1)).toMatchObject({ hint: "write 'accumulation'" });
    expect(refused({ creekLevel: '110' })).toMatchObject([{ code: 'LEVELS_TURNED_ROUND' }]);
  });

  test('is exact, half-up to 8 decimals, for any range', () => {
    const levels = fc.tuple(fc.bigInt(1n, 10n ** 18n - 2n), fc.bigInt(1n, 10n ** 12n));
    fc.assert(
      fc.property(levels, fc.integer({ min: 15, max: 100 }), fc.boolean(), ([creek, width], durationBars, up) => {
        const ice = creek + width;
        fc.pre(ice < 10n ** 18n);
        const tenths = durationBars < 25 ? 20n : durationBars < 40 ? 25n : 30n;
        const target = up ? ice * 10n + tenths * width : creek * 10n - tenths * width;
        const jump = (target + 5n) / 10n;
        fc.pre(target > 0n && jump < 10n ** 18n);
        const projected = project({
          direction: up ? 'accumulation' : 'distribution',
          creekLevel: fromScaled(creek, 8),
          iceLevel: fromScaled(ice, 8).toFixed(8),
          durationBars,
        });
        expect(projected.jumpTarget.toFixed(8)).toBe(fromScaled(jump, 8).toFixed(8));
        expect(projected.rangeWidth.toFixed(8)).toBe(fromScaled(width, 8).toFixed(8));
        expect(projected.jumpTarget).toBeInstanceOf(Decimal);
      }),
    );
  });
});
