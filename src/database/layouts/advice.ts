import type { UnsupportedServerError } from '../../errors.js';
import { intervalText } from './chunk-interval.js';
import { enoughLocks, hasRoom, type LockTable } from './locks.js';
import type { Advice, HypertableStatus, JobStatus } from './status.js';

/** Longer than the store's own default, TimescaleDB's, and then what fits years of daily bars. In days. */
const INTERVALS = [1, 7, 30, 90, 365];
/** Every chunk costs each statement that may touch it planning time, and a near-empty one compresses badly: 63 bytes a bar against 26. */
const MANY_CHUNKS = 100;
const FEW_ROWS = 10_000;
/** A chunk that is written to should stay in memory, with its index. */
const LARGE_CHUNK = 2 ** 30;

export function adviseExtension(available: string | undefined, unusable: UnsupportedServerError | undefined): Advice[] {
  if (unusable) return [{ what: unusable.message, command: unusable.hint ?? '' }];
  if (available === undefined) return [];
  return [
    { what: `TimescaleDB ${available} is on the server and not in this database`, command: 'wyckoff storage apply' },
  ];
}

export function adviseHypertable(status: HypertableStatus, locks: LockTable): Advice[] {
  const { table, chunks, chunkInterval, overdueChunks, compressAfter, rowsPerChunk } = status;
  const advice: Advice[] = [];
  const { otherChunks } = status;
  const fitting = otherChunks > 0 ? undefined : fittingInterval(status);
  if (otherChunks > 0) {
    advice.push({
      what: `${otherChunks} of ${table}'s ${chunks} chunks are not of ${chunkInterval}, as new ones are`,
      command: `wyckoff storage rechunk --interval '${intervalText(status.chunkSeconds / 3_600)}' --table ${table}`,
    });
  }
  if (fitting !== undefined) {
    advice.push({
      what: `${table} has about ${(rowsPerChunk ?? 0).toLocaleString('en-US')} rows in a chunk of ${chunkInterval}; ${fitting} fits these data`,
      command: `wyckoff storage rechunk --interval '${fitting}' --table ${table}`,
    });
  }
  if (overdueChunks > 0 && compressAfter !== null) {
    advice.push({
      what: `${overdueChunks} of ${table}'s chunks should have been compressed`,
      command: `wyckoff storage compress --older-than '${compressAfter}'`,
    });
  }
  if (!hasRoom(locks, chunks)) {
    advice.push({
      what: `one statement over all ${chunks} chunks of ${table} could take more than half of the server's ${locks.capacity} locks`,
      command: `${enoughLocks(locks, chunks)} -- and restart the server`,
    });
  }
  return advice;
}

/** Only where it is clearly another one than there is. */
function fittingInterval({
  chunks,
  rows,
  chunkSeconds,
  bytes,
  bytesBeforeCompression,
  bytesAfterCompression,
}: HypertableStatus) {
  if (chunks === 0) return undefined;
  const days = chunkSeconds / 86_400;
  const rowsADay = rows / chunks / days;
  const bytesADay = (bytes - bytesAfterCompression + bytesBeforeCompression) / chunks / days;
  let wanted: number | undefined;
  if (chunks >= MANY_CHUNKS && rowsADay * days < FEW_ROWS)
    wanted = INTERVALS.find((each) => each > days && rowsADay * each >= FEW_ROWS) ?? INTERVALS.at(-1);
  else if (bytesADay * days > LARGE_CHUNK)
    wanted = INTERVALS.findLast((each) => each < days && bytesADay * each <= LARGE_CHUNK);
  if (wanted === undefined || wanted === days) return undefined;
  return wanted === 1 ? '1 day' : `${wanted} days`;
}

export function adviseJob({ id, job, enabled, lastStatus, failures }: JobStatus): Advice[] {
  if (!enabled)
    return [{ what: `the job ${job} is switched off`, command: `SELECT alter_job(${id}, scheduled => true);` }];
  if (lastStatus !== 'Failed') return [];
  return [
    {
      what: `the last run of the job ${job} failed (${failures} of its runs have)`,
      command: `SELECT * FROM timescaledb_information.job_errors WHERE job_id = ${id} ORDER BY start_time DESC LIMIT 1;`,
    },
  ];
}
