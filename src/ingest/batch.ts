import type { Entry, Group } from './entry.js';
import type { Fifo } from './fifo.js';

/**
 * Takes the front of a lane, as far as it can be written at once: entries of one origin, and no two of an id of which the later one does not
 * simply take the former's place.
 */
export function takeBatch(lane: Fifo<Entry>, most: number): Entry[] {
  const first = lane.at(0);
  if (first === undefined) return [];
  const keys = new Set<string>();
  let count = 0;
  for (; count < most; count += 1) {
    const entry = lane.at(count);
    if (entry === undefined || entry.origin !== first.origin) break;
    const { kind, options } = entry.group;
    if (kind.newestWins(options) && !isUnnamed(entry)) continue;
    const key = `${kind.name} ${entry.key}`;
    if (keys.has(key)) break;
    keys.add(key);
  }
  return lane.take(count);
}

/** The entries to write, the newest of each id alone, by what one call of a repository can write. */
export function newest(entries: readonly Entry[]): Map<Group, Entry[]> {
  const last = new Map<string, Entry>();
  for (const entry of entries) {
    // A key that is set again would keep its old place.
    const key = `${entry.group.kind.name} ${entry.key}`;
    if (entry.dead) continue;
    last.delete(key);
    last.set(key, entry);
  }
  const groups = new Map<Group, Entry[]>();
  for (const entry of last.values()) {
    const group = groups.get(entry.group);
    if (group) group.push(entry);
    else groups.set(entry.group, [entry]);
  }
  // In one order, as every writer locks its series in one.
  return new Map([...groups].sort(([a], [b]) => (a.name < b.name ? -1 : 1)));
}

/** Its key names all rows without an id at the instant. */
function isUnnamed({ group: { kind }, rows }: Entry): boolean {
  return kind.idOf(rows[0]!) === null;
}
