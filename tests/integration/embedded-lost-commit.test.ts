import { expect, onTestFinished, test } from 'vitest';
import { startEmbeddedServer } from '../../src/database/embedded-server.js';
import { newId } from '../../src/domain/identifier.js';
import { openStore } from '../../src/index.js';
import { soundRange } from '../setup/ledger-inputs.js';
import { type Loss, openTcpProxy } from '../setup/tcp-proxy.js';
import { dataDirectory, killServer, useDataDirectory } from './embedded-processes.js';

useDataDirectory();

test.each<readonly [Loss, number]>([
  ['answer', 1],
  ['commit', 2],
])(
  'a server that crashes and comes back remembers a transaction whose %s was lost: %i runs',
  { timeout: 120_000 },
  async (loss, runs) => {
    const first = await startEmbeddedServer({ dataDirectory });
    onTestFinished(() => first.release());
    const proxy = await openTcpProxy(first.url);
    const store = await openStore({ databaseUrl: proxy.url, migrations: 'apply', logLevel: 'silent' });
    onTestFinished(() => store.close());
    proxy.loseCommit(loss, async () => {
      await killServer();
      const second = await startEmbeddedServer({ dataDirectory });
      onTestFinished(() => second.release());
      proxy.leadTo(second.url);
    });
    const id = newId();
    let run = 0;
    const range = await store.transaction({ actor: 'detector', retries: 20 }, async (tx) => {
      run += 1;
      return tx.tradingRanges.create(soundRange({ id }));
    });
    expect(run).toBe(runs);
    expect(await store.tradingRanges.byId(id)).toEqual(range);
    expect(await store.audit.verify()).toMatchObject({ events: 1, problems: [] });
  },
);
