import type { Call } from './call.js';
import type { Kind, RowOptions } from './kinds/kind.js';
import { laneOf } from './lanes.js';
import type { Origin } from './origin.js';

/** Rows that one call of a repository may write. */
export interface Group {
  readonly kind: Kind;
  readonly options: RowOptions;
  readonly name: string;
  /** Whether the later of two rows with the same id takes the former's place. */
  readonly newestWins: boolean;
}

/** An entry that has no place yet: one row; or the rows of an instant without ids that came in one call, which only together say how many they are. */
export interface NewEntry {
  readonly group: Group;
  readonly rows: readonly object[];
  /** Names kind, series, instant and id. */
  readonly key: string;
  /** Its key names all rows without an id at the instant. */
  readonly unnamed: boolean;
  readonly lane: number;
  /** Where the rows stood in what their caller gave. */
  readonly positions: readonly number[];
  /** It is the same object from then on: tens of thousands a second are made, and live long enough for a copy of each to be dear. */
  placed(origin: Origin, number: number, acceptedAt: number, call?: Call): Entry;
}

/** What is queued. */
export interface Entry extends NewEntry {
  readonly origin: Origin;
  /** Its place in its lane of its origin, from 1. */
  readonly number: number;
  /** When it came into the queue, or onto the disk, by `performance.now()`. */
  readonly acceptedAt: number;
  /** Who waits until it is written. */
  readonly call: Call | undefined;
  /** It lies in the dead letters. */
  dead: boolean;
}

class OneEntry implements NewEntry {
  origin: Origin | undefined = undefined;
  number = 0;
  acceptedAt = 0;
  call: Call | undefined = undefined;
  dead = false;

  constructor(
    readonly group: Group,
    readonly rows: readonly object[],
    readonly positions: readonly number[],
    readonly lane: number,
    readonly key: string,
    readonly unnamed: boolean,
  ) {}

  placed(origin: Origin, number: number, acceptedAt: number, call?: Call): Entry {
    this.origin = origin;
    this.number = number;
    this.acceptedAt = acceptedAt;
    this.call = call;
    return this as Entry;
  }
}

/** More rows may be pushed to `rows` and `positions` later. `lane` is that of its series where nothing is said. */
export function newEntry(group: Group, rows: readonly object[], positions: readonly number[], lane?: number): NewEntry {
  const { kind } = group;
  const [row] = rows as readonly [object];
  const series = kind.seriesOf(row);
  const id = kind.idOf(row);
  const key = `${kind.name} ${series}|${kind.instantOf(row)}|${id ?? '#'}`;
  return new OneEntry(group, rows, positions, lane ?? laneOf(kind, series), key, id === null);
}

const groups = new Map<string, Group>();

/** The same object for the same kind and options. */
export function groupOf(kind: Kind, { volumeScale, allowNonPositive, allowEmptySide, replace }: RowOptions): Group {
  const options = { volumeScale, allowNonPositive, allowEmptySide, replace };
  const name = `${kind.name} ${JSON.stringify(options)}`;
  let group = groups.get(name);
  if (group === undefined) {
    group = { kind, options, name, newestWins: kind.newestWins(options) };
    groups.set(name, group);
  }
  return group;
}
