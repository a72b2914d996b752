import type { GivenEntry } from './table.js';

/** Rows compared and copied at a time, at least. */
export const BLOCK = 20_000;

/** Entries in the order of time as blocks, none of which ends within an instant: equal rows of one instant are told apart by how many there are. */
export async function* wholeInstants(parts: AsyncIterable<readonly GivenEntry[]>): AsyncGenerator<GivenEntry[], void> {
  let block: GivenEntry[] = [];
  for await (const entries of parts) {
    for (const entry of entries) {
      if (block.length >= BLOCK && block.at(-1)!.timestamp !== entry.timestamp) {
        yield block;
        block = [];
      }
      block.push(entry);
    }
  }
  if (block.length > 0) yield block;
}
