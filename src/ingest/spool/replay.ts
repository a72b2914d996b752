import type { Logger } from '../../observability/logger.js';
import { LANES } from '../lanes.js';
import type { Observers } from '../observer.js';
import type { Totals } from '../totals.js';
import { type SpoolDirectory, segmentsOf } from './home.js';
import { readSegment, type SegmentContent } from './read-segment.js';
import type { SegmentRecord } from './segment.js';
import { segmentPath } from './segment-file.js';

interface ReplayParts {
  readonly observers: Observers;
  readonly totals: Totals;
  readonly log: Logger;
}

/**
 * Reads a spool that an earlier process left. `done` is how far the database has come in each lane; `take` gets what is behind it, in order, and
 * waits until there is room. Answers the segments in which something cannot be read that may have been acknowledged.
 */
export async function replaySpool(
  spool: SpoolDirectory,
  done: readonly number[],
  take: (record: SegmentRecord, from: number) => Promise<void>,
  parts: ReplayParts,
): Promise<number[]> {
  const damaged: number[] = [];
  const next = done.map((number) => number + 1);
  const numbers = await segmentsOf(spool);
  for (const number of numbers) {
    const content = await readSegment(spool.path, spool.id, number);
    reportDamage(spool, number, content, number === numbers.at(-1), parts);
    for (const record of content.records) {
      const { lane, first, count } = record;
      if (lane >= LANES) continue;
      if (first > next[lane]!) {
        const missing = first - next[lane]!;
        parts.log.error({ spool: spool.path, lane, missing }, 'rows that had been acknowledged cannot be read');
      }
      // Written twice where the first time was not acknowledged.
      if (first + count <= next[lane]!) continue;
      await take(record, Math.max(first, next[lane]!));
      next[lane] = first + count;
    }
    if (isDamaged(content, number === numbers.at(-1))) damaged.push(number);
  }
  return damaged;
}

/** Nothing whole comes behind it, in the last file: what a process that died was writing. */
function isTorn({ damages, size }: SegmentContent, last: boolean): boolean {
  return last && damages.length === 1 && damages[0]!.end === size;
}

function isDamaged(content: SegmentContent, last: boolean): boolean {
  return content.damages.length > 0 && !isTorn(content, last);
}

function reportDamage(
  spool: SpoolDirectory,
  number: number,
  content: SegmentContent,
  last: boolean,
  { observers, totals, log }: ReplayParts,
): void {
  const bytes = content.damages.reduce((sum, { start, end }) => sum + end - start, 0);
  if (bytes === 0) return;
  const torn = isTorn(content, last);
  const file = segmentPath(spool.path, number);
  totals.damagedBytes += bytes;
  if (torn)
    log.warn({ file, bytes }, 'the end of a spool is torn: nobody was told that what was written there is safe');
  else log.error({ file, bytes }, 'a spool is damaged: what can be read is written, and the file is kept beside it');
  observers.tell('damaged', { file, bytes, torn });
}
