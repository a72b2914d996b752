import type { ApprovalChainInput, StageResult, Verdict } from '../../src/domain/approval-chain.js';
import type { NewCampaign } from '../../src/domain/campaign.js';
import type { NewCampaignEntry } from '../../src/domain/campaign-entry.js';
import { newId } from '../../src/domain/identifier.js';
import type { NewPattern, Pattern } from '../../src/domain/pattern.js';
import { directionOf, needsTest, type PatternType, usualPhases } from '../../src/domain/pattern-types.js';
import type { NewSignal, Signal, SignalStatus } from '../../src/domain/signal.js';
import type { InstantInput } from '../../src/domain/time.js';
import type { NewTradingRange, TradingRange } from '../../src/domain/trading-range.js';
import type { Transaction } from '../../src/store.js';

/** Inputs of the ledger that break no rule, for tests that break one rule each. */

type Ledger = Pick<Transaction, 'tradingRanges' | 'patterns' | 'signals' | 'campaigns'>;

/** An accumulation of AAPL 1d with an id of its own: support 100, resistance 110, jump target 130. */
export function soundRange(change: Partial<NewTradingRange> = {}): NewTradingRange {
  return {
    id: newId(),
    symbol: 'AAPL',
    timeframe: '1d',
    startTime: '2024-01-02T00:00:00Z',
    durationBars: 22,
    creekLevel: '100',
    iceLevel: '110',
    jumpTarget: '130',
    causeFactor: '2',
    phase: 'C',
    strengthScore: 80,
    ...change,
  };
}

/** Likewise a distribution, jump target 80. */
export function soundDistribution(change: Partial<NewTradingRange> = {}): NewTradingRange {
  return soundRange({ jumpTarget: '80', ...change });
}

const OTHER_PATTERN = '00000000-0000-4000-8000-00000000000a';

const METADATA: Partial<Record<PatternType, object>> = {
  SPRING: {
    penetration_pct: '0.02',
    recovery_bars: 1,
    spring_low: '98.5',
    recovery_price: '100.5',
    creek_reference: '100',
    creek_distance: '1.5',
  },
  UTAD: {
    breakout_pct: '0.02',
    bars_to_failure: 2,
    utad_high: '111.5',
    failure_price: '109.5',
    ice_reference: '110',
    ice_penetration: '1.5',
  },
  SOS: { breakout_pct: '0.02', breakout_price: '112', close_position: '0.8', ice_reference: '110' },
  LPS: {
    sos_pattern_id: OTHER_PATTERN,
    distance_from_ice: '0.5',
    pullback_low: '110.5',
    bars_after_sos: 3,
    held_support: true,
    effort_result: 'EFFORT_MATCHES_RESULT',
  },
  SC: { close_position: '0.4', prior_close: '104' },
  AR: { sc_pattern_id: OTHER_PATTERN, rally_pct: '0.05', bars_after_sc: 4 },
  ST: {
    sc_pattern_id: OTHER_PATTERN,
    distance_from_sc_low_pct: '0.01',
    volume_reduction_pct: '0.3',
    penetration_pct: '0.005',
  },
};

const VOLUME_RATIOS: Partial<Record<PatternType, string>> = { SPRING: '0.5', SOS: '1.8', LPS: '0.7', UTAD: '1.5' };

/** Metadata, version 1, as each type needs them. */
export function soundMetadata(type: PatternType, change: object = {}): object {
  return { ...METADATA[type], ...change };
}

/**
 * A pattern on the bar of 1 February 2024: a SPRING, or of the type that is given, in its usual phase, with its metadata and a volume without
 * a warning. Types that are traded short need a distribution. Without a range it has none, which only context of phase A may.
 */
export function soundPattern(
  range: Pick<TradingRange, 'id' | 'symbol' | 'timeframe'> | null,
  change: Partial<NewPattern> = {},
): NewPattern {
  const patternType = change.patternType ?? 'SPRING';
  const short = directionOf(patternType) === 'SHORT';
  return {
    id: newId(),
    patternType,
    symbol: range?.symbol ?? 'AAPL',
    timeframe: range?.timeframe ?? '1d',
    detectionTime: '2024-02-02T00:00:00Z',
    patternBarTimestamp: '2024-02-01T00:00:00Z',
    confidenceScore: 80,
    phase: usualPhases(patternType)[0]!,
    tradingRangeId: range?.id ?? null,
    entryPrice: short ? '109' : '101',
    stopLoss: short ? '112' : '98',
    invalidationLevel: short ? '113' : '97',
    volumeRatio: VOLUME_RATIOS[patternType] ?? '1',
    spreadRatio: '0.8',
    metadata: soundMetadata(patternType),
    ...change,
  };
}

