import { describe, expect, it, test } from 'vitest';
import { Decimal } from '../../src/domain/decimal.js';
import {
  brokenVolumeLimit,
  DEFAULT_PATTERN_RULES,
  type PatternRulesInput,
  readPatternRules,
} from '../../src/domain/pattern-rules.js';
import { reading } from './reading.js';

const LIMIT_RULE = 'a limit has one of below, atMost, atLeast';
const read = (input: unknown) => reading((report) => readPatternRules(input as PatternRulesInput, report));

/** The limits as they are written. */
const limitsOf = (input: unknown) => JSON.parse(JSON.stringify(read(input).value!.volumeLimits));

describe('the rules of patterns', () => {
  const DEFAULT_LIMITS = {
    SPRING: { below: '0.7' },
    SOS: { atLeast: '1.5' },
    LPS: { atMost: '1' },
    UTAD: { atLeast: '1.2' },
  };

  it('refuse an unusual phase and warn of an unusual volume, where nothing else is said', () => {
    expect(read({})).toEqual({ value: DEFAULT_PATTERN_RULES, problems: [], codes: [] });
    expect(JSON.parse(JSON.stringify(DEFAULT_PATTERN_RULES))).toEqual({
      unusualPhase: 'reject',
      volume: 'warn',
      volumeLimits: DEFAULT_LIMITS,
    });
    const unsaid = { unusualPhase: undefined, volume: undefined, volumeLimits: undefined };
    expect(read(unsaid).value).toEqual(DEFAULT_PATTERN_RULES);
  });

  it('keep what is not set', () => {
    expect(read({ unusualPhase: 'warn' }).value).toEqual({ ...DEFAULT_PATTERN_RULES, unusualPhase: 'warn' });
    expect(read({ volume: 'reject' }).value).toEqual({ ...DEFAULT_PATTERN_RULES, volume: 'reject' });
  });

  it('have another limit, another kind of limit, one for another type, or none', () => {
    const volumeLimits = {
      SPRING: { below: '0.65' },
      SOS: { atMost: new Decimal(3) },
      BC: { atLeast: 2n },
      UTAD: null,
    };
    const { SPRING: _, SOS: __, UTAD: ___, ...kept } = DEFAULT_LIMITS;
    expect(limitsOf({ volumeLimits })).toEqual({
      ...kept,
      SPRING: { below: '0.65' },
      SOS: { atMost: '3' },
      BC: { atLeast: '2' },
    });
    expect(limitsOf({})).toEqual(DEFAULT_LIMITS);
  });

  test.each<[string, unknown, object]>([
    ['nothing', null, { code: 'RULES_INVALID', path: '', value: null, rule: 'not an object with rules' }],
    ['a text', 'warn', { code: 'RULES_INVALID', path: '', value: 'warn' }],
    ['a list', [], { code: 'RULES_INVALID', path: '', value: [] }],
    [
      'a severity that is none',
      { unusualPhase: 'WARN' },
      {
        code: 'CHOICE_UNKNOWN',
        path: 'unusualPhase',
        value: 'WARN',
        rule: 'a severity is one of reject, warn',
        hint: "write 'warn'",
      },
    ],
    ['a severity of null', { volume: null }, { code: 'CHOICE_UNKNOWN', path: 'volume', value: null }],
    ['a severity that is a flag', { volume: true }, { code: 'CHOICE_UNKNOWN', path: 'volume', value: true }],
    [
      'a rule that is misspelt',
      { volumeLimit: {} },
      {
        code: 'CHOICE_UNKNOWN',
        path: 'volumeLimit',
        value: 'volumeLimit',
        rule: 'a rule is one of unusualPhase, volume, volumeLimits',
      },
    ],
    [
      'limits that are a number',
      { volumeLimits: 5 },
      {
        code: 'RULES_INVALID',
        path: 'volumeLimits',
        value: 5,
        rule: 'not an object with a limit for each pattern type',
      },
    ],
    ['limits that are a list', { volumeLimits: [] }, { code: 'RULES_INVALID', path: 'volumeLimits', value: [] }],
    [
      'a type that is none',
      { volumeLimits: { spring: { below: '1' } } },
      { code: 'CHOICE_UNKNOWN', path: 'volumeLimits.spring', value: 'spring', hint: "write 'SPRING'" },
    ],
    [
      'a limit without its kind',
      { volumeLimits: { BU: '0.7' } },
      {
        code: 'LIMIT_INVALID',
        path: 'volumeLimits.BU',
        value: '0.7',
        rule: LIMIT_RULE,
        hint: "write { below: '0.7' }, or null to lift the limit",
      },
    ],
    ['a limit of no kind', { volumeLimits: { BU: {} } }, { code: 'LIMIT_INVALID', path: 'volumeLimits.BU', value: {} }],
    ['a limit not given', { volumeLimits: { BU: undefined } }, { code: 'LIMIT_INVALID', path: 'volumeLimits.BU' }],
    [
      'a limit of two kinds',
      { volumeLimits: { BU: { below: '1', atLeast: '0.5' } } },
      { code: 'LIMIT_INVALID', path: 'volumeLimits.BU', rule: LIMIT_RULE },
    ],
    [
      'a limit of another kind',
      { volumeLimits: { BU: { above: '1' } } },
      { code: 'LIMIT_INVALID', path: 'volumeLimits.BU', rule: LIMIT_RULE },
    ],
    [
      'a limit that is a float',
      { volumeLimits: { BU: { below: 0.7 } } },
      {
        code: 'DECIMAL_IS_FLOAT',
        path: 'volumeLimits.BU.below',
        value: 0.7,
        rule: 'a decimal is not taken from a floating-point number',
        hint: "pass it as a string: '0.7'",
      },
    ],
    [
      'a limit below zero',
      { volumeLimits: { BU: { atMost: '-0.1' } } },
      { code: 'RATIO_NEGATIVE', path: 'volumeLimits.BU.atMost', value: '-0.1', rule: 'a ratio is not below zero' },
    ],
    [
      'a limit of five decimals',
      { volumeLimits: { BU: { atLeast: '0.70001' } } },
      { code: 'RATIO_TOO_PRECISE', path: 'volumeLimits.BU.atLeast', rule: 'a ratio has at most 4 decimals' },
    ],
    ['a limit of 1e400', { volumeLimits: { BU: { atLeast: '1e400' } } }, { code: 'RATIO_TOO_LARGE' }],
  ])('are refused with %s', (_, input, problem) => {
    const { value, problems } = read(input);
    expect(value).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject(problem);
  });

  it('are refused with everything that is wrong', () => {
    const { value, problems } = read({ unusualPhase: 1, volume: 2, volumeLimits: { X: null, BU: 3 } });
    expect(value).toBeUndefined();
    expect(problems.map(({ path }) => path)).toEqual(['unusualPhase', 'volume', 'volumeLimits.X', 'volumeLimits.BU']);
  });
});

describe('a volume limit', () => {
  const broken = (type: Parameters<typeof brokenVolumeLimit>[0], ratio: string) =>
    brokenVolumeLimit(type, new Decimal(ratio), DEFAULT_PATTERN_RULES);

  test.each([
    ['SPRING', '0.6999', undefined],
    ['SPRING', '0.7', 'the volume ratio of a SPRING is below 0.7'],
    ['SOS', '1.5', undefined],
    ['SOS', '1.4999', 'the volume ratio of a SOS is at least 1.5'],
    ['LPS', '1', undefined],
    ['LPS', '1.0001', 'the volume ratio of a LPS is at most 1'],
    ['UTAD', '1.2', undefined],
    ['UTAD', '1.1999', 'the volume ratio of a UTAD is at least 1.2'],
    ['BU', '0', undefined],
    ['BU', '999999.9999', undefined],
  ] as const)('of %s at %s: %s', (type, ratio, sentence) => {
    expect(broken(type, ratio)).toBe(sentence);
  });
});
