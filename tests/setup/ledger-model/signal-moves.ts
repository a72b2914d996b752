import { distance, halfUp, printPrice, printUnits, readPriceUnits, readUnits } from './amounts.js';
import { readApproval, readChain, readRejection } from './approval-chain.js';
import { MEANINGS } from './pattern-meanings.js';
import { isTradable } from './pattern-moves.js';
import type { Document, PatternRow, SignalRow } from './rows.js';
import { DURATIONS, isId, isWhole, readInstantText, readSeries } from './values.js';
import { type Created, type Kind, type Outcome, refused, type Values, type World } from './world.js';

/** What each status may become. */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  PENDING: ['APPROVED', 'REJECTED', 'EXPIRED'],
  APPROVED: ['FILLED', 'EXPIRED'],
  FILLED: ['STOPPED', 'TARGET_HIT'],
};

export function createSignal(world: World, input: Values): Outcome {
  const row = readSignal(input);
  const fits = row === undefined || (fitsPattern(world, row) && fitsCampaign(world, row, row.campaign_id));
  return world.create('signals', input, row, 'SIGNAL_GENERATED', new Set<Kind>(fits ? [] : ['InvalidInput']));
}

export function approveSignal(world: World, id: string, input: Document): Outcome {
  const chain = readApproval(input);
  return move(world, id, 'APPROVED', chain !== undefined, (row) => {
    const pattern = row.pattern_id === null ? undefined : world.rows.patterns.get(row.pattern_id);
    return (!pattern || isTradable(pattern)) && chain && { approval_chain: chain };
  });
}

export function rejectSignal(world: World, id: string, input: Values): Outcome {
  const sound = readRejection(input, {}) !== undefined;
  return move(world, id, 'REJECTED', sound, (row) => {
    const chain = readRejection(input, row.approval_chain);
    return chain && { approval_chain: chain };
  });
}

export function expireSignal(world: World, id: string, input: Values): Outcome {
  return move(world, id, 'EXPIRED', isExecution(input), () => ({}));
}

export function fillSignal(world: World, id: string, input: Values): Outcome {
  const { campaignId: given = null } = input;
  const sound = isExecution(input) && (given === null || isId(given));
  return move(world, id, 'FILLED', sound, (row) => {
    const campaignId = (given ?? row.campaign_id) as string | null;
    const same = row.campaign_id === null || row.campaign_id === campaignId;
    return same && fitsCampaign(world, row, campaignId) && { campaign_id: campaignId };
  });
}

export function stopSignal(world: World, id: string, input: Values): Outcome {
  return move(world, id, 'STOPPED', isExecution(input), () => ({}));
}

export function hitTarget(world: World, id: string, input: Values): Outcome {
  return move(world, id, 'TARGET_HIT', isExecution(input), () => ({}));
}

export function markNotified(world: World, id: string): Outcome {
  const row = world.rows.signals.get(id);
  if (!row) return refused(isId(id) ? 'NotFound' : 'InvalidInput');
  if (row.notification_sent) return { rows: [row] };
  return world.update('signals', row, { notification_sent: true }, 'SIGNAL_NOTIFIED');
}

export function expireOlderThan(world: World, before: unknown, { approved = false }: Values): Outcome {
  const bound = readInstantText(before);
  if (!bound) return refused('InvalidInput');
  const stale = [...world.rows.signals.values()]
    .filter(({ status }) => status === 'PENDING' || (approved && status === 'APPROVED'))
    .filter(({ generated_at }) => Date.parse(generated_at) < Date.parse(bound))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    rows: stale.flatMap((row) => world.update('signals', row, { status: 'EXPIRED' }, 'SIGNAL_EXPIRED').rows ?? []),
  };
}

/** `decide` answers what else changes, or nothing where the move is refused. */
function move(
  world: World,
  id: string,
  to: string,
  sound: boolean,
  decide: (row: SignalRow) => Partial<SignalRow> | false | undefined,
): Outcome {
  const objections = new Set<Kind>(sound && isId(id) ? [] : ['InvalidInput']);
  const row = world.rows.signals.get(id);
  if (!row) return { refused: objections.size > 0 ? objections : new Set(['NotFound']) };
  if (!NEXT[row.status]?.includes(to)) objections.add('IllegalMove');
  const fields = decide(row);
  if (!fields) objections.add('InvalidInput');
  if (objections.size > 0 || !fields) return { refused: objections };
  return world.update('signals', row, { ...fields, status: to }, `SIGNAL_${to}`);
}

