import pg from 'pg';
import { createTimescaleCluster, SETTINGS } from '../setup/timescale-server.js';
import { BenchDatabase } from './bench-database.js';

/** Both layouts on one server with TimescaleDB, so that nothing but the layout differs. */
export interface BenchLayouts {
  /** Tables without TimescaleDB. */
  readonly plain: BenchDatabase;
  /** Chunks of a day, which is the default. */
  readonly timescale: BenchDatabase;
  /** Chunks of a week. */
  readonly weekly: BenchDatabase;
  /** Of server and extension. */
  readonly versions: string;
  close(): Promise<void>;
}

/** Where TimescaleDB is installed beside a PostgreSQL. */
export async function openLayouts(): Promise<BenchLayouts> {
  const cluster = await createTimescaleCluster();
  const opened: BenchDatabase[] = [];
  const close = async () => {
    for (const database of opened) await database.close();
    await cluster.remove();
  };
  try {
    await cluster.start([...SETTINGS, 'max_locks_per_transaction=1024', 'shared_buffers=256MB']);
    const versions = await prepare(cluster.url());
    const open = async (name: string, user: string, chunkInterval = '1 day') => {
      const url = new URL(cluster.url());
      [url.pathname, url.username] = [name, user];
      const database = await BenchDatabase.on(url.href, { chunkInterval });
      opened.push(database);
      return database;
    };
    const plain = await open('bench_plain', 'bench_plain');
    const timescale = await open('bench_timescale', 'wyckoff');
    const weekly = await open('bench_weekly', 'wyckoff', '7 days');
    const found = [plain, timescale, weekly].map(({ store }) => store.layout);
    if (found.join() !== 'plain,timescale,timescale') throw new Error(`the layouts are ${found.join(', ')}`);
    return { plain, timescale, weekly, versions, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A database that is migrated by a role which may not create extensions has the plain layout. */
async function prepare(serverUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query('CREATE ROLE bench_plain LOGIN');
  await client.query('GRANT pg_checkpoint TO bench_plain');
  await client.query('CREATE DATABASE bench_plain');
  const { rows } = await client.query(
    `SELECT current_setting('server_version') AS server, (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb') AS extension`,
  );
  await client.end();
  const url = new URL(serverUrl);
  url.pathname = 'bench_plain';
  const inside = new pg.Client({ connectionString: url.href });
  await inside.connect();
  await inside.query('GRANT CREATE, USAGE ON SCHEMA public TO bench_plain');
  await inside.end();
  return `PostgreSQL ${rows[0].server.split(' ')[0]} with TimescaleDB ${rows[0].extension}`;
}
