import type { Registry } from 'prom-client';
import { counterOf } from './instruments.js';

/** What became of the comparisons of a cutover's two sides, and of writes to the files that have to be made later; of this process. */
export const dualReads = { compared: 0, mismatches: 0, skipped: 0, failed: 0, filesBehind: 0 };

const COUNTERS = {
  compared: ['wyckoff_dual_reads_compared_total', 'Reads of the backend dual that were compared with the other side.'],
  mismatches: [
    'wyckoff_dual_read_mismatches_total',
    'Those of them that differed, and still did when both sides were read again.',
  ],
  skipped: [
    'wyckoff_dual_reads_skipped_total',
    'Reads that were not compared: too many waited, or the answer was too long.',
  ],
  failed: ['wyckoff_dual_reads_failed_total', 'Comparisons that failed, because the other side could not be read.'],
  filesBehind: [
    'wyckoff_dual_files_behind_total',
    'Writes that are in the database and could not be made in the files; they wait in cutover_outbox.',
  ],
} as const satisfies Readonly<Record<keyof typeof dualReads, readonly [string, string]>>;

export function watchDualReads(registry: Registry): void {
  for (const [key, [name, help]] of Object.entries(COUNTERS))
    counterOf({ registry, name, help }, () => [{ labels: {}, value: dualReads[key as keyof typeof dualReads] }]);
}
