import type { TestProject } from 'vitest/node';
import { provideTemplate } from './template.js';
import { timescaleBinaries } from './timescale-binaries.js';
import { startTimescaleCluster } from './timescale-cluster.js';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startTimescaleCluster(timescaleBinaries()!, ['max_locks_per_transaction=512']);
  await provideTemplate(project, cluster.url, 'timescale');
  return () => cluster.stop();
}