function readSignal(input: Values): Created<'signals'> | undefined {
  const series = readSeries(input);
  const { id, signalType: type = 'LONG', patternId = null, campaignId = null, campaignAllocation = 0 } = input;
  const generated = readInstantText(input.generatedAt);
  const [entry, stop, target1, target2] = [input.entryPrice, input.stopLoss, input.target1, input.target2].map(
    readPriceUnits,
  );
  const size = readPriceUnits(input.positionSize);
  const share = readUnits(campaignAllocation, 4, 1);
  const chain = readChain(input.approvalChain as Document | undefined);
  if (!series || !isId(id) || !generated || !chain || (type !== 'LONG' && type !== 'SHORT')) return undefined;
  if (!isWhole(input.confidenceScore, 70, 95) || share === undefined || share < 0n || share > 10_000n) return undefined;
  if ((patternId !== null && !isId(patternId)) || (campaignId !== null && !isId(campaignId))) return undefined;
  if (!entry || !stop || !target1 || !target2 || !size) return undefined;
  const long = stop < entry && entry < target1 && target1 <= target2;
  const short = stop > entry && entry > target1 && target1 >= target2;
  if (type === 'LONG' ? !long : !short) return undefined;
  const [atRisk, reward] = [distance(entry, stop), distance(target2, entry)];
  const r = halfUp(reward * 100n, atRisk);
  if (reward < atRisk * 2n || r > 999_999n) return undefined;
  const risk = halfUp(atRisk * size, 10n ** 14n);
  if (risk === 0n || risk > 999_999_999_999n) return undefined;
  if (input.rMultiple !== undefined && readUnits(input.rMultiple, 2, 10) !== r) return undefined;
  if (input.riskAmount !== undefined && readUnits(input.riskAmount, 2, 10) !== risk) return undefined;
  return {
    ...{ id, ...series, signal_type: type, pattern_id: patternId, generated_at: generated },
    ...{ entry_price: printPrice(entry), stop_loss: printPrice(stop) },
    ...{ target_1: printPrice(target1), target_2: printPrice(target2), position_size: printPrice(size) },
    ...{ risk_amount: printUnits(risk, 2), r_multiple: printUnits(r, 2), confidence_score: input.confidenceScore },
    ...{ campaign_id: campaignId, campaign_allocation: printUnits(share, 4) },
    ...{ status: 'PENDING', notification_sent: false, approval_chain: chain },
  };
}

function fitsPattern(world: World, row: Created<'signals'>): boolean {
  if (row.pattern_id === null) return true;
  const pattern = world.rows.patterns.get(row.pattern_id);
  if (!pattern || !isTradable(pattern)) return false;
  if (row.symbol !== pattern.symbol || row.timeframe !== pattern.timeframe) return false;
  if (Date.parse(row.generated_at) < knownAt(pattern)) return false;
  const { entry, leastR } = MEANINGS[pattern.pattern_type]!;
  const [price, stop, target] = [row.entry_price, row.stop_loss, row.target_2].map((text) => readPriceUnits(text)!);
  return row.signal_type === entry && distance(target!, price!) * 10n >= distance(price!, stop!) * leastR;
}

/** When a pattern could be traded at the earliest: it was detected, and its test was over where it needs one. */
export function knownAt(pattern: PatternRow): number {
  const detected = Date.parse(pattern.detection_time);
  if (!MEANINGS[pattern.pattern_type]!.tested || pattern.test_bar_timestamp === null) return detected;
  return Math.max(detected, Date.parse(pattern.test_bar_timestamp) + DURATIONS[pattern.timeframe]!);
}

/** The campaign of a signal is live and of its series. */
function fitsCampaign(world: World, row: Pick<SignalRow, 'symbol' | 'timeframe'>, campaignId: string | null): boolean {
  if (campaignId === null) return true;
  const campaign = world.rows.campaigns.get(campaignId);
  if (!campaign || (campaign.status !== 'ACTIVE' && campaign.status !== 'MARKUP')) return false;
  return campaign.symbol === row.symbol && campaign.timeframe === row.timeframe;
}

function isExecution({ at, price }: Values): boolean {
  return (
    (at === undefined || readInstantText(at) !== undefined) &&
    (price === undefined || readPriceUnits(price) !== undefined)
  );
}
