import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { startEmbeddedChaos } from '../setup/chaos/server.js';
import { LONGEST, survive } from '../setup/chaos/survive.js';

test('whatever happens to the producer, the server and the network, every acknowledged row is there once', {
  timeout: LONGEST,
}, async () => {
  const parent = await mkdtemp(join(tmpdir(), 'wyckoff-chaos-'));
  await chmod(parent, 0o711); // as root, the server runs as another user, who must get through
  const server = await startEmbeddedChaos(join(parent, 'data'));
  onTestFinished(async () => {
    await server.remove();
    await rm(parent, { recursive: true, force: true });
  });
  await survive(server, parent);
});
