import { describe, expect, it, test } from 'vitest';
import { Decimal } from '../../src/domain/decimal.js';
import { directionOf, PATTERN_TYPES } from '../../src/domain/pattern-types.js';
import { PHASES } from '../../src/domain/phase.js';
import { draft, expectRefused, type Read, readPattern, SPRING, sound } from './pattern-inputs.js';

describe('the stop of a new pattern', () => {
  test.each(PATTERN_TYPES)('of a %s lies on its losing side', (type) => {
    const stops = ['100.99999999', '101', '101.00000001'] as const;
    const refused = stops.filter((stopLoss) => {
      const { problems } = readPattern(sound(type, { stopLoss }));
      const side = directionOf(type) === 'LONG' ? 'below' : 'above';
      const rule = `the stop of a ${type} lies ${side} its entry, on the losing side`;
      if (problems.length > 0)
        expect(problems).toEqual([{ code: 'STOP_ON_WINNING_SIDE', path: 'stopLoss', value: stopLoss, rule }]);
      return problems.length > 0;
    });
    const [below, equal, above] = stops;
    const expected = { LONG: [equal, above], SHORT: [below, equal], none: [] }[directionOf(type) ?? 'none'];
    expect(refused).toEqual(expected);
  });

  it('is compared to its last digit', () => {
    const entryPrice = '9999999999.99999999';
    expectRefused({ ...SPRING, entryPrice, stopLoss: entryPrice }, { code: 'STOP_ON_WINNING_SIDE', path: 'stopLoss' });
    expect(draft({ entryPrice, stopLoss: '9999999999.99999998' }).stopLoss.toFixed()).toBe('9999999999.99999998');
  });
});

describe('the place of a new pattern', () => {
  const WARN_OF_PHASES: Read = { rules: { unusualPhase: 'warn' } };
  const context = (type: (typeof PATTERN_TYPES)[number]) => directionOf(type) === undefined;

  test.each(PATTERN_TYPES)('of a %s is a trading range, save for context of phase A', (type) => {
    for (const phase of PHASES) {
      const { value, problems } = readPattern(sound(type, { phase, tradingRangeId: null }), WARN_OF_PHASES);
      if (context(type) && phase === 'A') {
        expect([value?.tradingRangeId, problems]).toEqual([null, []]);
        continue;
      }
      const rule = `a ${type} of phase ${phase} has a trading range: only context of phase A may have none`;
      expect(value).toBeUndefined();
      expect(problems).toEqual([{ code: 'TRADING_RANGE_MISSING', path: 'tradingRangeId', value: null, rule }]);
      expect(readPattern(sound(type, { phase }), WARN_OF_PHASES).problems).toEqual([]);
    }
  });

  const USUAL: Record<string, string> = { SPRING: 'C', SOW: 'B or D', LPS: 'D or E', ST: 'A or B', SC: 'A', UT: 'B' };
  test.each(Object.entries(USUAL))('of a %s is phase %s', (type, usual) => {
    for (const phase of PHASES) {
      const input = sound(type as 'SPRING', { phase });
      const { value, problems } = readPattern(input);
      if (usual.includes(phase)) {
        expect(problems).toEqual([]);
        continue;
      }
      const problem = {
        code: 'PHASE_UNUSUAL',
        path: 'phase',
        value: phase,
        rule: `the usual phase of a ${type} is ${usual}`,
        hint: "openStore({ patternRules: { unusualPhase: 'warn' } }) lets it pass",
      };
      expect([value, problems]).toEqual([undefined, [problem]]);
      const warned = readPattern(input, WARN_OF_PHASES);
      expect(warned.value).toMatchObject({ phase });
      expect([warned.problems, warned.warnings]).toEqual([[], [problem]]);
    }
  });
});

describe('the volume of a new pattern', () => {
  test.each([
    ['SPRING', '0.6999', '0.7', 'is below 0.7'],
    ['SOS', '1.5', '1.4999', 'is at least 1.5'],
    ['LPS', '1.0000', '1.0001', 'is at most 1'],
    ['UTAD', '1.2', '1.1999', 'is at least 1.2'],
  ] as const)('of a %s is %s and not %s', (type, inside, outside, limit) => {
    expect(readPattern(sound(type, { volumeRatio: inside }))).toMatchObject({ problems: [], warnings: [] });
    const input = sound(type, { volumeRatio: outside });
    const rule = `the volume ratio of a ${type} ${limit}`;
    const problem = { code: 'VOLUME_UNUSUAL', path: 'volumeRatio', value: new Decimal(outside), rule };
    const warned = readPattern(input);
    expect(warned.value?.volumeRatio).toEqual(new Decimal(outside));
    expect([warned.problems, warned.warnings]).toEqual([[], [problem]]);
    const refused = readPattern(input, { rules: { volume: 'reject' } });
    expect([refused.value, refused.problems, refused.warnings]).toEqual([undefined, [problem], []]);
  });

  it('of zero is held to its limit', () => {
    const volumeRatio = '0';
    expect(readPattern(sound('SPRING', { volumeRatio })).warnings).toEqual([]);
    expect(readPattern(sound('SOS', { volumeRatio })).warnings).toMatchObject([{ code: 'VOLUME_UNUSUAL' }]);
  });

  it('has no limit where none is set', () => {
    for (const volumeRatio of ['0', '999999.9999']) {
      expect(readPattern(sound('BU', { volumeRatio })).warnings).toEqual([]);
      const lifted = { rules: { volume: 'reject', volumeLimits: {} } } as const;
      expect(readPattern({ ...SPRING, volumeRatio }, lifted).problems).toEqual([]);
    }
  });
});
