import { readPrice, readRatio } from './amount.js';
import { readChoice } from './choice.js';
import { type Decimal, type DecimalInput, fromScaled, PRICE, RATIO } from './decimal.js';
import { type PatternId, readOptionalId, readOrMakeId, type TradingRangeId } from './identifier.js';
import type { JsonSchemas } from './json-schemas.js';
import { brokenVolumeLimit, type PatternRules } from './pattern-rules.js';
import {
  type Direction,
  directionOf,
  needsTest,
  PATTERN_TYPES,
  type PatternType,
  usualPhases,
} from './pattern-types.js';
import { type Phase, readPhase } from './phase.js';
import type { Report } from './problem.js';
import { readSeriesKey, type SeriesInput, type SeriesKey } from './series.js';
import { formatInstant, type InstantInput, readInstant, readOptionalInstant } from './time.js';
import { checkAlignment, closeOf, type Timeframe } from './timeframe.js';
import type { RangeDirection, TradingRange } from './trading-range.js';
import { LARGEST_INT, readFlag, readWholeNumber } from './whole-number.js';

/** An event that a detector saw. */
export interface Pattern extends SeriesKey {
  readonly id: PatternId;
  /** What it is. */
  readonly patternType: PatternType;
  /** When the detector saw it: not before its bar had closed. */
  readonly detectionTime: Date;
  /** The opening instant of the bar that it is on. */
  readonly patternBarTimestamp: Date;
  /** 70 to 95. */
  readonly confidenceScore: number;
  readonly phase: Phase;
  /** Null only for the context of phase A, which comes before its range is known. */
  readonly tradingRangeId: TradingRangeId | null;
  /** Where to get in; at most 8 decimals, as the next two. */
  readonly entryPrice: Decimal;
  /** Where the idea is given up. */
  readonly stopLoss: Decimal;
  /** Where the pattern is none any more. */
  readonly invalidationLevel: Decimal;
  /** Of its bar, 4 decimals. */
  readonly volumeRatio: Decimal;
  /** Of its bar, 4 decimals. */
  readonly spreadRatio: Decimal;
  /** Whether a later bar has tested it, and held. */
  readonly testConfirmed: boolean;
  /** The opening instant of the bar that tested it; null before. */
  readonly testBarTimestamp: Date | null;
  /** Why it is none, or failed; null while it stands. */
  readonly rejectionReason: string | null;
  /**
   * What its type and metadataVersion say, under the names that the document has: prices and fractions are Decimals. PatternMetadata has the
   * types of version 1.
   */
  readonly metadata: unknown;
  readonly metadataVersion: number;
  readonly createdAt: Date;
}

/** A pattern as a caller writes it. */
export interface NewPattern extends SeriesInput {
  /** Default: a new one. With one of your own a create that is sent twice is recognised. */
  readonly id?: string | undefined;
  readonly patternType: PatternType;
  /** Not before the bar has closed. */
  readonly detectionTime: InstantInput;
  /** The opening instant of its bar. */
  readonly patternBarTimestamp: InstantInput;
  /** 70 to 95. */
  readonly confidenceScore: number;
  /** Its type's usual one, unless the rules say otherwise. */
  readonly phase: Phase;
  /** A range of the same series; may be left out for context of phase A. */
  readonly tradingRangeId?: string | null | undefined;
  readonly entryPrice: DecimalInput;
  readonly stopLoss: DecimalInput;
  readonly invalidationLevel: DecimalInput;
  readonly volumeRatio: DecimalInput;
  readonly spreadRatio: DecimalInput;
  /** For a pattern that is seen only once its test is over; default false. */
  readonly testConfirmed?: boolean | undefined;
  /** Needed where testConfirmed. */
  readonly testBarTimestamp?: InstantInput | null | undefined;
  /** What its type and version ask for, decimals as text: see PatternMetadata. */
  readonly metadata: object;
  /** Default: 1. */
  readonly metadataVersion?: number | undefined;
}

