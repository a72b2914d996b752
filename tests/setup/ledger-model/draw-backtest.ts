import { type Changes, idOf, newIdOf, repeated, twisted } from './aim.js';
import type { Dice } from './dice.js';
import type { Move } from './moves.js';
import type { World } from './world.js';

const CHANGES: Changes = [
  [
    { totalPatternsDetected: 4 },
    { truePositives: 0, falsePositives: 0, totalPatternsDetected: 0 },
    { truePositives: 0, falsePositives: 0, totalPatternsDetected: 0, falseNegatives: 0 },
    { winningSignals: 0, losingSignals: 0 },
    { totalSignalsGenerated: 3 },
    { totalSignalsGenerated: 2 },
  ],
  // 1/32 and 3/32 lie on a half of 10^-4 or not at all: 0.03125, 0.09375.
  [
    { truePositives: 1, falsePositives: 31, totalPatternsDetected: 32 },
    { truePositives: 3, falseNegatives: 29, falsePositives: 0, totalPatternsDetected: 3 },
    { winningSignals: 1, losingSignals: 31, totalSignalsGenerated: 32 },
  ],
  [
    { falseNegatives: -1 },
    { falseNegatives: 1.5 },
    ...['0', '1', '1.0001', '-0.0001', '0.00001'].map((maxDrawdown) => ({ maxDrawdown })),
    ...['-9999.99', '9999.99', '10000', '1.005'].map((averageRMultiple) => ({ averageRMultiple })),
  ],
  [{ endDate: '2024-01-01' }, { endDate: '2023-12-31' }, { startDate: '2024-13-01' }],
  [
    { precision: '0.5' },
    { lookAheadBiasCheck: true },
    { symbol: 'other' },
    { config: { lookback: 20, levels: ['a', null], deep: { yes: true } } },
  ],
];

export function drawBacktest(world: World, dice: Dice): Move {
  const again = repeated(world, dice, 'backtest_results', () => CHANGES);
  if (again) return { name: 'backtests.record', args: [again] };
  const input = {
    id: newIdOf(world, dice, 'backtest_results'),
    backtestRunId: dice.mischief(20) ? idOf('run', 0) : idOf('run', world.rows.backtest_results.size),
    symbol: dice.pick(['ACME', 'OTHER']),
    timeframe: dice.pick(['1d', '1h']),
    startDate: '2024-01-01',
    endDate: '2024-12-31',
    totalPatternsDetected: 3,
    truePositives: 2,
    falsePositives: 1,
    falseNegatives: dice.pick([4, 0, 5]),
    totalSignalsGenerated: 5,
    winningSignals: dice.pick([2, 0, 1]),
    losingSignals: 1,
    averageRMultiple: '2.50',
    maxDrawdown: '0.1250',
    config: {},
  };
  return { name: 'backtests.record', args: [twisted(dice, input, CHANGES)] };
}
