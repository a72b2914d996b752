import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

const execute = promisify(execFile);

export interface ClusterOptions {
  /** Where initdb and postgres are. */
  readonly binaries: string;
  readonly superuser: string;
  /** Of initdb. */
  readonly arguments: readonly string[];
  /** What it lies in. Default: the temporary folder. */
  readonly folder?: string;
}

/** A cluster of the machine's own PostgreSQL in a temporary folder, on the loopback and a free port; who connects is trusted. */
export class TemporaryCluster {
  /** The server's user may write here; its socket is here, too. */
  readonly directory: string;
  readonly dataDirectory: string;
  readonly port: number;
  readonly #options: ClusterOptions;
  /** Keeps the port free until the server first takes it: initdb takes seconds. */
  #reservation: Server | undefined;
  #server: ChildProcess | undefined;

  private constructor(options: ClusterOptions, directory: string, reservation: Server) {
    this.#options = options;
    this.directory = directory;
    this.dataDirectory = join(directory, 'cluster');
    this.port = (reservation.address() as AddressInfo).port;
    this.#reservation = reservation;
  }

  static async create(options: ClusterOptions): Promise<TemporaryCluster> {
    const { uid, gid } = serverUser();
    const directory = await mkdtemp(join(options.folder ?? tmpdir(), 'wyckoff-cluster-'));
    if (uid !== undefined) await chown(directory, uid, gid!);
    const cluster = new TemporaryCluster(options, directory, await freePort());
    try {
      await cluster.runAsServer('initdb', '-D', cluster.dataDirectory, '-U', options.superuser, ...options.arguments);
    } catch (error) {
      await cluster.remove();
      throw error;
    }
    return cluster;
  }

  url(database = 'postgres', user = this.#options.superuser): string {
    return `postgresql://${user}@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts the server with settings of its command line (`name=value`) and waits until it serves. */
  async start(settings: readonly string[] = [], dataDirectory = this.dataDirectory): Promise<void> {
    const flags = [
      `port=${this.port}`,
      `unix_socket_directories=${this.directory}`,
      'listen_addresses=127.0.0.1',
      ...settings,
    ];
    await this.#letGoOfPort();
    const server = spawn(
      join(this.#options.binaries, 'postgres'),
      ['-D', dataDirectory, ...flags.flatMap((setting) => ['-c', setting])],
      { ...serverUser(), cwd: this.directory, stdio: 'ignore' },
    );
    this.#server = server;
    await this.#untilServing(server);
  }

  /** Of the server that runs. */
  get pid(): number {
    return this.#server!.pid!;
  }

  /** Fast, unless it is `SIGQUIT`: immediate, as a power loss. */
  async stop(signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server || server.exitCode !== null) return;
    const stopped = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await stopped;
  }

  /** One of PostgreSQL's programs, as the user that the server runs as. */
  async runAsServer(program: string, ...args: string[]): Promise<string> {
    const path = join(this.#options.binaries, program);
    const { stdout } = await execute(path, args, { ...serverUser(), cwd: this.directory });
    return stdout;
  }

  async remove(): Promise<void> {
    await this.stop();
    await this.#letGoOfPort();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #letGoOfPort(): Promise<void> {
    const reservation = this.#reservation;
    this.#reservation = undefined;
    if (reservation) await new Promise((resolve) => reservation.close(resolve));
  }

  async #untilServing(server: ChildProcess): Promise<void> {
    for (let attempt = 0; attempt < 2_400; attempt += 1) {
      if (server.exitCode !== null) throw new Error(`the temporary server ended with ${server.exitCode}`);
      const { port, directory: host } = this;
      const client = new pg.Client({ host, port, user: this.#options.superuser, database: 'postgres' });
      try {
        await client.connect();
        await client.end();
        return;
      } catch {
        await sleep(50);
      }
    }
    throw new Error('the temporary server did not start in two minutes');
  }
}

/** PostgreSQL refuses to run as root: there it runs as the user that Debian's package made. */
function serverUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function freePort(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