/** What of a pattern is stored: all but what the store sets. */
export type PatternDraft = Omit<Pattern, 'createdAt'>;

export const CONFIDENCE = [70, 95] as const;

/**
 * Reads a pattern that is to be created; reports every rule it breaks that needs no other row. Rules that are set to warn are told to `warn`
 * and stop nothing.
 */
export function readNewPattern(
  input: NewPattern,
  rules: PatternRules,
  schemas: JsonSchemas,
  report: Report,
  warn: Report,
): PatternDraft | undefined {
  const key = readSeriesKey(input, report);
  if (typeof input !== 'object' || input === null) return undefined;
  const id = readOrMakeId<PatternId>(input.id, 'id', report);
  const patternType = readChoice(input.patternType, PATTERN_TYPES, 'a pattern type', 'patternType', report);
  const times = readTimes(input, key?.timeframe, report);
  const confidenceScore = readWholeNumber(
    input.confidenceScore,
    'a confidence score',
    CONFIDENCE,
    'confidenceScore',
    report,
  );
  const phase = readPhase(input.phase, 'phase', report);
  const tradingRangeId = readOptionalId<TradingRangeId>(input.tradingRangeId, 'tradingRangeId', report);
  const prices = readPrices(input, patternType, report);
  const volumeRatio = asRatio(readRatio(input.volumeRatio, 'volumeRatio', report));
  const spreadRatio = asRatio(readRatio(input.spreadRatio, 'spreadRatio', report));
  const metadataVersion = readWholeNumber(
    input.metadataVersion ?? 1,
    'a metadata version',
    [1, LARGEST_INT],
    'metadataVersion',
    report,
  );
  const metadata =
    patternType &&
    metadataVersion &&
    schemas.read('pattern_metadata', patternType, metadataVersion, input.metadata, 'metadata', report);
  const placed = checkPlace({ patternType, phase, tradingRangeId, volumeRatio }, rules, report, warn);
  const refused = refuseRejection(input, report);
  if (!key || !id || !patternType || !times || !phase || tradingRangeId === undefined || !prices) return undefined;
  if (confidenceScore === undefined || !volumeRatio || !spreadRatio) return undefined;
  if (!metadataVersion || metadata === undefined || !placed || refused) return undefined;
  return {
    ...{ id, patternType, ...key, ...times, confidenceScore, phase, tradingRangeId, ...prices },
    ...{ volumeRatio, spreadRatio, rejectionReason: null, metadata, metadataVersion },
  };
}

function asRatio(scaled: bigint | undefined): Decimal | undefined {
  return scaled === undefined ? undefined : fromScaled(scaled, RATIO.scale);
}

/** A reason that is left out silently would make a tradable pattern of a rejected one. */
function refuseRejection(input: NewPattern, report: Report): boolean {
  const value = (input as { readonly rejectionReason?: unknown }).rejectionReason ?? null;
  if (value === null) return false;
  const hint = 'create it, then reject(id, reason)';
  report({ code: 'REJECTED_AT_CREATION', path: 'rejectionReason', value, rule: 'a new pattern is not rejected', hint });
  return true;
}

/** What of a new pattern its place is told from; undefined is what could not be read. */
type Place = {
  readonly [Field in 'patternType' | 'phase' | 'tradingRangeId' | 'volumeRatio']: PatternDraft[Field] | undefined;
};

