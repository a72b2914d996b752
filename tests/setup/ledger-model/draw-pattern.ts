import { aimAt, type Changes, idOf, newIdOf, repeated, twisted } from './aim.js';
import { priceOf, printPrice } from './amounts.js';
import type { Dice } from './dice.js';
import type { Move } from './moves.js';
import { MEANINGS } from './pattern-meanings.js';
import { directionOfLevels } from './range-moves.js';
import type { PatternRow } from './rows.js';
import { DURATIONS, printInstant } from './values.js';
import type { World } from './world.js';

const FIRST_BAR = Date.UTC(2024, 1, 1);
const SOME_ID = idOf('patterns', 0);

/** Metadata of each type that has a shape of its own, and its boundaries. */
const SHAPES: Readonly<Record<string, readonly [sound: object, edges: Readonly<Record<string, readonly unknown[]>>]>> =
  {
    SPRING: [
      {
        penetration_pct: '0.02',
        recovery_bars: 1,
        spring_low: '98.50',
        recovery_price: '100.5',
        creek_reference: '100',
        creek_distance: '1.5',
      },
      {
        penetration_pct: ['0', '0.05', '0.0501', '-0.0001', 0.02],
        recovery_bars: [0, 5, 6],
        spring_low: ['0', undefined],
      },
    ],
    UTAD: [
      {
        breakout_pct: '0.01',
        bars_to_failure: 1,
        utad_high: '112',
        failure_price: '109.9',
        ice_reference: '110',
        ice_penetration: '2',
      },
      { bars_to_failure: [0, 3, 4], utad_high: ['-1'], ice_penetration: [undefined] },
    ],
    SOS: [
      { breakout_pct: '0.02', breakout_price: '112', close_position: '0.8', ice_reference: '110' },
      { breakout_pct: ['0.01', '0.00999999'], close_position: ['0', '1', '1.0001', '-0.1'] },
    ],
    LPS: [
      {
        sos_pattern_id: SOME_ID,
        distance_from_ice: '0.5',
        pullback_low: '110.5',
        bars_after_sos: 3,
        held_support: true,
        effort_result: 'EFFORT_MATCHES_RESULT',
      },
      {
        bars_after_sos: [0, 10, 11],
        effort_result: ['EFFORT_WITHOUT_RESULT', 'NONE'],
        held_support: ['yes'],
        sos_pattern_id: ['x'],
      },
    ],
    SC: [
      { close_position: '0.3', prior_close: '90.10' },
      { close_position: ['0', '1'], prior_close: ['0', undefined] },
    ],
    AR: [
      { sc_pattern_id: SOME_ID, rally_pct: '0.05', bars_after_sc: 4 },
      { rally_pct: ['0.03', '0.0299'], bars_after_sc: [1, 10, 11, 0] },
    ],
    ST: [
      {
        sc_pattern_id: SOME_ID,
        distance_from_sc_low_pct: '0.01',
        volume_reduction_pct: '0.20',
        penetration_pct: '0.005',
      },
      {
        distance_from_sc_low_pct: ['0.02', '0.0201'],
        volume_reduction_pct: ['0.1', '0.0999'],
        penetration_pct: ['0.01', '0.00999999'],
      },
    ],
  };

const LONG = ['SPRING', 'SOS', 'LPS', 'BU', 'SPRING', 'ST', 'TEST', 'AR'] as const;
const SHORT = ['UTAD', 'SOW', 'UT', 'LPSY', 'UTAD', 'BC', 'SC', 'PSY'] as const;
const VOLUME_EDGES: Readonly<Record<string, readonly string[]>> = {
  SPRING: ['0.6999', '0.7'],
  SOS: ['1.4999', '1.5'],
  LPS: ['1', '1.0001'],
  UTAD: ['1.1999', '1.2'],
};
const SOUND_VOLUMES: Readonly<Record<string, string>> = { SPRING: '0.5', LPS: '0.9' };

