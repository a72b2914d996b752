import { isLive } from './campaign-moves.js';
import type { Dice } from './dice.js';
import { drawBacktest } from './draw-backtest.js';
import { drawBatch } from './draw-batch.js';
import { drawCampaign, drawCompletion, drawEntry, drawExit, drawInvalidation, drawMarkup } from './draw-campaign.js';
import { drawConfirmation, drawPattern, drawPatternRejection } from './draw-pattern.js';
import { drawRange, drawRangeClose, drawRangeDelete, drawRangeRestore, drawRangeUpdate } from './draw-range.js';
import {
  drawApproval,
  drawEnd,
  drawExpiry,
  drawFill,
  drawMassExpiry,
  drawNotice,
  drawSignal,
  drawSignalRejection,
} from './draw-signal.js';
import type { Move } from './moves.js';
import { isTradable } from './pattern-moves.js';
import type { Table, Tables } from './rows.js';
import type { World } from './world.js';

/** How to draw each move, and how likely it is in a world: more where it leads on, and never nothing. */
const DRAWS = {
  range: [drawRange, (world) => (world.rows.trading_ranges.size < 2 ? 24 : 4)],
  pattern: [drawPattern, (world) => (count(world, 'trading_ranges', () => true) > 0 ? 24 : 1)],
  confirmation: [drawConfirmation, (world) => (count(world, 'patterns', (row) => !row.test_confirmed) > 0 ? 18 : 1)],
  signal: [drawSignal, (world) => (count(world, 'patterns', isTradable) > 0 ? 36 : 1)],
  approval: [drawApproval, (world) => (count(world, 'signals', (row) => row.status === 'PENDING') > 0 ? 30 : 1)],
  campaign: [drawCampaign, (world) => (count(world, 'campaigns', isLive) > 1 ? 4 : 18)],
  fill: [drawFill, (world) => (count(world, 'signals', (row) => row.status === 'APPROVED') > 0 ? 36 : 1)],
  entry: [drawEntry, (world) => (count(world, 'signals', (row) => row.status === 'FILLED') > 0 ? 36 : 1)],
  exit: [drawExit, (world) => (count(world, 'campaigns', (row) => row.entries.length > 0) > 0 ? 18 : 1)],
  markup: [drawMarkup, (world) => (count(world, 'campaigns', isLive) > 0 ? 12 : 1)],
  completion: [drawCompletion, (world) => (count(world, 'campaigns', (row) => row.status === 'MARKUP') > 0 ? 18 : 1)],
  invalidation: [drawInvalidation, (world) => (count(world, 'campaigns', isLive) > 0 ? 3 : 1)],
  rangeUpdate: [drawRangeUpdate, (world) => (world.rows.trading_ranges.size > 0 ? 15 : 1)],
  rangeClose: [drawRangeClose, (world) => (world.rows.trading_ranges.size > 0 ? 9 : 1)],
  rangeDelete: [drawRangeDelete, (world) => (world.rows.trading_ranges.size > 0 ? 5 : 1)],
  rangeRestore: [
    drawRangeRestore,
    (world) => (count(world, 'trading_ranges', (row) => row.deleted_at !== null) > 0 ? 5 : 1),
  ],
  patternRejection: [drawPatternRejection, (world) => (world.rows.patterns.size > 0 ? 5 : 1)],
  signalRejection: [
    drawSignalRejection,
    (world) => (count(world, 'signals', (row) => row.status === 'PENDING') > 0 ? 3 : 1),
  ],
  expiry: [drawExpiry, (world) => (world.rows.signals.size > 0 ? 9 : 1)],
  end: [drawEnd, (world) => (count(world, 'signals', (row) => row.status === 'FILLED') > 0 ? 9 : 1)],
  notice: [drawNotice, (world) => (world.rows.signals.size > 0 ? 6 : 1)],
  massExpiry: [drawMassExpiry, (world) => (world.rows.signals.size > 0 ? 6 : 1)],
  backtest: [drawBacktest, () => 10],
  batch: [drawBatch, (world) => (world.rows.trading_ranges.size > 0 ? 18 : 2)],
} as const satisfies Readonly<Record<string, readonly [(world: World, dice: Dice) => Move, (world: World) => number]>>;

export type DrawName = keyof typeof DRAWS;

/** One move: the named one, or one that the dice choose. */
export function drawMove(world: World, dice: Dice, name?: DrawName): Move {
  if (name !== undefined) return DRAWS[name][0](world, dice);
  const weighted = Object.values(DRAWS).map(([draw, weight]) => [draw, weight(world)] as const);
  let roll = dice.roll(weighted.reduce((total, [, weight]) => total + weight, 0));
  for (const [draw, weight] of weighted) {
    if (roll < weight) return draw(world, dice);
    roll -= weight;
  }
  throw new Error('the dice have more sides than there are moves');
}

function count<T extends Table>(world: World, table: T, fits: (row: Tables[T]) => boolean): number {
  return [...world.rows[table].values()].filter(fits).length;
}
