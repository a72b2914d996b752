import type { Registry } from 'prom-client';
import { counterOf, gaugeOf, gaugesOf } from './instruments.js';
import { Reading } from './reading.js';

/** What a database tells of itself for its metrics. */
export interface DatabaseReading {
  /** Of the whole database. */
  readonly bytes: number;
  /** When the newest bar of each timeframe closed, over all symbols, as the catalog has it. */
  readonly newest: readonly { readonly timeframe: string; readonly closedAt: Date }[];
  /** Jobs of the storage; none on plain tables. */
  readonly jobs: readonly {
    readonly job: string;
    readonly table: string | null;
    readonly failures: number;
    readonly lastStatus: string | null;
  }[];
}

export function watchDatabase(registry: Registry, read: (signal: AbortSignal) => Promise<DatabaseReading>): void {
  const reading = new Reading(read);
  const up = 'Whether the database answered when it was asked for these metrics last, within 2 s (0 or 1).';
  gaugeOf({ registry, name: 'wyckoff_database_up', help: up }, async () => Number(await reading.succeeds()));
  const size = 'Size of the database.';
  gaugeOf({ registry, name: 'wyckoff_database_size_bytes', help: size }, async () => (await reading.latest())?.bytes);
  const lag = 'Seconds since the close of the newest bar of any symbol, by timeframe; 0 while that is yet to come.';
  gaugesOf({ registry, name: 'wyckoff_catalog_lag_seconds', help: lag, labelNames: ['timeframe'] }, async () =>
    ((await reading.latest())?.newest ?? []).map(({ timeframe, closedAt }) => ({
      labels: { timeframe },
      value: Math.max(0, (Date.now() - closedAt.getTime()) / 1000),
    })),
  );
  const jobs = async (value: (job: DatabaseReading['jobs'][number]) => number) =>
    ((await reading.latest())?.jobs ?? []).map((one) => ({
      labels: { procedure: one.job, table: one.table ?? '' },
      value: value(one),
    }));
  // Not job: that label is Prometheus' own, for what it scrapes.
  const labelNames = ['procedure', 'table'];
  const failures = 'Runs of a job of the storage that failed, since the job was made, by its procedure and table.';
  counterOf({ registry, name: 'wyckoff_job_failures_total', help: failures, labelNames }, () =>
    jobs((one) => one.failures),
  );
  const last = 'Whether the last run of a job of the storage failed (0 or 1).';
  gaugesOf({ registry, name: 'wyckoff_job_last_run_failed', help: last, labelNames }, () =>
    jobs((one) => Number(one.lastStatus === 'Failed')),
  );
}
