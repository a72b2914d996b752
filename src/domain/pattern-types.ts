import type { Phase } from './phase.js';

/** The Wyckoff events that a detector may see. */
export const PATTERN_TYPES = [
  'SPRING',
  'TEST',
  'UTAD',
  'UT',
  'SOS',
  'SOW',
  'LPS',
  'LPSY',
  'BU',
  'PS',
  'PSY',
  'SC',
  'BC',
  'AR',
  'ST',
] as const;
/** What a detector may see. */
export type PatternType = (typeof PATTERN_TYPES)[number];

/** Which way a position is taken. */
export type Direction = 'LONG' | 'SHORT';

interface Meaning {
  /** Of the entry that the pattern is; none where it is context. */
  readonly direction?: Direction;
  readonly phases: readonly Phase[];
  /** Whether a later bar has to test it before it may be traded. */
  readonly tested?: true;
}

const MEANINGS: Readonly<Record<PatternType, Meaning>> = {
  SPRING: { direction: 'LONG', phases: ['C'], tested: true },
  TEST: { phases: ['C'] },
  UTAD: { direction: 'SHORT', phases: ['C'], tested: true },
  UT: { direction: 'SHORT', phases: ['B'] },
  SOS: { direction: 'LONG', phases: ['D'] },
  SOW: { direction: 'SHORT', phases: ['B', 'D'] },
  LPS: { direction: 'LONG', phases: ['D', 'E'] },
  LPSY: { direction: 'SHORT', phases: ['D', 'E'] },
  BU: { direction: 'LONG', phases: ['D'] },
  PS: { phases: ['A'] },
  PSY: { phases: ['A'] },
  SC: { phases: ['A'] },
  BC: { phases: ['A'] },
  AR: { phases: ['A'] },
  ST: { phases: ['A', 'B'] },
};

/** The direction of the entry that a pattern of this type is; undefined where it is context and never an entry. */
export function directionOf(type: PatternType): Direction | undefined {
  return MEANINGS[type].direction;
}

/** The phases in which a pattern of this type is usually seen. */
export function usualPhases(type: PatternType): readonly Phase[] {
  return MEANINGS[type].phases;
}

/** Whether a pattern of this type may be traded only after a later bar has tested it. */
export function needsTest(type: PatternType): boolean {
  return MEANINGS[type].tested === true;
}

/** The types that are entries. */
export const ENTRY_TYPES: readonly PatternType[] = PATTERN_TYPES.filter(directionOf);
