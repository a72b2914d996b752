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
    if (keys.has(entry.key) && (entry.unnamed || !entry.group.newestWins)) break;
    keys.add(entry.key);
  }
  return lane.take(count);
}

/** The entries to write, the newest of each id alone, by what one call of a repository can write. */
export function newest(entries: readonly Entry[]): Map<Group, Entry[]> {
  const keys = new Set<string>();
  const groups = new Map<Group, Entry[]>();
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    const entry = entries[index]!;
    if (entry.dead || keys.has(entry.key)) continue;
    keys.add(entry.key);
    const group = groups.get(entry.group);
    if (group) group.push(entry);
    else groups.set(entry.group, [entry]);
  }
  for (const group of groups.values()) group.reverse();
  // In one order, as every writer locks its series in one.
  return new Map([...groups].sort(([a], [b]) => (a.name < b.name ? -1 : 1)));
}
