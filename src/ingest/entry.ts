import type { Call } from './call.js';
import type { Kind, RowOptions } from './kinds/kind.js';
import type { Origin } from './origin.js';

/** Rows that one call of a repository may write. */
export interface Group {
  readonly kind: Kind;
  readonly options: RowOptions;
  readonly name: string;
}

/** What is queued: one row; or the rows of an instant without ids that came in one call, which only together say how many they are. */
export interface Entry {
  readonly group: Group;
  readonly rows: readonly object[];
  /** Names series, instant and id. */
  readonly key: string;
  readonly lane: number;
  readonly origin: Origin;
  /** Its place in its lane of its origin, from 1. */
  readonly number: number;
  /** By `performance.now()`. */
  readonly acceptedAt: number;
  /** Who waits until it is written, and where it stood in what that one gave. */
  readonly call?: Call | undefined;
  readonly positions?: readonly number[] | undefined;
  /** It lies in the dead letters. */
  dead: boolean;
}

/** An entry that has no place yet. */
export type NewEntry = Pick<Entry, 'group' | 'rows' | 'key' | 'lane' | 'positions'>;

export function keyOf(kind: Kind, row: object): string {
  return `${kind.seriesOf(row)}|${kind.instantOf(row)}|${kind.idOf(row) ?? '#'}`;
}

const groups = new Map<string, Group>();

/** The same object for the same kind and options. */
export function groupOf(kind: Kind, { volumeScale, allowNonPositive, allowEmptySide, replace }: RowOptions): Group {
  const options = { volumeScale, allowNonPositive, allowEmptySide, replace };
  const name = `${kind.name} ${JSON.stringify(options)}`;
  let group = groups.get(name);
  if (group === undefined) {
    group = { kind, options, name };
    groups.set(name, group);
  }
  return group;
}