/** Its range, its phase and its volume. */
function checkPlace(place: Place, rules: PatternRules, report: Report, warn: Report): boolean {
  const { patternType, phase, tradingRangeId, volumeRatio } = place;
  if (patternType === undefined) return false;
  let sound = true;
  const refuse: Report = (problem) => {
    sound = false;
    report(problem);
  };
  if (phase && tradingRangeId === null && (directionOf(patternType) !== undefined || phase !== 'A')) {
    const rule = `a ${patternType} of phase ${phase} has a trading range: only context of phase A may have none`;
    refuse({ code: 'TRADING_RANGE_MISSING', path: 'tradingRangeId', value: null, rule });
  }
  const usual = usualPhases(patternType);
  if (phase && !usual.includes(phase)) {
    const rule = `the usual phase of a ${patternType} is ${usual.join(' or ')}`;
    const hint = "openStore({ patternRules: { unusualPhase: 'warn' } }) lets it pass";
    (rules.unusualPhase === 'warn' ? warn : refuse)({ code: 'PHASE_UNUSUAL', path: 'phase', value: phase, rule, hint });
  }
  const rule = volumeRatio && brokenVolumeLimit(patternType, volumeRatio, rules);
  if (rule !== undefined) {
    const problem = { code: 'VOLUME_UNUSUAL', path: 'volumeRatio', value: volumeRatio, rule };
    (rules.volume === 'warn' ? warn : refuse)(problem);
  }
  return sound;
}

function readTimes(input: NewPattern, timeframe: Timeframe | undefined, report: Report) {
  const patternBarTimestamp = readInstant(input.patternBarTimestamp, 'patternBarTimestamp', report);
  const detectionTime = readInstant(input.detectionTime, 'detectionTime', report);
  const testBarTimestamp = readOptionalInstant(input.testBarTimestamp, 'testBarTimestamp', report);
  const testConfirmed = readFlag(input.testConfirmed ?? false, 'testConfirmed', report);
  if (
    !patternBarTimestamp ||
    !detectionTime ||
    testBarTimestamp === undefined ||
    testConfirmed === undefined ||
    !timeframe
  )
    return undefined;
  let sound = checkAlignment(patternBarTimestamp.getTime(), timeframe, 'patternBarTimestamp', report);
  if (sound) sound = checkClosed('detectionTime', detectionTime, patternBarTimestamp, timeframe, report);
  if (testConfirmed && testBarTimestamp === null) {
    const rule = 'a confirmed test has a bar';
    report({ code: 'TEST_BAR_MISSING', path: 'testBarTimestamp', value: input.testBarTimestamp, rule });
    sound = false;
  }
  if (testBarTimestamp && !checkTestBar({ patternBarTimestamp, timeframe }, testBarTimestamp, report)) sound = false;
  else if (testBarTimestamp && !checkClosed('detectionTime', detectionTime, testBarTimestamp, timeframe, report))
    sound = false;
  return sound ? { patternBarTimestamp, detectionTime, testBarTimestamp, testConfirmed } : undefined;
}

/** Reports what was known before it could be. */
function checkClosed(path: string, at: Date, bar: Date, timeframe: Timeframe, report: Report): boolean {
  const close = closeOf(bar, timeframe);
  if (at >= close) return true;
  const rule = `the bar of ${formatInstant(bar)} closes at ${formatInstant(close)}: nobody knows it before`;
  report({ code: 'LOOK_AHEAD', path, value: at, rule });
  return false;
}

function checkTestBar(
  pattern: Pick<Pattern, 'patternBarTimestamp' | 'timeframe'>,
  testBar: Date,
  report: Report,
): boolean {
  if (!checkAlignment(testBar.getTime(), pattern.timeframe, 'testBarTimestamp', report)) return false;
  if (testBar > pattern.patternBarTimestamp) return true;
  const rule = `a test comes after the bar that it tests, ${formatInstant(pattern.patternBarTimestamp)}`;
  report({ code: 'TEST_NOT_LATER', path: 'testBarTimestamp', value: testBar, rule });
  return false;
}

