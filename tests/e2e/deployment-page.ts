/** Runs what docs/deployment.md shows: on two servers, the one that the page is about, and the one that a backup is restored to. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { clusterFolder } from '../setup/cluster-folder.js';
import { type DatabaseContent, readContent } from '../setup/database-content.js';
import { readBlocks } from '../setup/page-blocks.js';
import { TemporaryCluster } from '../setup/temporary-cluster.js';
import { timescaleBinaries } from '../setup/timescale-binaries.js';
import { writeWyckoffProgram } from '../setup/wyckoff-program.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const binaries = timescaleBinaries()!;
export const blocks = readBlocks('docs/deployment.md');
/** The blocks that were run. */
export const ran = new Set<string>();

/** What cannot run here: what needs Docker, or a release. */
export const isDocker = (source: string) => source.startsWith('docker ');
export const isRelease = (source: string) => source.startsWith('npm install ');

/** No job runs by itself here: what is compared does not move. */
export const QUIET = ['timescaledb.max_background_workers=0', 'timescaledb.telemetry_level=off'];

/** Where commands are run. */
export let folder: string;
export let here: TemporaryCluster;
export let there: TemporaryCluster;

interface Place {
  readonly cluster?: TemporaryCluster;
  readonly database?: string;
  readonly user?: string;
}

export async function openServers(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'wyckoff-deployment-'));
  await writeWyckoffProgram(folder);
  const engine = `PRISMA_SCHEMA_ENGINE_BINARY='${join(ROOT, 'scripts/schema-engine.js')}' CHECKPOINT_DISABLE=1`;
  const prisma = `cd '${ROOT}' && ${engine} exec '${process.execPath}' node_modules/prisma/build/index.js`;
  const npx = `#!/bin/sh\nprogram=$1; shift\ncase $program in wyckoff) exec wyckoff "$@" ;; prisma) ${prisma} "$@" ;; *) exit 127 ;; esac\n`;
  await writeFile(join(folder, 'npx'), npx, { mode: 0o755 });
  const options = { binaries, superuser: 'postgres', arguments: ['--locale=C.UTF-8'], folder: clusterFolder() };
  here = await TemporaryCluster.create(options);
  there = await TemporaryCluster.create(options);
  await here.start();
  await there.start(['shared_preload_libraries=timescaledb', ...QUIET]);
}

export async function closeServers(): Promise<void> {
  await Promise.all([here?.remove(), there?.remove()]);
  await rm(folder, { recursive: true, force: true });
}

/** Blocks of the page under a heading, those that do not need Docker. */
export function under(heading: string, language: string): string[] {
  const found = blocks.filter((block) => block.heading === heading && block.language === language);
  return found.map(({ source }) => source).filter((source) => !isDocker(source) && !isRelease(source));
}

function environment({ cluster = here, database = 'wyckoff', user = 'postgres' }: Place): NodeJS.ProcessEnv {
  return {
    PATH: `${folder}:${binaries}:${process.env.PATH}`,
    ...{ HOME: folder, PGHOST: '127.0.0.1', PGPORT: `${cluster.port}`, PGUSER: 'postgres' },
    WYCKOFF_DATABASE_URL: cluster.url(database, user),
  };
}

/** Runs a block as bash does; fails where a command of it does. */
export function sh(source: string, place: Place = {}): Promise<string> {
  ran.add(source);
  const env = environment(place);
  return new Promise((resolve, reject) => {
    execFile('bash', ['--norc', '-euo', 'pipefail', '-c', source], { cwd: folder, env }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${source}\nended with ${error.code}: ${stderr}${stdout}`));
      else resolve(stdout);
    });
  });
}

/** Runs a block as psql does: each statement by itself. */
export async function sql(source: string, { cluster = here, database = 'wyckoff' }: Place = {}): Promise<void> {
  ran.add(source);
  const client = await connect(cluster.url(database));
  try {
    for (const statement of source.split(/;\n/)) if (statement.trim()) await client.query(statement);
  } finally {
    await client.end();
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, options: '-c timezone=UTC' });
  await client.connect();
  return client;
}

export async function contentOf(cluster: TemporaryCluster, database = 'wyckoff'): Promise<DatabaseContent> {
  const client = await connect(cluster.url(database));
  try {
    return await readContent(client);
  } finally {
    await client.end();
  }
}

/** Runs jobs of TimescaleDB, in the order in which they were made. */
export async function runJobs(client: pg.Client, which: string): Promise<void> {
  const { rows } = await client.query(
    `SELECT job_id AS id FROM timescaledb_information.jobs WHERE ${which} ORDER BY 1`,
  );
  if (rows.length === 0) throw new Error(`no job: ${which}`);
  for (const { id } of rows) await client.query(`CALL run_job(${id})`);
}
