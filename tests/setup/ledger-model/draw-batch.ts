import type { Dice } from './dice.js';
import { drawBacktest } from './draw-backtest.js';
import { drawCampaign } from './draw-campaign.js';
import { drawPattern } from './draw-pattern.js';
import { drawRange } from './draw-range.js';
import { drawSignal } from './draw-signal.js';
import { type Move, type MoveName, predict } from './moves.js';
import type { World } from './world.js';

const BATCHES: readonly (readonly [MoveName, (world: World, dice: Dice) => Move])[] = [
  ['tradingRanges.createMany', drawRange],
  ['patterns.createMany', drawPattern],
  ['signals.createMany', drawSignal],
  ['campaigns.openMany', drawCampaign],
  ['backtests.recordMany', drawBacktest],
];

/** Two or three creates at once, each drawn as if those before it had been made. */
export function drawBatch(world: World, dice: Dice): Move {
  const [name, draw] = dice.pick(BATCHES);
  const trial = world.copy();
  const inputs = Array.from({ length: 2 + dice.roll(2) }, () => {
    const move = draw(trial, dice);
    predict(trial, move);
    return move.args[0];
  });
  return { name, args: [inputs] };
}
