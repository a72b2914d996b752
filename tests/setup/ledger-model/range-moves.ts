import { printPrice, printUnits, readPriceUnits, readUnits } from './amounts.js';
import { MEANINGS } from './pattern-meanings.js';
import { BY_THE_STORE, type RangeRow } from './rows.js';
import { isId, isPhase, isText, isWhole, LARGEST_INT, readInstantText, readSeries } from './values.js';
import { type Created, type Kind, type Outcome, refused, type Values, type World } from './world.js';

type Levels = Pick<
  RangeRow,
  | 'duration_bars'
  | 'creek_level'
  | 'ice_level'
  | 'jump_target'
  | 'cause_factor'
  | 'range_width'
  | 'phase'
  | 'strength_score'
  | 'touch_count_creek'
  | 'touch_count_ice'
>;

export function directionOfLevels(row: Pick<RangeRow, 'ice_level' | 'jump_target'>): 'accumulation' | 'distribution' {
  return readPriceUnits(row.jump_target)! > readPriceUnits(row.ice_level)! ? 'accumulation' : 'distribution';
}

export function createRange(world: World, input: Values): Outcome {
  return world.create('trading_ranges', input, readRange(input), 'TRADING_RANGE_CREATED');
}

export function updateRange(world: World, id: string, input: Values): Outcome {
  return change(world, id, input.version, false, (row) => {
    const levels = readLevels(merged(row, input));
    return levels ? { levels, eventType: 'TRADING_RANGE_UPDATED' } : ['InvalidInput'];
  });
}

export function closeRange(world: World, id: string, input: Values): Outcome {
  return change(world, id, input.version, false, (row) => {
    const levels = readLevels(merged(row, input));
    const end = readInstantText(input.endTime);
    const objections: Kind[] = row.end_time === null ? [] : ['Conflict'];
    if (!levels || !end || Date.parse(end) < Date.parse(row.start_time)) objections.push('InvalidInput');
    if (objections.length > 0) return objections;
    return { levels: { ...levels!, end_time: end! }, eventType: 'TRADING_RANGE_CLOSED' };
  });
}

export function deleteRange(world: World, id: string, { version, reason }: Values): Outcome {
  if (reason !== undefined && !isText(reason, 1_000)) return refused('InvalidInput');
  return change(world, id, version, false, () => ({
    levels: { deleted_at: BY_THE_STORE },
    eventType: 'TRADING_RANGE_DELETED',
  }));
}

export function restoreRange(world: World, id: string, { version }: Values): Outcome {
  return change(world, id, version, true, () => ({
    levels: { deleted_at: null },
    eventType: 'TRADING_RANGE_RESTORED',
  }));
}

function change(
  world: World,
  id: string,
  version: unknown,
  deleted: boolean,
  decide: (row: RangeRow) => { levels: Partial<RangeRow>; eventType: string } | Kind[],
): Outcome {
  const objections = new Set<Kind>();
  if (!isId(id) || !isWhole(version, 1, LARGEST_INT)) objections.add('InvalidInput');
  const row = world.rows.trading_ranges.get(id);
  if (!row) return { refused: objections.size > 0 ? objections : new Set(['NotFound']) };
  if ((row.deleted_at !== null) !== deleted) objections.add('Conflict');
  if (version !== row.version) objections.add('StaleVersion');
  const decided = decide(row);
  if (Array.isArray(decided)) for (const kind of decided) objections.add(kind);
  else if (turnsEntriesRound(world, row, { ...row, ...decided.levels })) objections.add('InvalidInput');
  if (objections.size > 0 || Array.isArray(decided)) return { refused: objections };
  const fields = { ...decided.levels, version: row.version + 1 };
  return world.update('trading_ranges', row, fields, decided.eventType);
}

/** Entries need a range of their direction: one that has some, rejected ones aside, keeps it. */
function turnsEntriesRound(world: World, before: RangeRow, after: RangeRow): boolean {
  if (directionOfLevels(before) === directionOfLevels(after)) return false;
  const patterns = [...world.rows.patterns.values()].filter((pattern) => pattern.trading_range_id === before.id);
  return patterns.some((pattern) => MEANINGS[pattern.pattern_type]!.entry && pattern.rejection_reason === null);
}

function readRange(input: Values): Created<'trading_ranges'> | undefined {
  const series = readSeries(input);
  const start = readInstantText(input.startTime);
  const end = input.endTime === undefined || input.endTime === null ? null : readInstantText(input.endTime);
  const levels = readLevels(input);
  if (!series || !start || end === undefined || !levels || !isId(input.id)) return undefined;
  if (end !== null && Date.parse(end) < Date.parse(start)) return undefined;
  return { id: input.id, ...series, start_time: start, end_time: end, ...levels, deleted_at: null, version: 1 };
}

/** The range's own levels where the change gives none; its width always follows. */
function merged(row: RangeRow, { version: _, endTime: _end, ...input }: Values): Values {
  return {
    durationBars: row.duration_bars,
    creekLevel: row.creek_level,
    iceLevel: row.ice_level,
    jumpTarget: row.jump_target,
    causeFactor: row.cause_factor,
    phase: row.phase,
    strengthScore: row.strength_score,
    touchCountCreek: row.touch_count_creek,
    touchCountIce: row.touch_count_ice,
    ...input,
  };
}

function readLevels(input: Values): Levels | undefined {
  const { durationBars, strengthScore, phase, touchCountCreek = 0, touchCountIce = 0 } = input;
  if (!isWhole(durationBars, 15, 100) || !isWhole(strengthScore, 60, 100) || !isPhase(phase)) return undefined;
  if (!isWhole(touchCountCreek, 0, LARGEST_INT) || !isWhole(touchCountIce, 0, LARGEST_INT)) return undefined;
  const creek = readPriceUnits(input.creekLevel);
  const ice = readPriceUnits(input.iceLevel);
  const jump = readPriceUnits(input.jumpTarget);
  const cause = readUnits(input.causeFactor, 2, 2);
  if (creek === undefined || ice === undefined || jump === undefined || cause === undefined) return undefined;
  if (creek >= ice || !(jump > ice || jump < creek) || cause < 200n || cause > 300n) return undefined;
  if (input.rangeWidth !== undefined && readPriceUnits(input.rangeWidth) !== ice - creek) return undefined;
  return {
    duration_bars: durationBars,
    creek_level: printPrice(creek),
    ice_level: printPrice(ice),
    jump_target: printPrice(jump),
    cause_factor: printUnits(cause, 2),
    range_width: printPrice(ice - creek),
    phase,
    strength_score: strengthScore,
    touch_count_creek: touchCountCreek,
    touch_count_ice: touchCountIce,
  };
}
