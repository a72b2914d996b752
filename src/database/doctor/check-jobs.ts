import { counted } from '../../domain/counted.js';
import { adviseJob } from '../layouts/advice.js';
import { readMissingJobs } from '../layouts/hypertable-state.js';
import { JOBS } from '../layouts/hypertables.js';
import type { JobStatus, StorageStatus } from '../layouts/status.js';
import type { Client } from '../session.js';
import type { Difference, Findings } from './report.js';

/** TimescaleDB's jobs: that they are there, are not switched off, and did not fail when they ran last. */
export async function checkJobs(client: Client, { jobs }: StorageStatus): Promise<Findings> {
  const missing = (await readMissingJobs(client)).map(({ what }) => {
    const job = JOBS.find(({ procedure }) => what.includes(procedure));
    return {
      ...{ object: job?.procedure ?? what, expected: `a job that runs every ${job?.every}`, found: what },
      meaning: 'what it does is no longer done',
      mend: 'wyckoff storage apply',
    };
  });
  const errors = await readErrors(client);
  const { rows } = await client.query<{ workers: number }>(
    "SELECT current_setting('timescaledb.max_background_workers')::int AS workers",
  );
  return {
    checked: counted(jobs.length, 'job'),
    differences: [...missing, ...jobs.flatMap((job) => describe(job, errors.get(job.id)))],
    warnings: rows[0]!.workers > 0 ? [] : [noWorkers()],
  };
}

/** The last error of each job; only its owner and the database's may see it. */
async function readErrors(client: Client): Promise<Map<number, string>> {
  const { rows } = await client.query<{ id: number; message: string }>(
    `SELECT DISTINCT ON (job_id) job_id AS id, err_message AS message FROM timescaledb_information.job_errors
     WHERE err_message IS NOT NULL ORDER BY job_id, start_time DESC`,
  );
  return new Map(rows.map(({ id, message }) => [id, message]));
}

function describe(job: JobStatus, error: string | undefined): Difference[] {
  const object = `job ${job.id}, ${job.job}${job.table === null ? '' : ` of ${job.table}`}`;
  if (!job.enabled) {
    return [
      {
        ...{ object, expected: `it runs every ${job.every}`, found: 'it is switched off' },
        meaning: 'what it does is no longer done',
        mend: adviseJob(job)[0]!.command,
      },
    ];
  }
  if (job.lastStatus !== 'Failed') return [];
  return [
    {
      object,
      expected: 'its last run succeeded',
      found: `it failed${error === undefined ? '' : `: ${error}`}; so did ${counted(job.failures, 'run')} in all`,
      meaning:
        'what it does is not done until a run succeeds; this runs it at once, and tells the error if it is still there',
      mend: `CALL run_job(${job.id}); SELECT alter_job(${job.id}, next_start => now());`,
    },
  ];
}

function noWorkers(): Difference {
  return {
    ...{ object: 'timescaledb.max_background_workers', expected: '16, the default', found: '0' },
    meaning: 'no job runs by itself: nothing is compressed or removed',
    mend: 'ALTER SYSTEM RESET timescaledb.max_background_workers; -- and restart the server',
  };
}
