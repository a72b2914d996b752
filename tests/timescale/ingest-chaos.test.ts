import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { startClusterChaos } from '../setup/chaos/server.js';
import { LONGEST, survive } from '../setup/chaos/survive.js';
import { createTimescaleCluster, SETTINGS } from '../setup/timescale-server.js';

test('on hypertables too, every acknowledged row is there once, whatever happens to producer, server and network', {
  timeout: LONGEST,
}, async () => {
  const parent = await mkdtemp(join(tmpdir(), 'wyckoff-chaos-'));
  const server = await startClusterChaos(await createTimescaleCluster(), SETTINGS, 'wyckoff');
  onTestFinished(async () => {
    await server.remove();
    await rm(parent, { recursive: true, force: true });
  });
  await survive(server, parent);
});
