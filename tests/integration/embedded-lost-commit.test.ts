import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { embeddedServerStatus, startEmbeddedServer } from '../../src/database/embedded-server.js';
import { newId } from '../../src/domain/identifier.js';
import { openStore } from '../../src/index.js';
import { soundRange } from '../setup/ledger-inputs.js';
import { type Loss, openTcpProxy } from '../setup/tcp-proxy.js';
import { dataDirectory, useDataDirectory } from './embedded-processes.js';

useDataDirectory();

/** Stops the server as an administrator would, without waiting for those who use it, and starts it again. */
async function restart() {
  process.kill((await embeddedServerStatus({ dataDirectory })).pid!, 'SIGINT');
  while ((await embeddedServerStatus({ dataDirectory })).state !== 'stopped') await sleep(20);
  return startEmbeddedServer({ dataDirectory });
}

test.each<readonly [Loss, number]>([
  ['answer', 1],
  ['commit', 2],
])('a server that was restarted remembers a transaction whose %s was lost: %i runs', async (loss, runs) => {
  const servers = [await startEmbeddedServer({ dataDirectory })];
  const proxy = await openTcpProxy(servers[0]!.url);
  const store = await openStore({ databaseUrl: proxy.url, migrations: 'apply', logLevel: 'silent' });
  try {
    proxy.loseCommit(loss, async () => {
      const server = await restart();
      servers.push(server);
      proxy.leadTo(server.url);
    });
    const id = newId();
    let run = 0;
    const range = await store.transaction({ actor: 'detector' }, async (tx) => {
      run += 1;
      return tx.tradingRanges.create(soundRange({ id }));
    });
    expect([run, servers.length]).toEqual([runs, 2]);
    expect(await store.tradingRanges.byId(id)).toEqual(range);
    expect(await store.audit.verify()).toMatchObject({ events: 1, problems: [] });
  } finally {
    await store.close();
    for (const server of servers) await server.release();
  }
});
