import { aimAt, type Changes, idOf, newIdOf, repeated, twisted, versionOf } from './aim.js';
import { isLive } from './campaign-moves.js';
import type { Dice } from './dice.js';
import type { Move } from './moves.js';
import type { CampaignRow } from './rows.js';
import type { World } from './world.js';

const CHANGES: Changes = [
  [
    { symbol: 'OTHER' },
    { timeframe: '15m' },
    { tradingRangeId: null },
    { tradingRangeId: idOf('unknown', 1) },
    { startedAt: 'today' },
    { startedAt: '2024-02-02T00:00:00.500Z' },
  ],
];

export function drawCampaign(world: World, dice: Dice): Move {
  const again = repeated(world, dice, 'campaigns', () => CHANGES);
  if (again) return { name: 'campaigns.open', args: [again] };
  const campaigns = [...world.rows.campaigns.values()];
  const free = (id: string) => !campaigns.some((other) => other.trading_range_id === id && isLive(other));
  const { id, row } = aimAt(world, dice, 'trading_ranges', (range) => range.deleted_at === null && free(range.id));
  const input = {
    id: newIdOf(world, dice, 'campaigns'),
    symbol: row?.symbol ?? 'ACME',
    timeframe: row?.timeframe ?? '1d',
    tradingRangeId: id,
    startedAt: '2024-02-02T00:00:00Z',
  };
  return { name: 'campaigns.open', args: [twisted(dice, input, CHANGES, 15)] };
}

export function drawEntry(world: World, dice: Dice): Move {
  const used = new Set(
    [...world.rows.campaigns.values()].flatMap(({ entries }) => entries.map((entry) => entry.signal_id)),
  );
  const signal = aimAt(
    world,
    dice,
    'signals',
    (row) =>
      row.status === 'FILLED' &&
      row.campaign_id !== null &&
      !used.has(row.id) &&
      isLive(world.rows.campaigns.get(row.campaign_id)!),
  );
  const elsewhere = dice.mischief(15);
  const campaign = aimAt(
    world,
    dice,
    'campaigns',
    (row) => isLive(row) && (row.id === signal.row?.campaign_id) !== elsewhere,
  );
  const known = campaign.row?.entries ?? [];
  if (known.length > 0 && dice.mischief(10)) {
    const { status: _, closed_at: _at, exit_price: _price, ...entry } = dice.pick(known);
    return {
      name: 'campaigns.addEntry',
      args: [
        campaign.id,
        twisted(
          dice,
          entry,
          [[{ size: '7' }, { position_id: idOf('position', 99) }, { price: respelled(entry.price) }, { note: 'more' }]],
          40,
        ),
      ],
    };
  }
  const input = {
    position_id: idOf('position', used.size),
    signal_id: signal.id,
    price: dice.pick(['101', '101.00000001', '99.5', '100.33333333']),
    size: dice.pick(['100', '3', '0.00000007', '0.33333333']),
    timestamp: '2024-03-01T14:30:00Z',
    stop_loss: dice.pick(['98', '97.77', '104']),
    ...(signal.row?.pattern_id === null && { pattern_type: 'SOS' }),
  };
  const changes: Changes = [
    [
      { size: '0' },
      { size: '9999999999', stop_loss: '1' },
      { price: '0' },
      { stop_loss: '-1' },
      { timestamp: '?' },
      { pattern_type: 'LPS' },
      { pattern_type: undefined },
      { allocation_pct: '2.5' },
      { allocation_pct: '2.5005' },
      { note: 'scaled in' },
      { position_id: idOf('position', 0) },
      { signal_id: idOf('unknown', 1) },
    ],
  ];
  return { name: 'campaigns.addEntry', args: [campaign.id, twisted(dice, input, changes, 20)] };
}

/** The same decimal, in another spelling. */
function respelled(decimal: string): string {
  return decimal.includes('.') ? `${decimal}0` : `${decimal}.00`;
}

const hasOpen = (row: CampaignRow) => row.entries.some(({ status }) => status === 'OPEN');

export function drawExit(world: World, dice: Dice): Move {
  const { id, row } = aimAt(world, dice, 'campaigns', hasOpen);
  const entries = row?.entries ?? [];
  const open = entries.filter(({ status }) => status === 'OPEN');
  const entry = open.length > 0 && !dice.mischief(15) ? dice.pick(open) : entries[dice.roll(entries.length || 1)];
  const exit = {
    exit_price: entry?.exit_price ?? dice.pick(['120', '97.12345678']),
    closed_at: entry?.closed_at ?? dice.pick(['2024-04-01T00:00:00Z', '2024-03-01T14:30:00Z']),
  };
  const changes: Changes = [
    [{ exit_price: '0' }, { closed_at: '2024-03-01T14:29:59.999Z' }, { exit_price: '119' }, { closed_at: 'late' }],
  ];
  return {
    name: 'campaigns.closeEntry',
    args: [id, entry?.position_id ?? idOf('position', 77), twisted(dice, exit, changes, 15)],
  };
}

export function drawMarkup(world: World, dice: Dice): Move {
  const { id, row } = aimAt(world, dice, 'campaigns', ({ status }) => status === 'ACTIVE');
  return { name: 'campaigns.toMarkup', args: [id, { version: versionOf(dice, row) }] };
}

const ENDS = [{ completedAt: '2024-02-02T00:00:00Z' }, {}, { completedAt: '2024-08-01T10:00:00.250Z' }] as const;
const UNSOUND_ENDS = [{ completedAt: '2024-02-01T23:59:59.999Z' }, { completedAt: 'never' }];

export function drawCompletion(world: World, dice: Dice): Move {
  const { id, row } = aimAt(
    world,
    dice,
    'campaigns',
    (campaign) => campaign.status === 'MARKUP' && (!hasOpen(campaign) || dice.chance(30)),
  );
  const options = { version: versionOf(dice, row), ...dice.pick(ENDS) };
  return { name: 'campaigns.complete', args: [id, twisted(dice, options, [UNSOUND_ENDS], 10)] };
}

export function drawInvalidation(world: World, dice: Dice): Move {
  const { id, row } = aimAt(world, dice, 'campaigns', isLive);
  const options = { version: versionOf(dice, row), reason: 'the support broke', ...dice.pick(ENDS) };
  return { name: 'campaigns.invalidate', args: [id, twisted(dice, options, [[...UNSOUND_ENDS, { reason: '' }]], 10)] };
}
