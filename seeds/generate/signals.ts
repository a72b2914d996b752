import { Decimal } from '../../src/domain/decimal.js';
import { approvalChain, type Remark } from './approval.js';
import { addEntry, closeEntry, openCampaign } from './campaigns.js';
import { ACTORS, atEvening, evening, type Idea, priceText, TIMEFRAME } from './idea.js';
import type { CampaignRow, SignalRow } from './ledger-rows.js';
import { sessionOpen, tradingDayAfter } from './nyse-2024.js';
import type { Pattern } from './patterns.js';
import type { Range } from './ranges.js';

/** The paper account that the sample trades, in dollars. A campaign may use 5 per cent of it. */
export const ACCOUNT = new Decimal(1_000_000);
const CAMPAIGN_PCT = new Decimal(5);

export interface Signal {
  readonly row: SignalRow;
  readonly pattern: Pattern;
  readonly range: Range;
  /** The evening in which it was written; its order is good for the next session. */
  readonly generatedOn: string;
}

/** Writes a PENDING signal for a pattern. `allocation` is the share of the campaign's budget that it asks for. */
export function generateSignal(
  idea: Idea,
  given: { pattern: Pattern; range: Range; on: string; allocation: string; target?: Decimal },
): Signal {
  const { pattern, range, on } = given;
  const entry = new Decimal(pattern.row.entry_price);
  const stop = new Decimal(pattern.row.stop_loss);
  const target = given.target ?? new Decimal(range.row.jump_target);
  const size = ACCOUNT.times(CAMPAIGN_PCT).div(100).times(given.allocation).div(entry).floor();
  const risk = entry.minus(stop).abs();
  const type = range.direction === 'accumulation' ? 'LONG' : 'SHORT';
  const occasion = atEvening(
    idea,
    on,
    'generate',
    'detector',
    'GENERATED',
    `${type} on the ${pattern.row.pattern_type}`,
  );
  const row: SignalRow = {
    id: idea.ledger.newId(),
    signal_type: type,
    pattern_id: pattern.row.id,
    symbol: idea.series.symbol,
    timeframe: TIMEFRAME,
    generated_at: occasion.at,
    entry_price: priceText(entry),
    stop_loss: priceText(stop),
    target_1: priceText(entry.plus(target).div(2)),
    target_2: priceText(target),
    position_size: size.toFixed(),
    risk_amount: priceText(risk.times(size)),
    r_multiple: target.minus(entry).abs().div(risk).toFixed(2),
    confidence_score: pattern.row.confidence_score,
    campaign_id: null,
    campaign_allocation: new Decimal(given.allocation).toFixed(4),
    status: 'PENDING',
    notification_sent: false,
    approval_chain: approvalChain(occasion.at, undefined, 'Levels'),
    created_at: occasion.at,
    updated_at: occasion.at,
  };
  idea.ledger.insert('signals', row, occasion);
  return { row, pattern, range, generatedOn: on };
}

export function approve(idea: Idea, signal: Signal, warning?: Remark): void {
  const at = evening(signal.generatedOn, 'decide');
  const columns = { approval_chain: approvalChain(at, warning), notification_sent: true };
  changeStatus(idea, signal, 'APPROVED', columns, at, 'risk', warning ? 'approved with a warning' : 'approved');
}

export function reject(idea: Idea, signal: Signal, failure: Remark): void {
  const at = evening(signal.generatedOn, 'decide');
  const columns = { approval_chain: approvalChain(at, failure), notification_sent: true };
  changeStatus(idea, signal, 'REJECTED', columns, at, 'risk', failure.reason);
}

/** The session after the signal: its order is filled at the limit or, where the market opens better, at the open. */
export function fill(idea: Idea, signal: Signal, running?: CampaignRow): CampaignRow {
  const date = nextSession(signal);
  const bar = idea.series.on(date);
  const limit = new Decimal(signal.row.entry_price);
  if (!touchesLimit(idea, signal)) throw new RangeError(`${signal.row.symbol} never traded at ${limit} on ${date}`);
  const isLong = signal.row.signal_type === 'LONG';
  const price = isLong ? Decimal.min(bar.open, limit) : Decimal.max(bar.open, limit);
  const minutes = price.eq(bar.open) ? 0 : idea.ledger.faker.number.int({ min: 20, max: 240 });
  const at = sessionOpen(date, minutes);

  const campaign = running ?? openCampaign(idea, signal.range, at);
  changeStatus(idea, signal, 'FILLED', { campaign_id: campaign.id }, at, 'broker', `filled at ${price.toFixed(2)}`);
  addEntry(idea, campaign, {
    position_id: idea.ledger.newId(),
    signal_id: signal.row.id,
    pattern_type: signal.pattern.row.pattern_type,
    price: priceText(price),
    size: signal.row.position_size,
    timestamp: at,
    stop_loss: signal.row.stop_loss,
    allocation_pct: CAMPAIGN_PCT.times(signal.row.campaign_allocation).toFixed(2),
    status: 'OPEN',
  });
  return campaign;
}

/** The session after the signal never came to the limit: the order dies with the day. */
export function expire(idea: Idea, signal: Signal): void {
  const date = nextSession(signal);
  if (touchesLimit(idea, signal)) throw new RangeError(`${signal.row.symbol} traded at the limit on ${date}`);
  const action = 'the price never came back to the limit';
  changeStatus(idea, signal, 'EXPIRED', {}, evening(date, 'expire'), 'broker', action);
}

/** Follows the bars after the fill to the stop or the target, closes the position there, and answers the date. */
export function settle(idea: Idea, signal: Signal, campaign: CampaignRow): string {
  const isLong = signal.row.signal_type === 'LONG';
  const stop = new Decimal(signal.row.stop_loss);
  const target = new Decimal(signal.row.target_2);
  for (const bar of idea.series.after(nextSession(signal))) {
    // A bar that holds both is a loss: nobody knows which came first.
    const isStopped = isLong ? bar.low.lte(stop) : bar.high.gte(stop);
    const isTargetHit = isLong ? bar.high.gte(target) : bar.low.lte(target);
    if (!isStopped && !isTargetHit) continue;
    const status = isStopped ? 'STOPPED' : 'TARGET_HIT';
    const price = (isStopped ? stop : target).toFixed(2);
    changeStatus(idea, signal, status, {}, evening(bar.date, 'settle'), 'broker', `left at ${price}`);
    closeEntry(idea, campaign, signal.row.id, bar.date, price);
    return bar.date;
  }
  throw new RangeError(`${signal.row.symbol} reached neither ${stop} nor ${target}`);
}

function changeStatus(
  idea: Idea,
  signal: Signal,
  status: SignalRow['status'],
  columns: Partial<SignalRow>,
  at: string,
  actor: keyof typeof ACTORS,
  action: string,
): void {
  const occasion = { verb: status, at, actor: ACTORS[actor], action, correlationId: idea.correlationId };
  idea.ledger.change('signals', signal.row, { status, ...columns, updated_at: at }, occasion);
}

function nextSession(signal: Signal): string {
  const date = tradingDayAfter(signal.generatedOn);
  if (date === undefined) throw new RangeError(`no session of 2024 after ${signal.generatedOn}`);
  return date;
}

function touchesLimit(idea: Idea, signal: Signal): boolean {
  const { low, high } = idea.series.on(nextSession(signal));
  const limit = signal.row.entry_price;
  return signal.row.signal_type === 'LONG' ? low.lte(limit) : high.gte(limit);
}
