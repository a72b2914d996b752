import { describe, expect, it, test } from 'vitest';
import {
  directionOf,
  needsTest,
  PATTERN_TYPES,
  type PatternType,
  usualPhases,
} from '../../src/domain/pattern-types.js';
import { PHASES, type Phase, readPhase } from '../../src/domain/phase.js';
import { reading } from './reading.js';

describe('pattern types', () => {
  it('are fifteen', () => {
    expect(PATTERN_TYPES.join(' ')).toBe('SPRING TEST UTAD UT SOS SOW LPS LPSY BU PS PSY SC BC AR ST');
  });

  it('are entries of a direction, or context', () => {
    const of = (direction: unknown) => PATTERN_TYPES.filter((type) => directionOf(type) === direction).join(' ');
    expect(of('LONG')).toBe('SPRING SOS LPS BU');
    expect(of('SHORT')).toBe('UTAD UT SOW LPSY');
    expect(of(undefined)).toBe('TEST PS PSY SC BC AR ST');
  });

  it('need a test where they are a spring or an upthrust after distribution', () => {
    expect(PATTERN_TYPES.filter(needsTest)).toEqual(['SPRING', 'UTAD']);
  });

  test.each<[Phase, string]>([
    ['A', 'PS PSY SC BC AR ST'],
    ['B', 'UT SOW ST'],
    ['C', 'SPRING TEST UTAD'],
    ['D', 'SOS SOW LPS LPSY BU'],
    ['E', 'LPS LPSY'],
  ])('of phase %s are %s', (phase, types) => {
    const found: PatternType[] = PATTERN_TYPES.filter((type) => usualPhases(type).includes(phase));
    expect(found.sort()).toEqual(types.split(' ').sort());
  });
});

describe('a phase', () => {
  const read = (value: unknown) => reading((report) => readPhase(value, 'phase', report));

  test.each(PHASES)('%s', (phase) => {
    expect(read(phase)).toEqual({ value: phase, problems: [], codes: [] });
  });

  test.each(['F', '', 'AB', 0, null, undefined, ['A']])('is not %o', (value) => {
    expect(read(value)).toMatchObject({
      value: undefined,
      problems: [{ code: 'CHOICE_UNKNOWN', path: 'phase', value, rule: 'a phase is one of A, B, C, D, E' }],
    });
  });

  it('is a capital', () => {
    expect(read('c').problems).toMatchObject([{ code: 'CHOICE_UNKNOWN', value: 'c', hint: "write 'C'" }]);
  });
});
