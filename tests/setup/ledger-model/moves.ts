import type { Transaction } from '../../../src/index.js';
import { recordBacktest } from './backtest-moves.js';
import { manyOf } from './batch-moves.js';
import {
  addEntry,
  closeEntry,
  completeCampaign,
  invalidateCampaign,
  openCampaign,
  toMarkup,
} from './campaign-moves.js';
import { confirmTest, createPattern, rejectPattern } from './pattern-moves.js';
import { closeRange, createRange, deleteRange, restoreRange, updateRange } from './range-moves.js';
import {
  approveSignal,
  createSignal,
  expireOlderThan,
  expireSignal,
  fillSignal,
  hitTarget,
  markNotified,
  rejectSignal,
  stopSignal,
} from './signal-moves.js';
import type { Outcome, World } from './world.js';

/** What the model says of each move of the ledger, by the repository and the method that make it. */
const MODEL = {
  'tradingRanges.create': createRange,
  'tradingRanges.createMany': manyOf(createRange),
  'tradingRanges.updateLevels': updateRange,
  'tradingRanges.close': closeRange,
  'tradingRanges.softDelete': deleteRange,
  'tradingRanges.restore': restoreRange,
  'patterns.create': createPattern,
  'patterns.createMany': manyOf(createPattern),
  'patterns.confirmTest': confirmTest,
  'patterns.reject': rejectPattern,
  'signals.create': createSignal,
  'signals.createMany': manyOf(createSignal),
  'signals.approve': approveSignal,
  'signals.reject': rejectSignal,
  'signals.expire': expireSignal,
  'signals.fill': fillSignal,
  'signals.stop': stopSignal,
  'signals.hitTarget': hitTarget,
  'signals.markNotified': markNotified,
  'signals.expireOlderThan': expireOlderThan,
  'campaigns.open': openCampaign,
  'campaigns.openMany': manyOf(openCampaign),
  'campaigns.addEntry': addEntry,
  'campaigns.closeEntry': closeEntry,
  'campaigns.toMarkup': toMarkup,
  'campaigns.complete': completeCampaign,
  'campaigns.invalidate': invalidateCampaign,
  'backtests.record': recordBacktest,
  'backtests.recordMany': manyOf(recordBacktest),
} as const;

export type MoveName = keyof typeof MODEL;
export const MOVE_NAMES = Object.keys(MODEL) as readonly MoveName[];

/** A move with its arguments, for the model and the store alike. */
export interface Move {
  readonly name: MoveName;
  readonly args: readonly unknown[];
}

export function predict(world: World, { name, args }: Move): Outcome {
  return (MODEL[name] as (world: World, ...args: readonly unknown[]) => Outcome)(world, ...args);
}

/** What the store answers: one entity, or several. */
export async function make(
  repositories: Omit<Transaction, 'transaction'>,
  { name, args }: Move,
): Promise<readonly object[]> {
  const [repository, method] = name.split('.') as [keyof typeof repositories, string];
  const methods = repositories[repository] as unknown as Record<
    string,
    (...args: readonly unknown[]) => Promise<object>
  >;
  const answer = await methods[method]!(...args);
  return Array.isArray(answer) ? answer : [answer];
}