function changes(input: Readonly<Record<string, unknown>>): Changes {
  const type = String(input.patternType);
  const [bar, duration] = [Date.parse(String(input.patternBarTimestamp)), DURATIONS[String(input.timeframe)] ?? 60_000];
  const entry = priceOf(String(input.entryPrice));
  const [, edges = {}] = SHAPES[type] ?? [];
  const documents = Object.entries(edges).flatMap(([key, values]) =>
    values.map((value) => ({ metadata: { ...(input.metadata as object), [key]: value } })),
  );
  const later = (ms: number) => printInstant(bar + ms);
  const tested = { testConfirmed: true, testBarTimestamp: later(duration), detectionTime: later(3 * duration) };
  return [
    ...(documents.length > 0 ? [documents, documents, documents] : []),
    (VOLUME_EDGES[type] ?? ['0.01']).map((volumeRatio) => ({ volumeRatio })),
    ['0', '-0.0001', '999999.9999', '1000000', '0.12345'].map((volumeRatio) => ({ volumeRatio })),
    ['0', '-1', '0.00001'].map((spreadRatio) => ({ spreadRatio })),
    [69, 70, 95, 96].map((confidenceScore) => ({ confidenceScore })),
    ['A', 'B', 'C', 'D', 'E'].map((phase) => ({ phase })),
    [entry, entry - 1n, entry + 1n, 0n].map((stop) => ({ stopLoss: printPrice(stop) })),
    [duration - 1, duration, 0].map((ms) => ({ detectionTime: later(ms) })),
    [1, 15 * 60_000, 5 * 60_000].map((ms) => ({ patternBarTimestamp: later(ms), detectionTime: later(3 * duration) })),
    [
      { ...tested, detectionTime: later(2 * duration) },
      { ...tested, detectionTime: later(2 * duration - 1) },
      { ...tested, testConfirmed: false },
      { ...tested, testBarTimestamp: later(0) },
      { ...tested, testBarTimestamp: later(duration + 1) },
      { testConfirmed: true },
    ],
    [{ symbol: 'OTHER' }, { timeframe: '15m' }],
    [
      { tradingRangeId: null },
      { tradingRangeId: null, phase: 'A' },
      { tradingRangeId: null, phase: 'A', patternType: 'PSY', metadata: {} },
      { tradingRangeId: null, phase: 'C', patternType: 'TEST', metadata: {} },
    ],
    [{ metadataVersion: 2 }, { patternType: 'DOJI' }, { invalidationLevel: '0' }],
    [{ metadata: { ...(input.metadata as object), notes: 'seen twice', more: { a: [1, null] } } }],
  ];
}

export function drawPattern(world: World, dice: Dice): Move {
  const again = repeated(world, dice, 'patterns', changes);
  if (again) return { name: 'patterns.create', args: [again] };
  const { id: rangeId, row: range } = aimAt(world, dice, 'trading_ranges', (row) => row.deleted_at === null);
  const up = range === undefined || directionOfLevels(range) === 'accumulation';
  const patternType = dice.pick(up !== dice.mischief(5) ? LONG : SHORT);
  const timeframe = range?.timeframe ?? '1d';
  const bar = FIRST_BAR + dice.roll(3) * 86_400_000;
  const long = MEANINGS[patternType]!.entry !== 'SHORT';
  const phase = dice.pick([...MEANINGS[patternType]!.phases]);
  const input = {
    id: newIdOf(world, dice, 'patterns'),
    patternType,
    symbol: range?.symbol ?? 'ACME',
    timeframe,
    detectionTime: printInstant(bar + DURATIONS[timeframe]!),
    patternBarTimestamp: printInstant(bar),
    confidenceScore: dice.pick([80, 70, 95]),
    phase,
    tradingRangeId: phase === 'A' && dice.chance(50) ? null : rangeId,
    entryPrice: '101',
    stopLoss: long ? '98' : '104',
    invalidationLevel: '97.5',
    volumeRatio: SOUND_VOLUMES[patternType] ?? '1.6',
    spreadRatio: '1.0000',
    metadata: SHAPES[patternType]?.[0] ?? {},
  };
  return { name: 'patterns.create', args: [twisted(dice, input, changes(input))] };
}

export function drawConfirmation(world: World, dice: Dice): Move {
  const waits = (row: PatternRow) =>
    !row.test_confirmed && row.rejection_reason === null && !!MEANINGS[row.pattern_type]?.tested;
  const { id, row } = aimAt(world, dice, 'patterns', waits);
  const duration = DURATIONS[row?.timeframe ?? '1d']!;
  const bar = Date.parse(row?.pattern_bar_timestamp ?? '2024-02-01');
  const offsets = dice.mischief(20) ? [0, 1, -duration, 5 * duration] : [duration, duration, 3 * duration];
  const testBar = bar + dice.pick(offsets);
  const close = testBar + duration;
  const at = dice.mischief(20)
    ? dice.pick([close - 1, close, Date.parse(row?.detection_time ?? '2024') - 1])
    : close + 86_400_000;
  return { name: 'patterns.confirmTest', args: [id, printInstant(testBar), { confirmedAt: printInstant(at) }] };
}

export function drawPatternRejection(world: World, dice: Dice): Move {
  const { id } = aimAt(world, dice, 'patterns', (row) => row.rejection_reason === null || dice.chance(15));
  const reasons = ['it fell through', 'it fell through', 'no test'];
  return {
    name: 'patterns.reject',
    args: [id, dice.mischief(8) ? dice.pick(['', '  ', 'x'.repeat(1_001), 'x'.repeat(1_000)]) : dice.pick(reasons)],
  };
}
