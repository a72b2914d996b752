import { z } from 'zod';
import type { Decimal } from './decimal.js';
import { type PatternId, readId } from './identifier.js';
import type { JsonSchema } from './json-schemas.js';
import { PATTERN_TYPES, type PatternType } from './pattern-types.js';
import { decimalSchema, priceSchema, schemaOf } from './schemas.js';

/** Whether the price went as far as the volume promised (Wyckoff's law of effort and result). */
export const EFFORT_RESULTS = ['EFFORT_MATCHES_RESULT', 'EFFORT_WITHOUT_RESULT', 'RESULT_WITHOUT_EFFORT'] as const;

type Bound = (value: Decimal) => string | undefined;

const atLeast =
  (bound: string): Bound =>
  (value) =>
    value.lessThan(bound) ? `at least ${bound}` : undefined;
const atMost =
  (bound: string): Bound =>
  (value) =>
    value.greaterThan(bound) ? `at most ${bound}` : undefined;
const below =
  (bound: string): Bound =>
  (value) =>
    value.lessThan(bound) ? undefined : `below ${bound}`;

/** A decimal within bounds. A fraction: 0.05 is five per cent. */
function decimal(...bounds: readonly Bound[]) {
  return decimalSchema.superRefine((value, context) => {
    for (const bound of bounds) {
      const rule = bound(value);
      if (rule !== undefined) refuse(context, `not ${rule}`);
    }
  });
}

function refuse(context: z.core.$RefinementCtx, message: string): void {
  context.addIssue({ code: 'custom', message, params: { code: 'METADATA_OUT_OF_RANGE' } });
}

function count(least: number, most: number) {
  return z.custom<number>().superRefine((value, context) => {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    refuse(context, `not a whole number from ${least} to ${most}`);
  });
}

const fraction = decimal(atLeast('0'));
const patternId = schemaOf<string, PatternId>(readId<PatternId>);

/** Version 1 of each type's metadata. Keys beside these are kept. */
const SHAPES = {
  SPRING: z.looseObject({
    penetration_pct: decimal(atLeast('0'), atMost('0.05')),
    recovery_bars: count(1, 5),
    spring_low: priceSchema,
    recovery_price: priceSchema,
    creek_reference: priceSchema,
    creek_distance: decimalSchema,
  }),
  UTAD: z.looseObject({
    breakout_pct: fraction,
    bars_to_failure: count(1, 3),
    utad_high: priceSchema,
    failure_price: priceSchema,
    ice_reference: priceSchema,
    ice_penetration: decimalSchema,
  }),
  SOS: z.looseObject({
    breakout_pct: decimal(atLeast('0.01')),
    breakout_price: priceSchema,
    close_position: decimal(atLeast('0'), atMost('1')),
    ice_reference: priceSchema,
  }),
  LPS: z.looseObject({
    sos_pattern_id: patternId,
    distance_from_ice: decimalSchema,
    pullback_low: priceSchema,
    bars_after_sos: count(1, 10),
    held_support: z.boolean(),
    effort_result: z.enum(EFFORT_RESULTS),
  }),
  SC: z.looseObject({ close_position: decimal(atLeast('0'), atMost('1')), prior_close: priceSchema }),
  AR: z.looseObject({ sc_pattern_id: patternId, rally_pct: decimal(atLeast('0.03')), bars_after_sc: count(1, 10) }),
  ST: z.looseObject({
    sc_pattern_id: patternId,
    distance_from_sc_low_pct: decimal(atMost('0.02')),
    volume_reduction_pct: decimal(atLeast('0.10')),
    penetration_pct: decimal(below('0.01')),
  }),
};

const NOTES = z.looseObject({ notes: z.string().optional() });

type Shapes = typeof SHAPES;
type OutputOf<Schema extends z.ZodType> = Readonly<z.output<Schema>>;

/**
 * The metadata of version 1 by pattern type; what other versions hold is known to whoever registered them. Prices and `_pct` fractions (0.05 is five
 * per cent) are decimals, counts whole numbers. Keys beside these are kept.
 *
 * - SPRING: `penetration_pct` 0 to 0.05, `recovery_bars` 1 to 5, `spring_low`, `recovery_price`, `creek_reference`, `creek_distance`
 * - UTAD: `breakout_pct` from 0, `bars_to_failure` 1 to 3, `utad_high`, `failure_price`, `ice_reference`, `ice_penetration`
 * - SOS: `breakout_pct` from 0.01, `breakout_price`, `close_position` 0 to 1, `ice_reference`
 * - LPS: `sos_pattern_id`, `distance_from_ice`, `pullback_low`, `bars_after_sos` 1 to 10, `held_support` (a boolean), `effort_result`
 *   (`EFFORT_MATCHES_RESULT`, `EFFORT_WITHOUT_RESULT`, `RESULT_WITHOUT_EFFORT`)
 * - SC: `close_position` 0 to 1, `prior_close`
 * - AR: `sc_pattern_id`, `rally_pct` from 0.03, `bars_after_sc` 1 to 10
 * - ST: `sc_pattern_id`, `distance_from_sc_low_pct` to 0.02, `volume_reduction_pct` from 0.10, `penetration_pct` below 0.01
 * - the others: `notes`, which may be left out
 */
export type PatternMetadata = {
  readonly [Type in PatternType]: Type extends keyof Shapes ? OutputOf<Shapes[Type]> : OutputOf<typeof NOTES>;
};

export const PATTERN_METADATA: readonly JsonSchema[] = PATTERN_TYPES.map((type) => ({
  kind: 'pattern_metadata',
  type,
  version: 1,
  schema: type in SHAPES ? SHAPES[type as keyof Shapes] : NOTES,
}));

/** A pattern of this type whose metadata is of version 1. */
export type PatternOf<Type extends PatternType, Row> = Row & {
  readonly patternType: Type;
  readonly metadata: PatternMetadata[Type];
  readonly metadataVersion: 1;
};

/** Whether a pattern is of this type, with metadata of version 1, whose fields the compiler then knows. */
export function isPatternOf<
  Type extends PatternType,
  Row extends { readonly patternType: PatternType; readonly metadataVersion: number },
>(pattern: Row, type: Type): pattern is PatternOf<Type, Row> {
  return pattern.patternType === type && pattern.metadataVersion === 1;
}
