import { statfs } from 'node:fs/promises';
import type { Client } from '../session.js';
import type { Findings } from './report.js';

const MB = 2 ** 20;
/** The server stops when it cannot write its log, whose segments alone grow to this: the default of max_wal_size. */
const LEAST_ROOM = 1024 * MB;

/** `dataDirectory`: the embedded server's; undefined for another server, whose disk cannot be seen through SQL. */
export async function checkDisk(client: Client, dataDirectory: string | undefined): Promise<Findings> {
  const { rows } = await client.query<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes');
  const size = `${megabytes(Number(rows[0]!.bytes))} in this database`;
  if (dataDirectory === undefined)
    return { checked: size, notChecked: ["free room on the server's disk: not visible from here"] };
  const { bavail, bsize } = await statfs(dataDirectory);
  return judgeDisk(size, bavail * bsize, dataDirectory);
}

export function judgeDisk(size: string, free: number, directory: string): Findings {
  const checked = `${size}, ${megabytes(free)} free`;
  if (free >= LEAST_ROOM) return { checked };
  return {
    checked,
    differences: [
      {
        object: directory,
        expected: `${megabytes(LEAST_ROOM)} free at least`,
        found: `${megabytes(free)} free`,
        meaning: 'the server stops when it can write no more',
        mend: `df -h '${directory}'   # and make room there, or stop the server and move the folder: WYCKOFF_DATA_DIR`,
      },
    ],
  };
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / MB).toLocaleString('en-US')} MB`;
}
