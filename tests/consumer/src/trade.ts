import {
  type ApprovalChainInput,
  type Bar,
  type Campaign,
  closeOf,
  Decimal,
  type Pattern,
  type Signal,
  type Transaction,
} from 'wyckoff-store';
import { STAGES } from 'wyckoff-store/domain';
import type { Idea } from './idea.js';

/** A filled signal whose stop and target wait. */
export interface Position {
  readonly signal: Signal;
  readonly campaign: Campaign;
  readonly positionId: string;
  readonly price: Decimal;
}

/** A position that was left. */
export interface Trade {
  readonly signal: Signal;
  readonly won: boolean;
  readonly closedAt: Date;
  /** Per unit; below zero where it lost. */
  readonly gain: Decimal;
  /** The gain in units of what was at risk. */
  readonly rMultiple: Decimal;
}

/** What a trade risks at most, of an account of 100,000. */
const RISK = new Decimal(1_000);
export const ACCOUNT = new Decimal(100_000);
/** The engine takes one position a campaign, with half its budget, where the range promises so many times the risk. */
const ALLOCATION = '0.5';
const LEAST_R = new Decimal('3.5');
/** An order is good for so many bars. */
const ORDER_BARS = 5;

/** Orders at the close of the test's bar: good until it is reached, for five bars. One position at a time. */
export async function order(tx: Transaction, idea: Idea, pattern: Pattern, today: Bar): Promise<Idea> {
  const { range, waiting, position } = idea;
  const long = pattern.patternType === 'SPRING';
  const [entryPrice, stopLoss, target2] = [today.close, pattern.stopLoss, range.jumpTarget];
  const risk = entryPrice.minus(stopLoss).abs();
  if (waiting || position || target2.minus(entryPrice).abs().lt(risk.times(LEAST_R))) return idea;
  const generatedAt = closeOf(today.timestamp, today.timeframe);
  const { id } = await tx.signals.create({
    symbol: range.symbol,
    timeframe: range.timeframe,
    signalType: long ? 'LONG' : 'SHORT',
    patternId: pattern.id,
    ...{ generatedAt, entryPrice, stopLoss, target2 },
    target1: long ? range.resistancePrice : range.supportPrice,
    positionSize: RISK.div(risk).floor(),
    confidenceScore: pattern.confidenceScore,
    campaignAllocation: ALLOCATION,
  });
  const signal = await tx.signals.approve(id, approval(pattern, generatedAt));
  return { ...idea, waiting: signal, signals: [...idea.signals, signal] };
}

/** What the engine has looked at before it came here, stage by stage. */
function approval(pattern: Pattern, timestamp: Date): ApprovalChainInput {
  const metadata = { pattern: pattern.patternType };
  return {
    validation_results: STAGES.map((stage) => ({
      ...{ stage, status: 'PASS' as const, validator_id: 'engine', timestamp, metadata },
    })),
  };
}

/** Fills the order where the last bar has reached its price, and gives it up after five bars. */
export async function followOrder(tx: Transaction, idea: Idea, bars: readonly Bar[]): Promise<Idea> {
  const { waiting: signal, range } = idea;
  if (!signal) return idea;
  const today = bars.at(-1)!;
  const at = closeOf(today.timestamp, today.timeframe);
  const { entryPrice } = signal;
  const long = signal.signalType === 'LONG';
  if (long ? today.low.gt(entryPrice) : today.high.lt(entryPrice)) {
    const waited = bars.filter((bar) => bar.timestamp >= signal.generatedAt).length;
    if (waited < ORDER_BARS) return idea;
    return { ...withSignal(idea, await tx.signals.expire(signal.id, { at })), waiting: undefined };
  }
  // A gap through the order fills it at the open, which is better.
  const price = long ? Decimal.min(today.open, entryPrice) : Decimal.max(today.open, entryPrice);
  const { symbol, timeframe, id: tradingRangeId } = range;
  const opened = await tx.campaigns.open({ symbol, timeframe, tradingRangeId, startedAt: at });
  const filled = await tx.signals.fill(signal.id, { campaignId: opened.id, at, price });
  const campaign = await tx.campaigns.addEntry(opened.id, {
    signal_id: signal.id,
    price,
    size: signal.positionSize,
    timestamp: at,
    stop_loss: signal.stopLoss,
  });
  const positionId = campaign.entries[0]!.position_id;
  return { ...withSignal(idea, filled), waiting: undefined, position: { signal: filled, campaign, positionId, price } };
}

/** Leaves the position where the last bar has reached its stop or, else, its target: which came first within a bar nobody knows. */
export async function followPosition(tx: Transaction, idea: Idea, bars: readonly Bar[]): Promise<Idea> {
  const { position } = idea;
  if (!position) return idea;
  const { signal, campaign, positionId, price } = position;
  const { stopLoss, target2: target } = signal;
  const today = bars.at(-1)!;
  const at = closeOf(today.timestamp, today.timeframe);
  const long = signal.signalType === 'LONG';
  const stopped = long ? today.low.lte(stopLoss) : today.high.gte(stopLoss);
  const reached = long ? today.high.gte(target) : today.low.lte(target);
  if (!stopped && !reached) return idea;
  // A gap beyond the level is left at the open.
  const worse = long ? Decimal.min(today.open, stopLoss) : Decimal.max(today.open, stopLoss);
  const better = long ? Decimal.max(today.open, target) : Decimal.min(today.open, target);
  const exit = stopped ? worse : better;
  const left = await tx.campaigns.closeEntry(campaign.id, positionId, { exit_price: exit, closed_at: at });
  const execution = { at, price: exit };
  const moved = await (stopped ? tx.signals.stop(signal.id, execution) : tx.signals.hitTarget(signal.id, execution));
  await endCampaign(tx, left, stopped, at);
  const gain = long ? exit.minus(price) : price.minus(exit);
  const rMultiple = gain.div(price.minus(stopLoss).abs());
  const trade: Trade = { signal: moved, won: !stopped, closedAt: at, gain, rMultiple };
  return { ...withSignal(idea, moved), position: undefined, trades: [...idea.trades, trade] };
}

/** A campaign that was stopped before its markup had begun is given up; any other is complete. */
async function endCampaign(tx: Transaction, campaign: Campaign, stopped: boolean, completedAt: Date): Promise<void> {
  const { id } = campaign;
  let { version } = campaign;
  if (campaign.status === 'ACTIVE' && stopped) {
    await tx.campaigns.invalidate(id, { version, reason: 'stopped before the markup had begun', completedAt });
    return;
  }
  if (campaign.status === 'ACTIVE') ({ version } = await tx.campaigns.toMarkup(id, { version }));
  await tx.campaigns.complete(id, { version, completedAt });
}

function withSignal(idea: Idea, changed: Signal): Idea {
  return { ...idea, signals: idea.signals.map((signal) => (signal.id === changed.id ? changed : signal)) };
}