/** What makes a pattern of a type that needs a test tradable when it is created. */
export const TESTED = {
  testConfirmed: true,
  testBarTimestamp: '2024-02-05T00:00:00Z',
  detectionTime: '2024-02-06T00:00:00Z',
} as const;

/** A signal of 9.67 R in its pattern's direction, risk 300.00; by hand and LONG where there is no pattern. */
export function soundSignal(
  pattern: Pick<Pattern, 'id' | 'symbol' | 'timeframe' | 'patternType'> | null,
  change: Partial<NewSignal> = {},
): NewSignal {
  const signalType = (pattern && directionOf(pattern.patternType)) ?? 'LONG';
  const levels =
    signalType === 'LONG'
      ? { entryPrice: '101', stopLoss: '98', target1: '110', target2: '130' }
      : { entryPrice: '109', stopLoss: '112', target1: '100', target2: '80' };
  return {
    id: newId(),
    signalType,
    patternId: pattern?.id ?? null,
    symbol: pattern?.symbol ?? 'AAPL',
    timeframe: pattern?.timeframe ?? '1d',
    generatedAt: '2024-02-06T00:00:00Z',
    ...levels,
    positionSize: '100',
    confidenceScore: 80,
    campaignAllocation: '0.2',
    ...change,
  };
}

const STAGES = ['Volume', 'Phase', 'Levels', 'Risk', 'Strategy'] as const;

/** The stages' results; what is not named passes. */
export function soundStages(
  verdicts: Partial<Record<(typeof STAGES)[number], Verdict>> = {},
): StageResult<InstantInput>[] {
  return STAGES.map((stage) => {
    const status = verdicts[stage] ?? 'PASS';
    const reason = status === 'PASS' ? {} : { reason: `${stage} says ${status}` };
    return { stage, status, validator_id: 'validator/1', timestamp: '2024-02-06T00:00:00Z', ...reason };
  });
}

/** Five stages that pass, or say what is given, as far as the first FAIL. */
export function soundChain(...verdicts: Parameters<typeof soundStages>): ApprovalChainInput {
  const stages = soundStages(...verdicts);
  const failed = stages.findIndex(({ status }) => status === 'FAIL');
  return { validation_results: failed < 0 ? stages : stages.slice(0, failed + 1) };
}

export function soundCampaign(
  range: Pick<TradingRange, 'id' | 'symbol' | 'timeframe'> | null,
  change: Partial<NewCampaign> = {},
): NewCampaign {
  return {
    id: newId(),
    symbol: range?.symbol ?? 'AAPL',
    timeframe: range?.timeframe ?? '1d',
    tradingRangeId: range?.id ?? null,
    startedAt: '2024-02-06T00:00:00Z',
    ...change,
  };
}

/** 100 at 101, stop 98: 300.00 at risk. */
export function soundEntry(signal: Pick<Signal, 'id'>, change: Partial<NewCampaignEntry> = {}): NewCampaignEntry {
  return {
    position_id: newId(),
    signal_id: signal.id,
    price: '101',
    size: '100',
    timestamp: '2024-02-07T00:00:00Z',
    stop_loss: '98',
    ...change,
  };
}

/** Creates a range of the type's direction and a pattern in it that may be traded. */
export async function createTradable(
  { tradingRanges, patterns }: Ledger,
  change: Partial<NewPattern> = {},
): Promise<Pattern> {
  const { symbol = 'AAPL', timeframe = '1d', patternType = 'SPRING' } = change;
  const sound = directionOf(patternType) === 'SHORT' ? soundDistribution : soundRange;
  const range = await tradingRanges.create(sound({ symbol, timeframe }));
  return patterns.create(soundPattern(range, { ...(needsTest(patternType) && TESTED), ...change }));
}

/** Creates a signal by hand and moves it to a status; a FILLED one is in the campaign that is given. */
export async function createSignal(
  { signals }: Ledger,
  status: SignalStatus = 'PENDING',
  change: Partial<NewSignal> = {},
): Promise<Signal> {
  const signal = await signals.create(soundSignal(null, change));
  switch (status) {
    case 'PENDING':
      return signal;
    case 'REJECTED':
      return signals.reject(signal.id, { reason: 'too late' });
    case 'EXPIRED':
      return signals.expire(signal.id);
  }
  const approved = await signals.approve(signal.id, soundChain());
  if (status === 'APPROVED') return approved;
  const filled = await signals.fill(signal.id);
  if (status === 'FILLED') return filled;
  return status === 'STOPPED' ? signals.stop(signal.id) : signals.hitTarget(signal.id);
}
