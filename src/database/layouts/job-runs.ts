import type { Client } from '../session.js';
import { readJobs } from './read-status.js';
import type { JobStatus } from './status.js';

/** The jobs that look after the storage, and how their runs went; none where nothing runs any. */
export async function readJobRuns(client: Client): Promise<readonly JobStatus[]> {
  const { rows } = await client.query<{ there: boolean }>(
    "SELECT to_regclass('timescaledb_information.job_stats') IS NOT NULL AS there",
  );
  return rows[0]!.there ? readJobs(client) : [];
}
