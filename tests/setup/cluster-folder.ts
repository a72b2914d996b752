import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const MEMORY = '/dev/shm';
const ROOM = 4 * 1024 ** 3;

/** `max_wal_size` of a server that lies there. */
export const LOG_SIZE = '512MB';

/**
 * Where the servers of a run lie, which are thrown away with it: in memory, where the system has room for it there, else in the temporary
 * folder. A clone of the template is 300 new files: 90 to 170 ms of the processor on ext4, 30 to 50 in memory; there is one for nearly each test.
 *
 * It is not `fsync = off`, which doctor rightly names. A server that is killed leaves the same in memory as on a disk; only a machine that
 * fails would not, which no test can do.
 */
export function clusterFolder(): string {
  try {
    accessSync(MEMORY, constants.R_OK | constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}