function readPrices(input: NewPattern, patternType: PatternType | undefined, report: Report) {
  const entry = readPrice(input.entryPrice, 'entryPrice', report);
  const stop = readPrice(input.stopLoss, 'stopLoss', report);
  const invalidation = readPrice(input.invalidationLevel, 'invalidationLevel', report);
  if (entry === undefined || stop === undefined || invalidation === undefined) return undefined;
  const direction = patternType && directionOf(patternType);
  if ((direction === 'LONG' && stop >= entry) || (direction === 'SHORT' && stop <= entry)) {
    const side = direction === 'LONG' ? 'below' : 'above';
    const rule = `the stop of a ${patternType} lies ${side} its entry, on the losing side`;
    report({ code: 'STOP_ON_WINNING_SIDE', path: 'stopLoss', value: input.stopLoss, rule });
    return undefined;
  }
  return {
    entryPrice: fromScaled(entry, PRICE.scale),
    stopLoss: fromScaled(stop, PRICE.scale),
    invalidationLevel: fromScaled(invalidation, PRICE.scale),
  };
}

const DIRECTIONS: Readonly<Record<Direction, RangeDirection>> = { LONG: 'accumulation', SHORT: 'distribution' };

/** Reports what keeps a pattern from being one of this trading range. */
export function checkPatternInRange(
  pattern: Pick<Pattern, 'symbol' | 'timeframe' | 'patternType' | 'tradingRangeId'>,
  range: Pick<TradingRange, 'symbol' | 'timeframe' | 'direction' | 'deletedAt'>,
  report: Report,
): void {
  if (range.deletedAt !== null) {
    const hint = 'restore the range first';
    const rule = 'the trading range was deleted';
    report({ code: 'RANGE_DELETED', path: 'tradingRangeId', value: pattern.tradingRangeId, rule, hint });
  }
  if (pattern.symbol !== range.symbol) {
    const rule = `a pattern has the symbol of its trading range, ${range.symbol}`;
    report({ code: 'PATTERN_OTHER_SYMBOL', path: 'symbol', value: pattern.symbol, rule });
  }
  if (pattern.timeframe !== range.timeframe) {
    const rule = `a pattern has the timeframe of its trading range, ${range.timeframe}`;
    report({ code: 'PATTERN_OTHER_TIMEFRAME', path: 'timeframe', value: pattern.timeframe, rule });
  }
  const direction = directionOf(pattern.patternType);
  if (direction !== undefined && DIRECTIONS[direction] !== range.direction) {
    const rule = `a ${pattern.patternType} is an entry of ${DIRECTIONS[direction]}, and the range is one of ${range.direction}`;
    report({ code: 'PATTERN_OTHER_DIRECTION', path: 'patternType', value: pattern.patternType, rule });
  }
}

/** Why no signal may be made of a pattern, as a sentence; undefined where one may. */
export function whyNotTradable(
  pattern: Pick<Pattern, 'patternType' | 'testConfirmed' | 'rejectionReason'>,
): string | undefined {
  const { patternType, testConfirmed, rejectionReason } = pattern;
  if (directionOf(patternType) === undefined) return `a ${patternType} is context, never an entry`;
  if (rejectionReason !== null) return `the pattern was rejected: ${rejectionReason}`;
  if (needsTest(patternType) && !testConfirmed) return `a ${patternType} needs a confirmed test`;
  return undefined;
}

/** Reports what keeps a bar from being the confirmed test of a pattern, as known at `confirmedAt`. */
export function checkTest(
  pattern: Pick<Pattern, 'patternBarTimestamp' | 'timeframe' | 'detectionTime' | 'rejectionReason'>,
  testBar: Date,
  confirmedAt: Date,
  report: Report,
): void {
  if (pattern.rejectionReason !== null) {
    const rule = `the pattern was rejected: ${pattern.rejectionReason}`;
    report({ code: 'PATTERN_REJECTED', path: 'testBarTimestamp', value: testBar, rule });
  }
  if (checkTestBar(pattern, testBar, report))
    checkClosed('confirmedAt', confirmedAt, testBar, pattern.timeframe, report);
  if (confirmedAt < pattern.detectionTime) {
    const rule = `a test is not confirmed before its pattern was detected, ${formatInstant(pattern.detectionTime)}`;
    report({ code: 'LOOK_AHEAD', path: 'confirmedAt', value: confirmedAt, rule });
  }
}
