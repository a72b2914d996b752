import { aimAt, type Changes, newIdOf, repeated, twisted, versionOf } from './aim.js';
import { priceOf, printPrice } from './amounts.js';
import type { Dice } from './dice.js';
import type { Move } from './moves.js';
import type { RangeRow } from './rows.js';
import type { World } from './world.js';

const WIDTHS = ['10', '7.25', '0.00000001', '12.50'] as const;
const CREEKS = ['100', '99.99999999', '0.00000002', '95.5'] as const;

const SERIES = [
  { symbol: 'OTHER' },
  { symbol: ' acme ' },
  { symbol: 'A CME' },
  { symbol: '' },
  { timeframe: '1D' },
  { timeframe: '15m' },
];

const LEVELS: Changes = [
  [14, 15, 100, 101, 20.5].map((durationBars) => ({ durationBars })),
  [59, 60, 100, 101].map((strengthScore) => ({ strengthScore })),
  ['1.99', '2.0', '3.00', '3.01', '2.005', '2.25'].map((causeFactor) => ({ causeFactor })),
  [-1, 0, 3, 2_147_483_647, 2_147_483_648].map((touchCountCreek) => ({ touchCountCreek })),
  [-1, 0, 4].map((touchCountIce) => ({ touchCountIce })),
  ['F', 'a', 'E'].map((phase) => ({ phase })),
];

/** Levels that touch each other, or nearly do. */
function edges(creek: bigint, ice: bigint): Changes {
  return [
    [ice - 1n, ice, ice + 1n, creek, creek - 1n, creek + 1n].map((jump) => ({ jumpTarget: printPrice(jump) })),
    [creek, creek - 1n].map((level) => ({ iceLevel: printPrice(level) })),
    ['9999999999.99999999', '10000000000', '150.123456789', '0', '-5', '1e2x'].map((jumpTarget) => ({ jumpTarget })),
    [{ creekLevel: '0' }, { rangeWidth: printPrice(ice - creek) }, { rangeWidth: printPrice(ice - creek + 1n) }],
  ];
}

function rangeEdges(input: Readonly<Record<string, unknown>>): Changes {
  return [
    [
      { startTime: '2024-01-03T00:00:00Z' },
      { endTime: '2024-01-02T00:00:00Z' },
      { endTime: '2024-01-01T23:59:59.999Z' },
      { endTime: '2024-03-01T12:00:00.001Z' },
      { startTime: 'soon' },
    ],
    ...edges(priceOf(String(input.creekLevel)), priceOf(String(input.iceLevel))),
    ...LEVELS,
    SERIES,
  ];
}

export function drawRange(world: World, dice: Dice): Move {
  const again = repeated(world, dice, 'trading_ranges', rangeEdges);
  if (again) return { name: 'tradingRanges.create', args: [again] };
  const creek = priceOf(dice.pick(CREEKS));
  const width = priceOf(dice.pick(WIDTHS));
  const jump = dice.roll(2) === 1 ? creek - (creek > 1_000n ? 1_000n : 1n) : creek + 3n * width;
  const input = {
    id: newIdOf(world, dice, 'trading_ranges'),
    symbol: 'ACME',
    timeframe: dice.pick(['1d', '1d', '1h', '5m']),
    startTime: '2024-01-02T00:00:00Z',
    durationBars: dice.pick([22, 15, 100, 40]),
    creekLevel: printPrice(creek),
    iceLevel: printPrice(creek + width),
    jumpTarget: printPrice(jump),
    causeFactor: dice.pick(['2', '2.5', '3']),
    phase: 'B',
    strengthScore: dice.pick([80, 60, 100]),
  };
  return { name: 'tradingRanges.create', args: [twisted(dice, input, rangeEdges(input))] };
}

/** Some levels to change: now and then the range is turned round. */
function someLevels(row: RangeRow | undefined, dice: Dice): object {
  const [creek, ice] = row ? [priceOf(row.creek_level), priceOf(row.ice_level)] : [100n, 110n];
  const plain: object[] = [
    { phase: 'C' },
    { durationBars: 30, touchCountCreek: 2 },
    { strengthScore: 95, causeFactor: '2.5' },
    { jumpTarget: printPrice(ice + 5_000n) },
    { iceLevel: printPrice(ice + 1n), jumpTarget: printPrice(ice + 2n) },
    { jumpTarget: printPrice(creek > 1n ? creek - 1n : ice + 1n) },
  ];
  return twisted(dice, dice.pick(plain), [...edges(creek, ice), ...LEVELS, [{}]]);
}

const isThere = (row: RangeRow) => row.deleted_at === null;

export function drawRangeUpdate(world: World, dice: Dice): Move {
  const { id, row } = aimAt(world, dice, 'trading_ranges', isThere);
  return {
    name: 'tradingRanges.updateLevels',
    args: [id, { version: versionOf(dice, row), ...someLevels(row, dice) }],
  };
}

export function drawRangeClose(world: World, dice: Dice): Move {
  const { id, row } = aimAt(world, dice, 'trading_ranges', (range) => isThere(range) && range.end_time === null);
  const ends = ['2024-06-01T00:00:00Z', '2024-01-02T00:00:00Z'];
  const late = ['2024-01-01T23:59:59.999Z', 'never', undefined, null];
  const endTime = dice.mischief(20) ? dice.pick(late) : dice.pick(ends);
  const levels = dice.chance(30) ? someLevels(row, dice) : {};
  return { name: 'tradingRanges.close', args: [id, { version: versionOf(dice, row), endTime, ...levels }] };
}

export function drawRangeDelete(world: World, dice: Dice): Move {
  const { id, row } = aimAt(world, dice, 'trading_ranges', isThere);
  const reason = dice.pick([{}, { reason: 'drawn twice' }, { reason: 'drawn twice' }]);
  return {
    name: 'tradingRanges.softDelete',
    args: [id, twisted(dice, { version: versionOf(dice, row), ...reason }, [[{ reason: ' ' }]], 5)],
  };
}

export function drawRangeRestore(world: World, dice: Dice): Move {
  const { id, row } = aimAt(world, dice, 'trading_ranges', (range) => !isThere(range));
  return { name: 'tradingRanges.restore', args: [id, { version: versionOf(dice, row) }] };
}
