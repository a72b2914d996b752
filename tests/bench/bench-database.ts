import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import { startEmbeddedServer } from '../../src/database/embedded-server.js';
import { LEDGER_SCHEMAS } from '../../src/domain/ledger-schemas.js';
import { DEFAULT_PATTERN_RULES } from '../../src/domain/pattern-rules.js';
import { Store } from '../../src/store.js';

/** A database of its own for the run, with everything that is compared on it. */
export class BenchDatabase {
  readonly url: string;
  readonly directory: string;
  readonly database: Database;
  readonly store: Store;
  /** A plain connection, for the peers and for setting the stage. */
  readonly client: pg.Client;
  readonly #release: () => Promise<void>;

  private constructor(
    directory: string,
    database: Database,
    client: pg.Client,
    url: string,
    release: () => Promise<void>,
  ) {
    this.directory = directory;
    this.url = url;
    this.#release = release;
    this.database = database;
    const settings = { rules: DEFAULT_PATTERN_RULES, schemas: LEDGER_SCHEMAS, onWarning: () => {} };
    this.store = new Store(database, { actor: 'bench', settings });
    this.client = client;
  }

  /** On an embedded server. */
  static async open(): Promise<BenchDatabase> {
    const directory = await temporaryDirectory();
    const server = await startEmbeddedServer({ dataDirectory: join(directory, 'data') });
    return BenchDatabase.on(server.url, { directory, release: () => server.release() });
  }

  /** On a server that is there; the database is made where it is not. */
  static async on(
    url: string,
    options: { directory?: string; chunkInterval?: string; release?: () => Promise<void> } = {},
  ): Promise<BenchDatabase> {
    const environment = options.chunkInterval ? { WYCKOFF_CHUNK_INTERVAL: options.chunkInterval } : {};
    const database = await Database.open(readConfig({ databaseUrl: url }, environment), 'apply');
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const directory = options.directory ?? (await temporaryDirectory());
    return new BenchDatabase(directory, database, client, url, options.release ?? (async () => {}));
  }

  async empty(): Promise<void> {
    await this.client.query('TRUNCATE ohlcv_bars, ohlcv_bar_revisions, bar_series, bar_aggregate_changes');
    await this.client.query('CHECKPOINT');
  }

  /** Runs psql, which is what PostgreSQL itself offers. Answers milliseconds, its start included. */
  async psql(command: string): Promise<number> {
    const start = performance.now();
    const child = spawn('psql', ['-X', '-q', '-d', this.url, '-v', 'ON_ERROR_STOP=1', '-c', command], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.resume(); // read and thrown away, as the other peers' answers are
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`psql ended with ${code}`);
    return performance.now() - start;
  }

  /** What the comparison before has left to be written must not be written during the next one. */
  async settle(): Promise<void> {
    await this.client.query('CHECKPOINT');
  }

  async close(): Promise<void> {
    await this.client.end();
    await this.store.close();
    await this.#release();
    await rm(this.directory, { recursive: true, force: true });
  }
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wyckoff-bench-'));
  await chmod(directory, 0o711);
  return directory;
}

export async function psqlVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)('psql', ['--version']);
  return stdout.trim();
}

/** The median of `rounds` runs, each after `prepare`, in milliseconds. */
export async function medianTime(
  rounds: number,
  run: () => Promise<unknown>,
  prepare: () => Promise<unknown> = async () => {},
): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await prepare();
    globalThis.gc?.();
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}
