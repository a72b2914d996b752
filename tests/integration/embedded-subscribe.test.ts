import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished, test } from 'vitest';
import { openStore } from '../../src/index.js';
import { startEmbeddedChaos } from '../setup/chaos/server.js';
import { startWriter, takeAll } from '../setup/followed-writers.js';
import { follow } from '../setup/subscriber.js';

test('the server dies and comes back, twice: who follows loses nothing', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wyckoff-subscribe-'));
  await chmod(directory, 0o711); // as root, the server runs as another user, who must get through
  const server = await startEmbeddedChaos(directory);
  onTestFinished(async () => {
    await server.remove();
    await rm(directory, { recursive: true, force: true });
  });
  const store = await openStore({ databaseUrl: server.url, migrations: 'apply', logLevel: 'silent' });
  onTestFinished(() => store.close());
  const following = await follow(store, ['A']);
  const writer = startWriter(server.url, 'A', 100);
  const taken = takeAll(following, ['A'], 100);
  for (let restart = 0; restart < 2; restart += 1) {
    await sleep(1_500);
    await server.crash();
    await server.start();
  }
  await taken;
  await writer;
});
