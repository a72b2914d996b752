import { expect } from 'vitest';
import { LEDGER_SCHEMAS } from '../../src/domain/ledger-schemas.js';
import { type NewPattern, readNewPattern } from '../../src/domain/pattern.js';
import { DEFAULT_PATTERN_RULES, type PatternRules } from '../../src/domain/pattern-rules.js';
import { directionOf, type PatternType, usualPhases } from '../../src/domain/pattern-types.js';
import type { Problem } from '../../src/errors.js';
import { reading } from './reading.js';

export const RANGE_ID = '3f2b6c1e-8d3a-4a55-9c0e-2f7d1b9a6e04';
export const OTHER_PATTERN_ID = '8a4b4f79-af5c-4e95-8e3f-f83936c9d2ef';

/** Version 1 of each type's metadata, every key that it needs. */
export const METADATA: Readonly<Record<PatternType, Readonly<Record<string, unknown>>>> = {
  SPRING: {
    penetration_pct: '0.02',
    recovery_bars: 1,
    spring_low: '98.5',
    recovery_price: '100.5',
    creek_reference: '100',
    creek_distance: '-1.5',
  },
  UTAD: {
    breakout_pct: '0.015',
    bars_to_failure: 2,
    utad_high: '111.65',
    failure_price: '109.5',
    ice_reference: '110',
    ice_penetration: '1.65',
  },
  SOS: { breakout_pct: '0.02', breakout_price: '112.2', close_position: '0.8', ice_reference: '110' },
  LPS: {
    sos_pattern_id: OTHER_PATTERN_ID,
    distance_from_ice: '0.45',
    pullback_low: '110.45',
    bars_after_sos: 7,
    held_support: true,
    effort_result: 'EFFORT_MATCHES_RESULT',
  },
  SC: { close_position: '0.4', prior_close: '104' },
  AR: { sc_pattern_id: OTHER_PATTERN_ID, rally_pct: '0.05', bars_after_sc: 4 },
  ST: {
    sc_pattern_id: OTHER_PATTERN_ID,
    distance_from_sc_low_pct: '0.01',
    volume_reduction_pct: '0.3',
    penetration_pct: '0.005',
  },
  TEST: {},
  UT: {},
  SOW: {},
  LPSY: {},
  BU: {},
  PS: {},
  PSY: {},
  BC: {},
};

/** A spring on the bar of 1 February, seen at the instant at which that bar closed. */
export const SPRING: NewPattern = {
  symbol: 'AAPL',
  timeframe: '1d',
  patternType: 'SPRING',
  detectionTime: '2024-02-02T00:00:00Z',
  patternBarTimestamp: '2024-02-01',
  confidenceScore: 80,
  phase: 'C',
  tradingRangeId: RANGE_ID,
  entryPrice: '101',
  stopLoss: '98',
  invalidationLevel: '97.5',
  volumeRatio: '0.5',
  spreadRatio: '1.2',
  metadata: METADATA.SPRING,
};

/** A pattern of this type that breaks no rule and no limit. */
export function sound(patternType: PatternType, change: Partial<NewPattern> = {}): NewPattern {
  const stopLoss = directionOf(patternType) === 'SHORT' ? '104' : '98';
  const volumeRatio = patternType === 'SPRING' ? '0.5' : patternType === 'LPS' ? '1' : '1.5';
  const phase = usualPhases(patternType)[0]!;
  return { ...SPRING, patternType, phase, stopLoss, volumeRatio, metadata: METADATA[patternType], ...change };
}

export interface Read {
  readonly rules?: Partial<PatternRules>;
  readonly schemas?: typeof LEDGER_SCHEMAS;
}

/** What the reader answered, what it reported, and what it only warned of. */
export function readPattern(input: unknown, { rules = {}, schemas = LEDGER_SCHEMAS }: Read = {}) {
  const warnings: Problem[] = [];
  const all = { ...DEFAULT_PATTERN_RULES, ...rules };
  const read = reading((report) =>
    readNewPattern(input as NewPattern, all, schemas, report, (problem) => warnings.push(problem)),
  );
  return { ...read, warnings };
}

/** Expects one problem and no pattern. */
export function expectRefused(input: unknown, problem: object, settings?: Read): void {
  const { value, problems } = readPattern(input, settings);
  expect(value).toBeUndefined();
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject(problem);
}

/** The spring with a change that breaks no rule. */
export function draft(change: Partial<NewPattern> = {}, settings?: Read) {
  const { value, problems } = readPattern({ ...SPRING, ...change }, settings);
  expect(problems).toEqual([]);
  return value!;
}
