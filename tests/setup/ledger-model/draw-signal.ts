import { aimAt, type Changes, idOf, newIdOf, repeated, twisted } from './aim.js';
import { printPrice } from './amounts.js';
import { isLive } from './campaign-moves.js';
import type { Dice } from './dice.js';
import type { Move } from './moves.js';
import { MEANINGS } from './pattern-meanings.js';
import { isTradable } from './pattern-moves.js';
import type { SignalRow } from './rows.js';
import { knownAt } from './signal-moves.js';
import { printInstant } from './values.js';
import type { World } from './world.js';

const ENTRY = 10_100_000_000n;
const CENT = 1_000_000n;
/** What is risked a unit, so that quotients are exact, periodic, or on a half. */
const RISKS = [300_000_000n, 200_000_000n, 700_000_001n] as const;
const LEAST = [20n, 25n, 30n, 35n] as const;

function levels(long: boolean, risk: bigint, reward: bigint, nearer = 0n) {
  const sign = long ? 1n : -1n;
  return {
    entryPrice: printPrice(ENTRY),
    stopLoss: printPrice(ENTRY - sign * risk),
    target1: printPrice(ENTRY + sign * (reward - nearer)),
    target2: printPrice(ENTRY + sign * reward),
  };
}

function changes(input: Readonly<Record<string, unknown>>, leastR = 20n): Changes {
  const long = input.signalType !== 'SHORT';
  const generated = Date.parse(String(input.generatedAt));
  const risk = 200_000_000n;
  const sound = levels(long, risk, 4n * risk);
  return [
    // At the least R and just beside it, where rounding would hide the difference; at that of another type.
    [-1n, 0n, 1n].map((more) => levels(long, risk, (risk * leastR) / 10n + more)),
    LEAST.map((least) => levels(long, risk, (risk * least) / 10n)),
    // On a half of a hundredth, and just beside it.
    [CENT - 1n, CENT, CENT + 1n].map((more) => levels(long, risk, 4n * risk + more)),
    [9_999_990n, 9_999_994n, 9_999_995n].map((reward) => ({ ...levels(long, 1_000n, reward), positionSize: '100000' })),
    [
      levels(long, 0n, risk),
      levels(long, -risk, 4n * risk),
      levels(long, risk, 4n * risk, -1n),
      levels(long, risk, 4n * risk, 4n * risk),
      levels(!long, risk, 4n * risk),
    ],
    ['0.0025', '0.00249999', '1.2525', '1.252499'].map((positionSize) => ({ ...sound, positionSize })),
    ['4999999999.99', '4999999999.9975', '4999999999.99749999', '0', '-1', '9999999999.99999999', '0.123456789'].map(
      (positionSize) => ({ ...sound, positionSize }),
    ),
    ['4.00', '4', '4.01', '3.999'].map((rMultiple) => ({ ...sound, rMultiple })),
    ['2.5', '2.51', '2.50'].map((riskAmount) => ({ ...sound, positionSize: '1.25', riskAmount })),
    [69, 70, 95, 96].map((confidenceScore) => ({ confidenceScore })),
    ['1', '1.0001', '0', '-0.0001', '0.00001'].map((campaignAllocation) => ({ campaignAllocation })),
    [-1, 86_400_000].map((ms) => ({ generatedAt: printInstant(generated + ms) })),
    [
      { signalType: long ? 'SHORT' : 'LONG' },
      { ...levels(!long, risk, 4n * risk), signalType: long ? 'SHORT' : 'LONG' },
    ],
    [{ symbol: 'OTHER' }, { timeframe: '15m' }],
    [{ patternId: null }, { patternId: idOf('unknown', 1) }, { campaignId: idOf('unknown', 1) }],
    [
      { approvalChain: chainOf(2, ['PASS', 'WARN']) },
      { approvalChain: chainOf(3, ['PASS', 'PASS', 'FAIL']) },
      { approvalChain: chainOf(3, ['PASS', 'FAIL']) },
      { approvalChain: { ...chainOf(1, ['PASS']), overall_status: 'WARN' } },
    ],
  ];
}

/** The first `count` stages with these verdicts, the rest of them passed. */
export function chainOf(count: number, verdicts: readonly string[] = []) {
  const stages = ['Volume', 'Phase', 'Levels', 'Risk', 'Strategy', 'Strategy'];
  const results = stages.slice(0, count).map((stage, place) => {
    const status = verdicts[place] ?? 'PASS';
    return {
      stage,
      status,
      validator_id: 'desk',
      timestamp: '2024-02-10T09:30:00Z',
      ...(status !== 'PASS' && { reason: `${stage} said ${status}` }),
    };
  });
  return { validation_results: results };
}

