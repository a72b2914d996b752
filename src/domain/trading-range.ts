import { readPrice } from './amount.js';
import { readChoice } from './choice.js';
import { refuseComputed } from './computed-fields.js';
import {
  Decimal,
  type DecimalInput,
  type DecimalKind,
  formatScaled,
  fromScaled,
  PRICE,
  readScaled,
} from './decimal.js';

import { readOrMakeId, type TradingRangeId } from './identifier.js';
import { type Phase, readPhase } from './phase.js';
import { type Report, readOrThrow } from './problem.js';
import { readSeriesKey, type SeriesInput, type SeriesKey } from './series.js';
import { type InstantInput, readInstant, readOptionalInstant } from './time.js';
import { LARGEST_INT, readWholeNumber } from './whole-number.js';

export const RANGE_DIRECTIONS = ['accumulation', 'distribution'] as const;
/** Where a range is expected to lead: up after an accumulation, down after a distribution. */
export type RangeDirection = (typeof RANGE_DIRECTIONS)[number];

/**
 * A trading range. Attention: `creekLevel` is its SUPPORT and `iceLevel` its RESISTANCE, the other way round than in Wyckoff literature; the
 * data depend on it. Logic, charts and messages use `supportPrice` and `resistancePrice`.
 */
export interface TradingRange extends SeriesKey {
  readonly id: TradingRangeId;
  /** The opening instant of its first bar. */
  readonly startTime: Date;
  /** When the last bar of the range closed, so that `[startTime, endTime)` reads its bars; null while it lasts. */
  readonly endTime: Date | null;
  /** 15 to 100. */
  readonly durationBars: number;
  /** Support. */
  readonly creekLevel: Decimal;
  /** Resistance. */
  readonly iceLevel: Decimal;
  /** creekLevel. */
  readonly supportPrice: Decimal;
  /** iceLevel. */
  readonly resistancePrice: Decimal;
  /** By where jumpTarget lies. */
  readonly direction: RangeDirection;
  /** Projection: above the resistance for an accumulation, below the support for a distribution. */
  readonly jumpTarget: Decimal;
  /** 2.0 to 3.0. */
  readonly causeFactor: Decimal;
  /** resistance - support. */
  readonly rangeWidth: Decimal;
  readonly phase: Phase;
  /** 60 to 100. */
  readonly strengthScore: number;
  /** How often the support was touched. */
  readonly touchCountCreek: number;
  /** How often the resistance was touched. */
  readonly touchCountIce: number;
  /** Set while the range is soft-deleted. */
  readonly deletedAt: Date | null;
  /** From 1, raised by each update; an update names the version that it read. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What `updateLevels` may change; what is left out stays. */
export interface RangeLevels {
  /** 15 to 100. */
  readonly durationBars?: number | undefined;
  /** Support. */
  readonly creekLevel?: DecimalInput | undefined;
  /** Resistance. */
  readonly iceLevel?: DecimalInput | undefined;
  /** Above the resistance for an accumulation, below the support for a distribution. */
  readonly jumpTarget?: DecimalInput | undefined;
  /** 2.0 to 3.0. */
  readonly causeFactor?: DecimalInput | undefined;
  /** resistance - support. Derived; one that is given must equal it. */
  readonly rangeWidth?: DecimalInput | undefined;
  readonly phase?: Phase | undefined;
  /** 60 to 100. */
  readonly strengthScore?: number | undefined;
  /** How often the support was touched. */
  readonly touchCountCreek?: number | undefined;
  /** How often the resistance was touched. */
  readonly touchCountIce?: number | undefined;
}

/** A range as a caller writes it. {@link projectRange} gives jumpTarget and causeFactor to those who have none of their own. */
export interface NewTradingRange extends SeriesInput, RangeLevels {
  /** Default: a new one. With one of your own a create that is sent twice is recognised. */
  readonly id?: string | undefined;
  /** The opening instant of its first bar. */
  readonly startTime: InstantInput;
  /** When its last bar closed; left out while it lasts. */
  readonly endTime?: InstantInput | null | undefined;
  /** 15 to 100. */
  readonly durationBars: number;
  /** Support. */
  readonly creekLevel: DecimalInput;
  /** Resistance. */
  readonly iceLevel: DecimalInput;
  /** Above the resistance for an accumulation, below the support for a distribution. */
  readonly jumpTarget: DecimalInput;
  /** 2.0 to 3.0. */
  readonly causeFactor: DecimalInput;
  readonly phase: Phase;
  /** 60 to 100. */
  readonly strengthScore: number;
}

/** What of a range is stored beside its place in time: neither derived nor set by the store. */
export type TradingRangeDraft = Omit<
  TradingRange,
  'supportPrice' | 'resistancePrice' | 'direction' | 'createdAt' | 'updatedAt'
>;

export const RANGE_BARS = [15, 100] as const;
/** NUMERIC(4,2). */
const FACTOR: DecimalKind = { name: 'factor', integerDigits: 2, scale: 2 };

/** Reads a range that is to be created; reports every rule it breaks. */
export function readNewTradingRange(input: NewTradingRange, report: Report): TradingRangeDraft | undefined {
  const key = readSeriesKey(input, report);
  if (typeof input !== 'object' || input === null) return undefined;
  const id = readOrMakeId<TradingRangeId>(input.id, 'id', report);
  const startTime = readInstant(input.startTime, 'startTime', report);
  const endTime = readEndTime(input.endTime, startTime, report);
  const levels = readLevels(input, report);
  const refused = refuseComputed(input, ['version', 'deletedAt'], report);
  if (!key || !id || !startTime || endTime === undefined || !levels || refused) return undefined;
  return { id, ...key, startTime, endTime, ...levels, deletedAt: null, version: 1 };
}

const LEVELS: readonly string[] = [
  'durationBars',
  'creekLevel',
  'iceLevel',
  'jumpTarget',
  'causeFactor',
  'rangeWidth',
  'phase',
  'strengthScore',
  'touchCountCreek',
  'touchCountIce',
] satisfies (keyof RangeLevels)[];

/** Reads what a change makes of a range, which keeps what the change leaves out. `others` are the fields that the change has beside levels. */
export function readChangedLevels(range: TradingRange, change: RangeLevels, others: readonly string[], report: Report) {
  const { rangeWidth: _, ...kept } = range;
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  const known = [...LEVELS, ...others];
  // A level that is misspelt would change nothing, and nobody know.
  const strange = given.filter(([field]) => !known.includes(field));
  for (const [path, value] of strange) {
    const rule = `a change of a range has ${known.join(', ')}`;
    report({ code: 'FIELD_NOT_CHANGEABLE', path, value, rule });
  }
  return strange.length > 0
    ? undefined
    : readLevels({ ...kept, ...Object.fromEntries(given) } as NewTradingRange, report);
}

function readEndTime(value: unknown, startTime: Date | undefined, report: Report): Date | null | undefined {
  const endTime = readOptionalInstant(value, 'endTime', report);
  if (!endTime || !startTime || checkEndTime(endTime, startTime, value, report)) return endTime;
  return undefined;
}

/** Reports a range that ends before it starts. */
export function checkEndTime(endTime: Date, startTime: Date, value: unknown, report: Report): boolean {
  if (endTime >= startTime) return true;
  report({ code: 'END_BEFORE_START', path: 'endTime', value, rule: 'a range does not end before it starts' });
  return false;
}

function readLevels(input: NewTradingRange, report: Report) {
  const durationBars = readWholeNumber(input.durationBars, 'a duration in bars', RANGE_BARS, 'durationBars', report);
  const creek = readPrice(input.creekLevel, 'creekLevel', report);
  const ice = readPrice(input.iceLevel, 'iceLevel', report);
  const jump = readPrice(input.jumpTarget, 'jumpTarget', report);
  const causeFactor = readCauseFactor(input.causeFactor, report);
  const phase = readPhase(input.phase, 'phase', report);
  const strengthScore = readWholeNumber(input.strengthScore, 'a strength score', [60, 100], 'strengthScore', report);
  const touchCountCreek = readTouchCount(input.touchCountCreek, 'touchCountCreek', report);
  const touchCountIce = readTouchCount(input.touchCountIce, 'touchCountIce', report);
  if (creek === undefined || ice === undefined || !checkLevels(creek, ice, jump, input, report)) return undefined;
  if (durationBars === undefined || jump === undefined || causeFactor === undefined || phase === undefined)
    return undefined;
  if (strengthScore === undefined || touchCountCreek === undefined || touchCountIce === undefined) return undefined;
  return {
    durationBars,
    creekLevel: fromScaled(creek, PRICE.scale),
    iceLevel: fromScaled(ice, PRICE.scale),
    jumpTarget: fromScaled(jump, PRICE.scale),
    causeFactor,
    rangeWidth: fromScaled(ice - creek, PRICE.scale),
    phase,
    strengthScore,
    touchCountCreek,
    touchCountIce,
  };
}

function checkLevels(
  creek: bigint,
  ice: bigint,
  jump: bigint | undefined,
  input: Pick<RangeLevels, 'iceLevel' | 'jumpTarget' | 'rangeWidth'>,
  report: Report,
): boolean {
  if (creek >= ice) {
    const rule = `the resistance (iceLevel) lies above the support (creekLevel, ${formatScaled(creek, PRICE.scale)})`;
    const hint = 'creek is the support here and ice the resistance, the other way round than in the books';
    report({ code: 'LEVELS_TURNED_ROUND', path: 'iceLevel', value: input.iceLevel, rule, hint });
    return false;
  }
  let sound = true;
  if (jump !== undefined && creek <= jump && jump <= ice) {
    const rule = 'a jump target lies above the resistance (accumulation) or below the support (distribution)';
    report({ code: 'JUMP_INSIDE_RANGE', path: 'jumpTarget', value: input.jumpTarget, rule });
    sound = false;
  }
  if (input.rangeWidth !== undefined) {
    const width = readPrice(input.rangeWidth, 'rangeWidth', report);
    if (width !== undefined && width !== ice - creek) {
      const rule = `a range's width is resistance - support, ${formatScaled(ice - creek, PRICE.scale)}`;
      report({ code: 'RANGE_WIDTH_WRONG', path: 'rangeWidth', value: input.rangeWidth, rule, hint: 'leave it out' });
    }
    sound &&= width === ice - creek;
  }
  return sound;
}

function readCauseFactor(value: unknown, report: Report): Decimal | undefined {
  const factor = readScaled(value, FACTOR, 'causeFactor', report);
  if (factor === undefined || (factor >= 200n && factor <= 300n))
    return factor === undefined ? undefined : fromScaled(factor, FACTOR.scale);
  report({ code: 'CAUSE_FACTOR_OUT_OF_RANGE', path: 'causeFactor', value, rule: 'a cause factor is from 2.0 to 3.0' });
  return undefined;
}

function readTouchCount(value: unknown, path: string, report: Report): number | undefined {
  return value === undefined ? 0 : readWholeNumber(value, 'a touch count', [0, LARGEST_INT], path, report);
}

/** The direction that a range's levels say. */
export function directionOfRange(range: Pick<TradingRange, 'jumpTarget' | 'iceLevel'>): RangeDirection {
  return range.jumpTarget.greaterThan(range.iceLevel) ? 'accumulation' : 'distribution';
}

/** What a range's support, resistance, direction and length imply. */
export interface RangeProjection {
  /** Support. */
  readonly creekLevel: Decimal;
  /** Resistance. */
  readonly iceLevel: Decimal;
  readonly durationBars: number;
  readonly rangeWidth: Decimal;
  /** 2, 2.5 or 3. */
  readonly causeFactor: Decimal;
  readonly jumpTarget: Decimal;
}

/**
 * Derives a range's width, cause factor and jump target: the longer the cause was built, the farther it carries (Wyckoff's law of cause and
 * effect). 15 to 24 bars count 2.0, 25 to 39 2.5, 40 and more 3.0; the jump is resistance + factor x width, or support - factor x width, half-up
 * to 8 decimals.
 *
 * @throws InvalidInputError, JUMP_NOT_POSITIVE where a distribution would have to fall to zero or below
 */
export function projectRange(input: {
  readonly direction: RangeDirection;
  readonly creekLevel: DecimalInput;
  readonly iceLevel: DecimalInput;
  readonly durationBars: number;
}): RangeProjection {
  return readOrThrow('range projection', (report) => {
    const durationBars = readWholeNumber(input.durationBars, 'a duration in bars', RANGE_BARS, 'durationBars', report);
    const creek = readPrice(input.creekLevel, 'creekLevel', report);
    const ice = readPrice(input.iceLevel, 'iceLevel', report);
    const direction = readChoice(input.direction, RANGE_DIRECTIONS, 'a direction', 'direction', report);
    if (!direction || durationBars === undefined || creek === undefined || ice === undefined) return undefined;
    if (!checkLevels(creek, ice, undefined, input, report)) return undefined;
    const causeFactor = new Decimal(durationBars >= 40 ? '3' : durationBars >= 25 ? '2.5' : '2');
    const creekLevel = fromScaled(creek, PRICE.scale);
    const iceLevel = fromScaled(ice, PRICE.scale);
    const rangeWidth = iceLevel.minus(creekLevel);
    const reach = causeFactor.times(rangeWidth);
    const jumpTarget = (direction === 'accumulation' ? iceLevel.plus(reach) : creekLevel.minus(reach)).toDecimalPlaces(
      PRICE.scale,
    );
    if (jumpTarget.lessThanOrEqualTo(0)) {
      const rule = `support - ${causeFactor} x width is ${jumpTarget}: a jump target is above zero`;
      const hint = 'pass a jumpTarget and a causeFactor of your own';
      report({ code: 'JUMP_NOT_POSITIVE', path: 'jumpTarget', value: jumpTarget, rule, hint });
    } else readPrice(jumpTarget, 'jumpTarget', report);
    return { creekLevel, iceLevel, durationBars, rangeWidth, causeFactor, jumpTarget };
  });
}
