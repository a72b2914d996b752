import type { TestProject } from 'vitest/node';
import { clusterFolder, LOG_SIZE } from './cluster-folder.js';
import { provideTemplate } from './template.js';
import { TemporaryCluster } from './temporary-cluster.js';
import { timescaleBinaries } from './timescale-binaries.js';

/** A cluster of its own serves these tests, or the server that is named here. */
export const GIVEN_SERVER = 'WYCKOFF_TEST_TIMESCALE_URL';

export const SETTINGS = [
  'shared_preload_libraries=timescaledb',
  'timescaledb.telemetry_level=off',
  'timescaledb.max_background_workers=0', // no job runs by itself: tests run the policies that they test
  'max_locks_per_transaction=512',
];

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, remove } = await openTimescaleServer();
  const removeTemplate = await provideTemplate(project, url, 'timescale');
  return async () => {
    await removeTemplate();
    await remove();
  };
}

export interface TimescaleServer {
  readonly url: string;
  remove(): Promise<void>;
}

/** The one that is named, which stays as it is, or a temporary one. */
export async function openTimescaleServer(): Promise<TimescaleServer> {
  const given = process.env[GIVEN_SERVER];
  if (given) return { url: given, remove: async () => {} };
  const cluster = await createTimescaleCluster(clusterFolder());
  await cluster.start([...SETTINGS, `max_wal_size=${LOG_SIZE}`]);
  return { url: cluster.url(), remove: () => cluster.remove() };
}

/** One that the test starts itself, with the settings that it is about; in this folder, or in the temporary one. */
export function createTimescaleCluster(folder?: string): Promise<TemporaryCluster> {
  return TemporaryCluster.create({
    ...(folder && { folder }),
    binaries: timescaleBinaries()!,
    superuser: 'wyckoff',
    arguments: ['-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'],
  });
}