export function drawSignal(world: World, dice: Dice): Move {
  const again = repeated(world, dice, 'signals', (input) => changes(input));
  if (again) return { name: 'signals.create', args: [again] };
  const { id: patternId, row: pattern } = aimAt(world, dice, 'patterns', isTradable);
  const { entry, leastR } = MEANINGS[pattern?.pattern_type ?? 'SOS']!;
  const long = entry !== 'SHORT';
  const series = { symbol: pattern?.symbol ?? 'ACME', timeframe: pattern?.timeframe ?? '1d' };
  const risk = dice.pick(RISKS);
  const reward = risk * dice.pick([9n, 4n, 7n] as const) + BigInt(dice.roll(3)) * CENT;
  const campaign = aimAt(
    world,
    dice,
    'campaigns',
    (row) => isLive(row) && row.symbol === series.symbol && row.timeframe === series.timeframe,
  );
  const input = {
    id: newIdOf(world, dice, 'signals'),
    ...(long ? dice.pick([{}, { signalType: 'LONG' }]) : { signalType: 'SHORT' }),
    patternId: pattern && dice.chance(8) ? null : patternId,
    ...series,
    generatedAt: pattern ? printInstant(knownAt(pattern)) : '2024-02-05T00:00:00Z',
    ...levels(long, risk, reward > 10_000_000_000n ? 9_900_000_000n : reward, dice.pick([0n, 1n, CENT] as const)),
    positionSize: dice.pick(['100', '0.5', '33.333', '12.34567891']),
    confidenceScore: 80,
    ...(campaign.row && dice.chance(40) && { campaignId: campaign.id }),
    campaignAllocation: dice.pick(['0.5', '0.5001', '0.4999', '0.3333', '0.0001', '0.301', '1', '0.6667']),
  };
  return { name: 'signals.create', args: [twisted(dice, input, changes(input, leastR))] };
}

export function drawApproval(world: World, dice: Dice): Move {
  const { id } = aimAt(world, dice, 'signals', (row) => row.status === 'PENDING');
  const sound = dice.pick([
    chainOf(5),
    chainOf(5, ['PASS', 'WARN']),
    { ...chainOf(5), overall_status: 'PASS', warnings: ['thin'] },
  ]);
  const swapped = [...chainOf(5).validation_results].reverse();
  const unsound = [
    chainOf(4),
    chainOf(5, ['PASS', 'PASS', 'PASS', 'PASS', 'FAIL']),
    chainOf(5, ['FAIL']),
    chainOf(6),
    {},
    { validation_results: swapped },
    { ...chainOf(5), overall_status: 'WARN' },
    { ...chainOf(5), overall_status: 'FAIL', rejection_reason: 'no' },
    { validation_results: chainOf(5, ['WARN']).validation_results.map(({ reason: _, ...stage }) => stage) },
  ];
  return { name: 'signals.approve', args: [id, dice.mischief(20) ? dice.pick(unsound) : sound] };
}

export function drawSignalRejection(world: World, dice: Dice): Move {
  const { id } = aimAt(world, dice, 'signals', (row) => row.status === 'PENDING');
  const failed = chainOf(3, ['PASS', 'WARN', 'FAIL']);
  const rejections = [
    { reason: 'not today' },
    { chain: failed },
    { chain: failed, reason: 'Levels said FAIL' },
    { chain: chainOf(5), reason: 'not today' },
    { chain: chainOf(4, ['PASS', 'FAIL']) },
    { chain: failed, reason: 'not today' },
    { reason: 'Levels said FAIL' },
    { chain: chainOf(2) },
    { chain: { ...failed, rejection_stage: 'Risk' } },
    {},
    { reason: ' ' },
  ];
  return { name: 'signals.reject', args: [id, dice.pick(dice.mischief(40) ? rejections : rejections.slice(0, 4))] };
}

const at = '2024-03-01T14:30:00Z';

/** What the market did, now and then impossible. */
function execution(dice: Dice): object {
  const plain = dice.pick([{ at }, { at, price: '101.5' }, {}]);
  return twisted(
    dice,
    plain,
    [[{ price: '0' }, { price: '1.123456789' }, { at: 'noon' }, { price: '101.50000000' }]],
    8,
  );
}

export function drawFill(world: World, dice: Dice): Move {
  const { id, row } = aimAt(world, dice, 'signals', (signal) => signal.status === 'APPROVED');
  const fits = aimAt(
    world,
    dice,
    'campaigns',
    (campaign) => isLive(campaign) && (row?.campaign_id ?? campaign.id) === campaign.id,
  );
  const campaign = dice.chance(12) ? dice.pick([{}, { campaignId: null }]) : { campaignId: fits.id };
  return { name: 'signals.fill', args: [id, { ...execution(dice), ...campaign }] };
}

const statusIs =
  (...statuses: readonly string[]) =>
  (row: SignalRow) =>
    statuses.includes(row.status);

export function drawEnd(world: World, dice: Dice): Move {
  const name = dice.pick(['signals.stop', 'signals.hitTarget'] as const);
  return { name, args: [aimAt(world, dice, 'signals', statusIs('FILLED')).id, execution(dice)] };
}

export function drawExpiry(world: World, dice: Dice): Move {
  const { id } = aimAt(world, dice, 'signals', statusIs('PENDING', 'APPROVED'));
  return { name: 'signals.expire', args: [id, dice.mischief(8) ? { at: 'noon' } : { at }] };
}

export function drawNotice(world: World, dice: Dice): Move {
  return {
    name: 'signals.markNotified',
    args: [aimAt(world, dice, 'signals', (row) => !row.notification_sent || dice.chance(20)).id],
  };
}

export function drawMassExpiry(world: World, dice: Dice): Move {
  const instants = [...world.rows.signals.values()].map(({ generated_at }) => Date.parse(generated_at));
  const bound = instants.length === 0 ? 0 : dice.pick(instants) + dice.pick([1, 0, -1]);
  return { name: 'signals.expireOlderThan', args: [printInstant(bound), { approved: dice.chance(40) }] };
}
