import type { Kind } from './kinds/kind.js';

/** Rows are written in this many lanes, each in its own order. Spools on disk rely on the number, and on {@link laneOf}. */
export const LANES = 8;

export function laneOf(kind: Kind, series: string): number {
  // FNV-1a, over the UTF-16 units.
  let hash = 0x811c9dc5;
  const text = `${kind.name} ${series}`;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0) % LANES;
}
