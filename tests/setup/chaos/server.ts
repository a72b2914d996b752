import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import {
  type EmbeddedServer,
  embeddedServerStatus,
  startEmbeddedServer,
} from '../../../src/database/embedded-server.js';

/** A server of its own that is treated badly. */
export class ChaosServer {
  readonly #directory: string;
  #server: EmbeddedServer;

  private constructor(directory: string, server: EmbeddedServer) {
    this.#directory = directory;
    this.#server = server;
  }

  static async start(directory: string): Promise<ChaosServer> {
    return new ChaosServer(directory, await startEmbeddedServer({ dataDirectory: directory }));
  }

  get url(): string {
    return this.#server.url;
  }

  /** `immediate`, as a power loss: SIGQUIT. Then it is started again, and recovers. */
  async restart(): Promise<void> {
    const { pid } = await embeddedServerStatus({ dataDirectory: this.#directory });
    process.kill(pid!, 'SIGQUIT');
    while ((await embeddedServerStatus({ dataDirectory: this.#directory })).state !== 'stopped') await sleep(10);
    const former = this.#server;
    this.#server = await startEmbeddedServer({ dataDirectory: this.#directory });
    await former.release();
  }

  /** Stops every process of it for a while, without ending one. */
  async pause(milliseconds: number): Promise<void> {
    const { pid } = await embeddedServerStatus({ dataDirectory: this.#directory });
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    const all = [pid!, ...children.trim().split(' ').map(Number)];
    const signal = (name: NodeJS.Signals) => {
      for (const one of all) {
        try {
          process.kill(one, name);
        } catch {} // it has ended meanwhile
      }
    };
    signal('SIGSTOP');
    await sleep(milliseconds);
    signal('SIGCONT');
  }

  /** Ends every connection but the one that says so. */
  async terminate(): Promise<void> {
    const client = new pg.Client({ connectionString: this.url });
    client.on('error', () => {});
    await client.connect();
    await client
      .query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
      )
      .finally(() => client.end());
  }

  async stop(): Promise<void> {
    await this.#server.release();
  }
}
