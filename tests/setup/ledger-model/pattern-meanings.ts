import { canonical, readPriceUnits, readUnits } from './amounts.js';
import type { Document, Plain } from './rows.js';
import { isId, isWhole } from './values.js';

/** What domain.md says of each type: its direction where it is an entry, its usual phases, the limit of its volume ratio (x 10^4), its least R (x 10). */
interface Meaning {
  readonly entry?: 'LONG' | 'SHORT';
  readonly phases: string;
  readonly tested?: true;
  readonly volume?: (ratio: bigint) => boolean;
  readonly leastR: bigint;
}

export const MEANINGS: Readonly<Record<string, Meaning>> = {
  SPRING: { entry: 'LONG', phases: 'C', tested: true, volume: (ratio) => ratio < 7_000n, leastR: 30n },
  SOS: { entry: 'LONG', phases: 'D', volume: (ratio) => ratio >= 15_000n, leastR: 25n },
  LPS: { entry: 'LONG', phases: 'DE', volume: (ratio) => ratio <= 10_000n, leastR: 25n },
  BU: { entry: 'LONG', phases: 'D', leastR: 25n },
  UTAD: { entry: 'SHORT', phases: 'C', tested: true, volume: (ratio) => ratio >= 12_000n, leastR: 35n },
  UT: { entry: 'SHORT', phases: 'B', leastR: 20n },
  SOW: { entry: 'SHORT', phases: 'BD', leastR: 20n },
  LPSY: { entry: 'SHORT', phases: 'DE', leastR: 20n },
  TEST: { phases: 'C', leastR: 20n },
  PS: { phases: 'A', leastR: 20n },
  PSY: { phases: 'A', leastR: 20n },
  SC: { phases: 'A', leastR: 20n },
  BC: { phases: 'A', leastR: 20n },
  AR: { phases: 'A', leastR: 20n },
  ST: { phases: 'AB', leastR: 20n },
};

/** Reads one key of a document: what is stored for it, undefined where it is refused. */
type ReadKey = (value: Plain | undefined) => Plain | undefined;

/** A fraction within bounds, in units of 10^-8. */
const bounded =
  (fits: (units: bigint) => boolean): ReadKey =>
  (value) => {
    const units = typeof value === 'string' ? readUnits(value, 8, 10) : undefined;
    return units !== undefined && fits(units) ? canonical(String(value)) : undefined;
  };
const decimal: ReadKey = (value) =>
  typeof value === 'string' && readUnits(value, 8, 10) !== undefined ? canonical(value) : undefined;
const price: ReadKey = (value) =>
  typeof value === 'string' && readPriceUnits(value) !== undefined ? canonical(value) : undefined;
const count =
  (most: number): ReadKey =>
  (value) =>
    isWhole(value, 1, most) ? value : undefined;
const id: ReadKey = (value) => (isId(value) ? value : undefined);
const flag: ReadKey = (value) => (typeof value === 'boolean' ? value : undefined);
const EFFORTS: readonly unknown[] = ['EFFORT_MATCHES_RESULT', 'EFFORT_WITHOUT_RESULT', 'RESULT_WITHOUT_EFFORT'];

const share = bounded((value) => value >= 0n && value <= 100_000_000n);

const METADATA: Readonly<Record<string, Readonly<Record<string, ReadKey>>>> = {
  SPRING: {
    penetration_pct: bounded((value) => value >= 0n && value <= 5_000_000n),
    recovery_bars: count(5),
    spring_low: price,
    recovery_price: price,
    creek_reference: price,
    creek_distance: decimal,
  },
  UTAD: {
    breakout_pct: decimal,
    bars_to_failure: count(3),
    utad_high: price,
    failure_price: price,
    ice_reference: price,
    ice_penetration: decimal,
  },
  SOS: {
    breakout_pct: bounded((value) => value >= 1_000_000n),
    breakout_price: price,
    close_position: share,
    ice_reference: price,
  },
  LPS: {
    sos_pattern_id: id,
    distance_from_ice: decimal,
    pullback_low: price,
    bars_after_sos: count(10),
    held_support: flag,
    effort_result: (value) => (EFFORTS.includes(value) ? value : undefined),
  },
  SC: { close_position: share, prior_close: price },
  AR: { sc_pattern_id: id, rally_pct: bounded((value) => value >= 3_000_000n), bars_after_sc: count(10) },
  ST: {
    sc_pattern_id: id,
    distance_from_sc_low_pct: bounded((value) => value <= 2_000_000n),
    volume_reduction_pct: bounded((value) => value >= 10_000_000n),
    penetration_pct: bounded((value) => value < 1_000_000n),
  },
};

/** The metadata that is stored: keys beside the type's own are kept, missing ones rejected. */
export function readMetadata(type: string, metadata: Document): Document | undefined {
  const read = Object.entries(METADATA[type] ?? {}).map(([key, readKey]) => [key, readKey(metadata[key])] as const);
  if (read.some(([, value]) => value === undefined)) return undefined;
  return { ...metadata, ...(Object.fromEntries(read) as Document) };
}
