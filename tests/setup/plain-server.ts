import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedServer } from '../../src/database/embedded-server.js';
import { clusterFolder, LOG_SIZE } from './cluster-folder.js';
import { administer, provideTemplate } from './template.js';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(clusterFolder(), 'wyckoff-plain-'));
  await chmod(directory, 0o711); // as root, the server runs as another user, who must get through
  const server = await startEmbeddedServer({ dataDirectory: directory });
  await administer(server.url, `ALTER SYSTEM SET max_wal_size = '${LOG_SIZE}'`, 'SELECT pg_reload_conf()');
  await provideTemplate(project, server.url, 'plain');
  return async () => {
    await server.release();
    await rm(directory, { recursive: true, force: true });
  };
}
