import type { TestProject } from 'vitest/node';
import { provideTemplate } from './template.js';
import { TemporaryCluster } from './temporary-cluster.js';
import { timescaleBinaries } from './timescale-binaries.js';

const SETTINGS = [
  'shared_preload_libraries=timescaledb',
  'timescaledb.telemetry_level=off',
  'timescaledb.max_background_workers=0', // no job runs by itself: tests run the policies that they test
  'max_locks_per_transaction=512',
];

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await TemporaryCluster.create({
    binaries: timescaleBinaries()!,
    superuser: 'wyckoff',
    arguments: ['-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'],
  });
  await cluster.start(SETTINGS);
  await provideTemplate(project, cluster.url(), 'timescale');
  return () => cluster.remove();
}
