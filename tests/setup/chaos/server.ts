import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import {
  type EmbeddedServer,
  embeddedServerStatus,
  startEmbeddedServer,
} from '../../../src/database/embedded-server.js';
import type { TemporaryCluster } from '../temporary-cluster.js';

/** A server of its own that is treated badly. */
export interface ChaosServer {
  readonly url: string;
  /** Of its first process. */
  pid(): Promise<number>;
  /** `immediate`, as a power loss: SIGQUIT. */
  crash(): Promise<void>;
  /** After {@link crash}: it recovers. */
  start(): Promise<void>;
  remove(): Promise<void>;
}

export async function startEmbeddedChaos(directory: string): Promise<ChaosServer> {
  const options = { dataDirectory: directory };
  let server: EmbeddedServer = await startEmbeddedServer(options);
  const pid = async () => (await embeddedServerStatus(options)).pid!;
  return {
    get url() {
      return server.url;
    },
    pid,
    crash: async () => {
      process.kill(await pid(), 'SIGQUIT');
      while ((await embeddedServerStatus(options)).state !== 'stopped') await sleep(10);
    },
    start: async () => {
      const former = server;
      server = await startEmbeddedServer(options);
      await former.release();
    },
    remove: () => server.release(),
  };
}

/** Of a cluster that nobody has started. */
export async function startClusterChaos(
  cluster: TemporaryCluster,
  settings: readonly string[],
  database: string,
): Promise<ChaosServer> {
  await cluster.start(settings);
  return {
    url: cluster.url(database),
    pid: async () => cluster.pid,
    crash: () => cluster.stop('SIGQUIT'),
    start: () => cluster.start(settings),
    remove: () => cluster.remove(),
  };
}

/** Stops every process of it for a while, without ending one. */
export async function pauseServer(server: ChaosServer, milliseconds: number): Promise<void> {
  const goOn = await freezeServer(server);
  await sleep(milliseconds);
  goOn();
}

/** Stops every process of it; answers how to let them go on. */
export async function freezeServer(server: ChaosServer): Promise<() => void> {
  const pid = await server.pid();
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const all = [pid, ...children.trim().split(' ').map(Number)];
  const signal = (name: NodeJS.Signals) => {
    for (const one of all) {
      try {
        process.kill(one, name);
      } catch {} // it has ended meanwhile
    }
  };
  signal('SIGSTOP');
  return () => signal('SIGCONT');
}

/** Ends every connection but the one that says so. */
export async function terminateConnections(server: ChaosServer): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  client.on('error', () => {});
  await client.connect();
  await client
    .query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    )
    .finally(() => client.end());
}
