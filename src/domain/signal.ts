import { readPositionSize } from './amount.js';
import { type ApprovalChain, type ApprovalChainInput, readApprovalChain } from './approval-chain.js';
import { readChoice } from './choice.js';
import { refuseComputed } from './computed-fields.js';
import { Decimal, type DecimalInput, type DecimalKind, fromScaled, readScaled } from './decimal.js';
import { type CampaignId, type PatternId, readOptionalId, readOrMakeId, type SignalId } from './identifier.js';
import type { JsonSchemas } from './json-schemas.js';
import { type Pattern, whyNotTradable } from './pattern.js';
import { type Direction, directionOf, needsTest, type PatternType } from './pattern-types.js';
import type { Report } from './problem.js';
import { readSeriesKey, type SeriesInput, type SeriesKey } from './series.js';
import { checkLeastR, readLevels, readRisk, readRMultiple, type SignalLevels } from './signal-levels.js';
import type { SignalStatus } from './signal-status.js';
import { formatInstant, type InstantInput, readInstant } from './time.js';
import { closeOf } from './timeframe.js';
import { readWholeNumber } from './whole-number.js';

export { canMove, nextStatuses, SIGNAL_MOVES, SIGNAL_STATUSES, type SignalStatus } from './signal-status.js';

/** An order that a pattern suggests, and what became of it. */
export interface Signal extends SeriesKey, SignalLevels {
  readonly id: SignalId;
  /** LONG or SHORT. */
  readonly signalType: Direction;
  /** The pattern that suggests it; null where a person does. */
  readonly patternId: PatternId | null;
  /** Market time, UTC. */
  readonly generatedAt: Date;
  /** In units of the instrument, above zero. */
  readonly positionSize: Decimal;
  /** |entry - stop| x positionSize, half-up to the cent. */
  readonly riskAmount: Decimal;
  /** |target2 - entry| / |entry - stop|, half-up to 2 decimals; at least 2.00. */
  readonly rMultiple: Decimal;
  /** 70 to 95. */
  readonly confidenceScore: number;
  /** The campaign that it was filled into, or is meant for. */
  readonly campaignId: CampaignId | null;
  /** 0 to 1: the share that it uses of its campaign's budget, see {@link allocationPct}. */
  readonly campaignAllocation: Decimal;
  /** PENDING, APPROVED, REJECTED, FILLED, STOPPED, TARGET_HIT or EXPIRED. */
  readonly status: SignalStatus;
  /** Whether people were told. */
  readonly notificationSent: boolean;
  /** What its validation said; null while there is none. */
  readonly approvalChain: ApprovalChain | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A signal as a caller writes it. It starts as PENDING. */
export interface NewSignal extends SeriesInput {
  /** Default: a new one. With one of your own a create that is sent twice is recognised. */
  readonly id?: string | undefined;
  /** Default: LONG. */
  readonly signalType?: Direction | undefined;
  /** A tradable pattern of the same series and direction; none for a signal by hand. */
  readonly patternId?: string | null | undefined;
  /** Market time. */
  readonly generatedAt: InstantInput;
  readonly entryPrice: DecimalInput;
  readonly stopLoss: DecimalInput;
  readonly target1: DecimalInput;
  readonly target2: DecimalInput;
  readonly positionSize: DecimalInput;
  /** Derived; one that is given must equal it. */
  readonly riskAmount?: DecimalInput | undefined;
  /** Derived; one that is given must equal it. */
  readonly rMultiple?: DecimalInput | undefined;
  /** 70 to 95. */
  readonly confidenceScore: number;
  readonly campaignId?: string | null | undefined;
  /** Default: 0. */
  readonly campaignAllocation?: DecimalInput | undefined;
  readonly approvalChain?: ApprovalChainInput | null | undefined;
}

/** What of a signal is stored: all but what the store sets. */
export type SignalDraft = Omit<Signal, 'createdAt' | 'updatedAt'>;

/** NUMERIC(5,4). */
const ALLOCATION: DecimalKind = { name: 'allocation', integerDigits: 1, scale: 4 };
const CAMPAIGN_BUDGET_PCT = new Decimal('5.00');

const LEAST_R: Partial<Record<PatternType, string>> = {
  SPRING: '3.0',
  SOS: '2.5',
  LPS: '2.5',
  BU: '2.5',
  UTAD: '3.5',
};

/** Reads a signal that is to be created; reports every rule it breaks that needs no other row. */
export function readNewSignal(input: NewSignal, schemas: JsonSchemas, report: Report): SignalDraft | undefined {
  const key = readSeriesKey(input, report);
  if (typeof input !== 'object' || input === null) return undefined;
  const { signalType: type = 'LONG', campaignAllocation: allocation = 0 } = input;
  const id = readOrMakeId<SignalId>(input.id, 'id', report);
  const signalType = readChoice(type, ['LONG', 'SHORT'], 'a signal type', 'signalType', report);
  const patternId = readOptionalId<PatternId>(input.patternId, 'patternId', report);
  const generatedAt = readInstant(input.generatedAt, 'generatedAt', report);
  const levels = readLevels(input, signalType, report);
  const positionSize = readPositionSize(input.positionSize, 'positionSize', report);
  const rMultiple = levels && readRMultiple(levels, input.rMultiple, report);
  const riskAmount = levels && positionSize && readRisk(levels, positionSize, input.riskAmount, report);
  const confidenceScore = readWholeNumber(
    input.confidenceScore,
    'a confidence score',
    [70, 95],
    'confidenceScore',
    report,
  );
  const campaignId = readOptionalId<CampaignId>(input.campaignId, 'campaignId', report);
  const campaignAllocation = readAllocation(allocation, report);
  const approvalChain = readApprovalChain(input.approvalChain, 'approvalChain', schemas, report);
  const refused = refuseComputed(input, ['status', 'notificationSent'], report);
  if (!key || !id || !signalType || patternId === undefined || !generatedAt || !levels || !positionSize)
    return undefined;
  if (!rMultiple || !riskAmount || confidenceScore === undefined || campaignId === undefined) return undefined;
  if (!campaignAllocation || approvalChain === undefined || refused) return undefined;
  return {
    ...{ id, ...key, signalType, patternId, generatedAt, ...levels, positionSize, riskAmount, rMultiple },
    ...{ confidenceScore, campaignId, campaignAllocation, approvalChain },
    status: 'PENDING',
    notificationSent: false,
  };
}

/** Reports what keeps a signal from being made on this pattern. */
export function checkSignalAgainstPattern(signal: SignalDraft, pattern: Pattern, report: Report): void {
  const reason = whyNotTradable(pattern);
  if (reason !== undefined) {
    report({ code: 'PATTERN_NOT_TRADABLE', path: 'patternId', value: pattern.id, rule: reason });
  }
  const direction = directionOf(pattern.patternType);
  if (direction && signal.signalType !== direction) {
    const rule = `a signal on ${pattern.patternType} is ${direction}`;
    report({ code: 'SIGNAL_OTHER_DIRECTION', path: 'signalType', value: signal.signalType, rule });
  }
  if (signal.symbol !== pattern.symbol) {
    const rule = `a signal has the symbol of its pattern, ${pattern.symbol}`;
    report({ code: 'SIGNAL_OTHER_SYMBOL', path: 'symbol', value: signal.symbol, rule });
  }
  if (signal.timeframe !== pattern.timeframe) {
    const rule = `a signal has the timeframe of its pattern, ${pattern.timeframe}`;
    report({ code: 'SIGNAL_OTHER_TIMEFRAME', path: 'timeframe', value: signal.timeframe, rule });
  }
  if (signal.generatedAt < pattern.detectionTime) {
    const rule = `a signal is not generated before its pattern was detected, ${formatInstant(pattern.detectionTime)}`;
    report({ code: 'LOOK_AHEAD', path: 'generatedAt', value: signal.generatedAt, rule });
  }
  const { testBarTimestamp: testBar } = pattern;
  if (needsTest(pattern.patternType) && testBar && signal.generatedAt < closeOf(testBar, pattern.timeframe)) {
    const rule = `the test of its pattern was over at ${formatInstant(closeOf(testBar, pattern.timeframe))}, and nobody knew it before`;
    report({ code: 'LOOK_AHEAD', path: 'generatedAt', value: signal.generatedAt, rule });
  }
  const leastR = LEAST_R[pattern.patternType];
  if (leastR !== undefined) checkLeastR(signal, leastR, `a signal on ${pattern.patternType}`, report);
}

/** The per cent of the portfolio that a signal uses: its share of the 5.00 that a campaign may use. Exact. */
export function allocationPct(campaignAllocation: Decimal): Decimal {
  return CAMPAIGN_BUDGET_PCT.times(campaignAllocation);
}

function readAllocation(value: unknown, report: Report): Decimal | undefined {
  const path = 'campaignAllocation';
  const share = readScaled(value, ALLOCATION, path, report);
  if (share === undefined) return undefined;
  if (share >= 0n && share <= 10_000n) return fromScaled(share, ALLOCATION.scale);
  const rule = "a campaign allocation is from 0 to 1, a share of the campaign's budget";
  report({ code: 'ALLOCATION_OUT_OF_RANGE', path, value, rule });
  return undefined;
}
