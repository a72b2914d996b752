import { expect } from 'vitest';
import { JsonSchemas } from '../../src/domain/json-schemas.js';
import { PATTERN_METADATA } from '../../src/domain/pattern-metadata.js';
import type { PatternType } from '../../src/domain/pattern-types.js';
import { METADATA } from './pattern-inputs.js';
import { reading } from './reading.js';

export const SCHEMAS = new JsonSchemas(PATTERN_METADATA);
export const read = (type: PatternType, metadata: unknown, version = 1) =>
  reading((report) => SCHEMAS.read('pattern_metadata', type, version, metadata, 'metadata', report));

/** Sound metadata of the type with a change. */
export const changed = (type: PatternType, change: object) => read(type, { ...METADATA[type], ...change });

/** Expects one problem and no value. */
export function expectRefused(result: ReturnType<typeof read>, problem: object): void {
  expect(result.value).toBeUndefined();
  expect(result.problems).toHaveLength(1);
  expect(result.problems[0]).toMatchObject(problem);
}

/** Every key that a document of its type needs, and what it is. */
export const KEYS = {
  price: [
    ['SPRING', 'spring_low'],
    ['SPRING', 'recovery_price'],
    ['SPRING', 'creek_reference'],
    ['UTAD', 'utad_high'],
    ['UTAD', 'failure_price'],
    ['UTAD', 'ice_reference'],
    ['SOS', 'breakout_price'],
    ['SOS', 'ice_reference'],
    ['LPS', 'pullback_low'],
    ['SC', 'prior_close'],
  ],
  decimal: [
    ['SPRING', 'penetration_pct'],
    ['SPRING', 'creek_distance'],
    ['UTAD', 'breakout_pct'],
    ['UTAD', 'ice_penetration'],
    ['SOS', 'breakout_pct'],
    ['SOS', 'close_position'],
    ['LPS', 'distance_from_ice'],
    ['SC', 'close_position'],
    ['AR', 'rally_pct'],
    ['ST', 'distance_from_sc_low_pct'],
    ['ST', 'volume_reduction_pct'],
    ['ST', 'penetration_pct'],
  ],
  count: [
    ['SPRING', 'recovery_bars'],
    ['UTAD', 'bars_to_failure'],
    ['LPS', 'bars_after_sos'],
    ['AR', 'bars_after_sc'],
  ],
  id: [
    ['LPS', 'sos_pattern_id'],
    ['AR', 'sc_pattern_id'],
    ['ST', 'sc_pattern_id'],
  ],
  other: [
    ['LPS', 'held_support'],
    ['LPS', 'effort_result'],
  ],
} satisfies Readonly<Record<string, readonly (readonly [PatternType, string])[]>>;
export const DECIMALS = [...KEYS.price, ...KEYS.decimal];
export const REQUIRED = Object.values(KEYS).flat();

export function isDecimal(type: PatternType, key: string): boolean {
  return DECIMALS.some(([whose, name]) => whose === type && name === key);
}
