import { closeOf, type Timeframe } from '../domain/timeframe.js';
import type { DatabaseReading } from '../observability/database-metrics.js';
import { readJobRuns } from './layouts/job-runs.js';
import type { Pool } from './pool.js';

/** For metrics. A server that says nothing is not waited for beyond `signal`. @throws DatabaseError */
export async function readForMetrics(pool: Pool, signal: AbortSignal): Promise<DatabaseReading> {
  return pool.withClient(async (client) => {
    signal.throwIfAborted();
    // Its connection is cut, and given up by the pool: otherwise each reading of a server that hangs would keep one.
    const cut = () => void (client as unknown as { end(): Promise<void> }).end().catch(() => {});
    signal.addEventListener('abort', cut, { once: true });
    try {
      const { rows: sizes } = await client.query<{ bytes: string }>(
        'SELECT pg_database_size(current_database()) AS bytes',
      );
      const { rows: newest } = await client.query<{ timeframe: Timeframe; last: Date }>(
        'SELECT timeframe, max(last_timestamp) AS last FROM bar_series WHERE bar_count > 0 GROUP BY timeframe',
      );
      return {
        bytes: Number(sizes[0]!.bytes),
        newest: newest.map(({ timeframe, last }) => ({ timeframe, closedAt: closeOf(last, timeframe) })),
        jobs: await readJobRuns(client),
      };
    } finally {
      signal.removeEventListener('abort', cut);
    }
  });
}
