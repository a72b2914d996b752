import type { Dice } from './dice.js';
import { TABLES, type Table, type Tables } from './rows.js';
import type { World } from './world.js';

const KINDS: Readonly<Record<Table | 'position' | 'run' | 'unknown', number>> = {
  trading_ranges: 1,
  patterns: 2,
  signals: 3,
  campaigns: 4,
  backtest_results: 5,
  position: 6,
  run: 7,
  unknown: 9,
};

export function idOf(kind: keyof typeof KINDS, slot: number): string {
  return `${KINDS[kind]}0000000-0000-4000-8000-${String(slot).padStart(12, '0')}`;
}

const SLOTS = 8;

/** An id for a new row; now and then one that is taken. */
export function newIdOf(world: World, dice: Dice, table: Table): string {
  const taken = [...world.rows[table].keys()];
  if (taken.length > 0 && (dice.mischief(6) || taken.length === SLOTS)) return dice.pick(taken);
  return idOf(table, taken.length);
}

/** Mostly a row for which the move is meant; sometimes any row, an id that nobody has, one of another entity, or no id at all. */
export function aimAt<T extends Table>(
  world: World,
  dice: Dice,
  table: T,
  meant: (row: Tables[T]) => boolean,
): { readonly id: string; readonly row: Tables[T] | undefined } {
  const rows = [...world.rows[table].values()];
  const fitting = rows.filter(meant);
  if (dice.mischief(5)) {
    const others = TABLES.filter((other) => other !== table).flatMap((other) => [...world.rows[other].keys()]);
    return { id: dice.pick([idOf('unknown', 1), 'no-id', ...others]), row: undefined };
  }
  const row = fitting.length > 0 && !dice.mischief(12) ? dice.pick(fitting) : rows[dice.roll(rows.length || 1)];
  return { id: row?.id ?? idOf('unknown', 1), row };
}

/** Mostly the version that is there. */
export function versionOf(dice: Dice, row: { readonly version: number } | undefined): number {
  const current = row?.version ?? 1;
  return dice.mischief(12) ? dice.pick([current - 1, current + 1, 0, 1]) : current;
}

/** What may be changed of an input, by what it is about, so that a rule with one boundary is met as often as one with ten. */
export type Changes = readonly (readonly object[])[];

/** Mostly the values as they are; sometimes one of the changes, each at a boundary or just beyond it. */
export function twisted<V extends object>(dice: Dice, values: V, changes: Changes, percent = 40): V {
  return dice.twist(percent) ? { ...values, ...dice.pick(dice.pick(changes)) } : values;
}

/** A create that is sent again, as it was or with one value changed; undefined where nothing is there yet, or mostly. */
export function repeated(
  world: World,
  dice: Dice,
  table: Table,
  changes: (input: Readonly<Record<string, unknown>>) => Changes,
) {
  const known = [...world.rows[table].keys()];
  if (known.length === 0 || !dice.mischief(12)) return undefined;
  const input = world.inputs.get(dice.pick(known))!;
  return dice.chance(40) ? { ...input, ...dice.pick(dice.pick(changes(input))) } : input;
}
