/** docs/deployment.md: each command and each statement of it that can run here is run, as it stands there. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/index.js';
import { type DatabaseContent, readContent } from '../setup/database-content.js';
import { compose } from '../setup/docker-files.js';
import { minuteBars } from '../setup/minute-bars.js';
import { readBlocks } from '../setup/page-blocks.js';
import { openRawClient } from '../setup/raw-client.js';
import { TemporaryCluster } from '../setup/temporary-cluster.js';
import { timescaleBinaries } from '../setup/timescale-binaries.js';
import { writeWyckoffProgram } from '../setup/wyckoff-program.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const binaries = timescaleBinaries()!;
const blocks = readBlocks('docs/deployment.md');
const ran = new Set<string>();

/** What needs Docker or a release; the first is held against compose.yaml below. */
const isDocker = (source: string) => /^(?:cd infrastructure\/docker|docker )/.test(source);
const isRelease = (source: string) => source.startsWith('npm install ');

/** No job runs by itself here: what is compared does not move. */
const QUIET = ['timescaledb.max_background_workers=0', 'timescaledb.telemetry_level=off'];

let folder: string;
/** Where the page's server is, and the one that a backup is restored to. */
let here: TemporaryCluster;
let there: TemporaryCluster;

interface Place {
  readonly cluster?: TemporaryCluster;
  readonly database?: string;
  readonly user?: string;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wyckoff-deployment-'));
  await writeWyckoffProgram(folder);
  const engine = `PRISMA_SCHEMA_ENGINE_BINARY='${join(ROOT, 'scripts/schema-engine.js')}' CHECKPOINT_DISABLE=1`;
  const prisma = `cd '${ROOT}' && ${engine} exec '${process.execPath}' node_modules/prisma/build/index.js`;
  const npx = `#!/bin/sh\nprogram=$1; shift\ncase $program in wyckoff) exec wyckoff "$@" ;; prisma) ${prisma} "$@" ;; *) exit 127 ;; esac\n`;
  await writeFile(join(folder, 'npx'), npx, { mode: 0o755 });
  const options = { binaries, superuser: 'postgres', arguments: ['--locale=C.UTF-8'] };
  here = await TemporaryCluster.create(options);
  there = await TemporaryCluster.create(options);
  await here.start();
  await there.start(['shared_preload_libraries=timescaledb', ...QUIET]);
});

afterAll(async () => {
  await Promise.all([here?.remove(), there?.remove()]);
  await rm(folder, { recursive: true, force: true });
});

/** Blocks of the page under a heading, those that do not need Docker. */
function under(heading: string, language: string): string[] {
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
function sh(source: string, place: Place = {}): Promise<string> {
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
async function sql(source: string, { cluster = here, database = 'wyckoff' }: Place = {}): Promise<void> {
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

async function contentOf(cluster: TemporaryCluster, database = 'wyckoff'): Promise<DatabaseContent> {
  const client = await connect(cluster.url(database));
  try {
    return await readContent(client);
  } finally {
    await client.end();
  }
}

async function runJobs(client: pg.Client, which: string): Promise<void> {
  const { rows } = await client.query(
    `SELECT job_id AS id FROM timescaledb_information.jobs WHERE ${which} ORDER BY 1`,
  );
  expect(rows.length).toBeGreaterThan(0);
  for (const { id } of rows) await client.query(`CALL run_job(${id})`);
}

/** Rows of every kind; the sample has the ledger. */
async function fill(cluster: TemporaryCluster): Promise<void> {
  await sh('npx wyckoff seed', { cluster });
  const store = await openStore({ databaseUrl: cluster.url('wyckoff') });
  const timestamp = BigInt(Date.UTC(2024, 0, 2, 15)) * 1000n;
  const key = { symbol: 'MSFT', timestamp };
  await store.bars.upsert(minuteBars('MSFT', 4_000));
  await store.bars.upsert(minuteBars('MSFT', 10).map((bar) => ({ ...bar, close: '2.00000001' }))); // leaves revisions
  await store.bars.delete({
    symbol: 'MSFT',
    timeframe: '1m',
    from: '2024-01-01T00:05:00Z',
    to: '2024-01-01T00:08:00Z',
  });
  await store.trades.upsert([
    { ...key, tradeId: 7, price: '10.5', size: '0.00000001', side: 'buy' },
    { ...key, tradeId: null, price: '10.5', size: 3, side: 'sell' },
  ]);
  await store.quotes.upsert([{ ...key, bidPrice: null, bidSize: null, askPrice: '10.51', askSize: 3 }]);
  await store.orderBooks.upsert([{ ...key, bids: [['10.4', 2]], asks: [['10.6', 1]] }]);
  await store.indicators.upsert([
    { symbol: 'MSFT', timeframe: '1d', name: 'rsi', timestamp: '2024-01-02', value: { rsi: '55.5' } },
  ]);
  await store.close();
}

/** The restore of the page, on the other server, which has no such database. */
async function restore(layout: 'plain' | 'timescale', dropped = true): Promise<void> {
  const at = { cluster: there };
  if (dropped) await sh('dropdb --if-exists --force wyckoff', at);
  const [roles = '', before = '', load = '', after = '', rest = ''] = under('From a dump', 'sh');
  await sh(roles, at);
  if (layout === 'timescale') await sh(before, at);
  await sh(load, at);
  if (layout === 'timescale') await sh(after, at);
  expect(await sh(rest, at)).toContain('Compared with the ');
}

async function backUp(): Promise<void> {
  const [dump = ''] = under('Back up', 'sh');
  await sh(dump);
}

describe('on a server of your own, without TimescaleDB', () => {
  it('installs, and lets programs in', async () => {
    for (const source of under('On a server of your own', 'sh')) expect(await sh(source)).toContain('Made the roles');
    for (const source of under('On a server of your own', 'sql')) await sql(source);
    await fill(here);
    const trader = await openStore({ databaseUrl: here.url('wyckoff', 'trader') });
    expect(trader.layout).toBe('plain');
    expect(await trader.bars.upsert(minuteBars('TRAD', 3))).toMatchObject({ inserted: 3 });
    await trader.close();
    const analyst = await openRawClient(here.url('wyckoff', 'analyst'));
    await expect(analyst.query('DELETE FROM ohlcv_bars')).rejects.toThrow(/permission denied/);
  });

  it('backs up and restores everything', async () => {
    await backUp();
    const content = await contentOf(here);
    expect(content.rows).toContainEqual({ relation: 'trades', count: 2, hash: expect.any(String) });
    await sh(under('Tune', 'sh').find((source) => source.includes('retention'))!);
    expect(await contentOf(here)).not.toEqual(content);
    await backUp();
    await restore('plain');
    expect(await contentOf(there)).toEqual(await contentOf(here));
  });
});

describe('from plain PostgreSQL to TimescaleDB', () => {
  it('moves every row', async () => {
    const heading = 'From plain PostgreSQL to TimescaleDB';
    const before = (await contentOf(here)).rows!;
    const rows = async () => {
      const content = await contentOf(here);
      return content.rows!.filter(({ relation }) => before.some((each) => each.relation === relation));
    };
    const [preload = '', login = ''] = under(heading, 'sql');
    const [apply = '', compress = ''] = under(heading, 'sh');
    await sql(preload);
    await here.stop();
    await here.start(QUIET);
    await expect(sh('npx wyckoff storage apply')).rejects.toThrow(
      /STORAGE_OWNER_CANNOT_LOG_IN[\s\S]*LOGIN CONNECTION LIMIT 0/,
    );
    await sql(login);
    expect(await sh(apply)).toContain('Made ohlcv_bars a hypertable');
    expect(await rows()).toEqual(before);
    await expect(openRawClient(here.url('wyckoff', 'wyckoff_owner'))).rejects.toThrow(/too many connections/);
    expect(await sh(compress)).toMatch(/^ohlcv_bars: compressed \d+ chunks/m);
    expect(await sh(compress)).toMatch(/^ohlcv_bars: no chunk/m);
    expect(await rows()).toEqual(before);
  });
});

describe('with TimescaleDB', () => {
  let restored: DatabaseContent | undefined;

  it('backs up and restores rows, compressed chunks, policies and jobs', async () => {
    const store = await openStore({ databaseUrl: here.url('wyckoff', 'trader') });
    const today = new Date(Math.floor(Date.now() / 60_000) * 60_000);
    await store.bars.upsert(
      minuteBars('NOW', 2).map((bar, at) => ({ ...bar, timestamp: new Date(today.getTime() - at * 60_000) })),
    );
    await store.close();
    const owner = await openRawClient(here.url('wyckoff'));
    await runJobs(owner, "proc_name = 'bar_aggregates_job'");
    await backUp();
    await restore('timescale');
    const given = await contentOf(here);
    restored = await contentOf(there);
    expect(restored).toEqual(given);
    const compressed = given.chunks!.filter((chunk) => chunk.is_compressed).length;
    expect(compressed).toBeGreaterThan(250);
    expect(given.chunks!.length).toBeGreaterThan(compressed);
    expect(given.jobs!.map(({ proc_name }) => proc_name)).toEqual(
      expect.arrayContaining(['policy_compression', 'bar_retention_job']),
    );
    const empty = given.rows!.filter(({ count }) => count === 0).map(({ relation }) => relation);
    expect(empty).toEqual([]);
    expect(given.aggregates!.length).toBeGreaterThanOrEqual(4);
  });

  it('has a comparison that sees nothing where nothing is', async () => {
    expect(await contentOf(there)).toEqual(restored);
  });

  /** What the comparison above would not have seen, it could not have shown to be there. */
  it.each([
    ['a row', "DELETE FROM trades WHERE trade_id = '7'", 'rows'],
    [
      'a row of a compressed chunk',
      "DELETE FROM ohlcv_bars WHERE symbol = 'AAPL' AND timestamp = '2024-01-02'",
      'rows',
    ],
    ['a digit', 'UPDATE quotes SET ask_size = ask_size + 0.00000001', 'rows'],
    [
      'a job',
      "SELECT delete_job(job_id) FROM timescaledb_information.jobs WHERE proc_name = 'bar_retention_job'",
      'jobs',
    ],
    ['a policy', "SELECT remove_compression_policy('trades')", 'jobs'],
    [
      'a schedule',
      "SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs WHERE hypertable_name = 'quotes'",
      'jobs',
    ],
    [
      'compression',
      "SELECT decompress_chunk(chunk) FROM show_chunks('ohlcv_bars', older_than => DATE '2024-01-03') chunk",
      'chunks',
    ],
    ['rows of an aggregate', "SELECT drop_chunks('ohlcv_1h', older_than => DATE '2100-01-01')", 'rows'],
    ['an aggregate', 'DROP MATERIALIZED VIEW ohlcv_1d', 'aggregates'],
    ['a trigger', 'DROP TRIGGER order_book_levels ON order_book_snapshots', 'triggers'],
    ['a right', 'REVOKE SELECT ON quotes FROM wyckoff_readonly', 'tables'],
    ['a check', 'ALTER TABLE bar_series DROP CONSTRAINT chk_bar_series_volume_scale', 'constraints'],
  ])('a restore without %s would not be equal', async (_, statement, part) => {
    const client = await openRawClient(there.url('wyckoff'));
    await client.query('BEGIN');
    await client.query(statement);
    const after = await readContent(client);
    await client.query('ROLLBACK');
    expect(after[part]).not.toEqual(restored![part]);
  });

  it('goes on where it was: programs write, jobs run, the audit trail grows', async () => {
    await sh('npx wyckoff audit verify --heads heads.json', { cluster: there });
    await sh('npx prisma migrate diff --exit-code --from-config-datasource --to-schema prisma', { cluster: there });
    const store = await openStore({ databaseUrl: there.url('wyckoff', 'trader') });
    expect(store.layout).toBe('timescale');
    expect(await store.bars.upsert(minuteBars('MSFT', 4_001))).toMatchObject({ inserted: 4, changed: 7 });
    expect(await store.bars.delete({ symbol: 'MSFT', timeframe: '1m', from: '2024-01-03' })).toBeGreaterThan(0);
    await store.close();
    const raw = await openRawClient(there.url('wyckoff'));
    const { rows: jobs } = await raw.query(
      'SELECT job_id AS id FROM timescaledb_information.jobs WHERE job_id >= 1000',
    );
    for (const { id } of jobs) await raw.query(`CALL run_job(${id})`);
    expect((await raw.query('SHOW timescaledb.restoring')).rows).toEqual([{ 'timescaledb.restoring': 'off' }]);
    await sh('npx wyckoff audit verify --heads heads.json', { cluster: there });
  });

  it('finds in the restored trail what was changed since the heads were saved', async () => {
    const raw = await openRawClient(there.url('wyckoff'));
    await raw.query('ALTER TABLE audit_trail DISABLE TRIGGER USER');
    const { rowCount } = await raw.query(
      'DELETE FROM audit_trail WHERE (correlation_id, seq) IN (SELECT correlation_id, length FROM audit_chains)',
    );
    expect(rowCount).toBeGreaterThan(0);
    await expect(sh('npx wyckoff audit verify --heads heads.json', { cluster: there })).rejects.toThrow(/FAIL/);
  });

  it('copies the cluster, and starts from the copy', async () => {
    const [, copy = ''] = under('Back up', 'sh');
    await sh(copy);
    const content = await contentOf(here);
    for (const source of under('From a copy of the cluster', 'sh')) await sh(source);
    const data = join(folder, 'restored');
    expect((await stat(data)).mode & 0o777).toBe(0o700);
    const copied = join(there.directory, 'copy');
    await there.stop();
    await sh(`mv '${data}' '${copied}' && chown -R --reference='${there.dataDirectory}' '${copied}'`);
    await there.start(QUIET, copied);
    expect(await contentOf(there)).toEqual(content);
    await there.stop();
    await there.start(['shared_preload_libraries=timescaledb', ...QUIET]);
  });
});

describe('later', () => {
  it('upgrades', async () => {
    const content = await contentOf(here);
    for (const heading of ['wyckoff-store', 'TimescaleDB']) {
      const sources = under(heading, 'sh');
      expect(sources).toHaveLength(1);
      for (const source of sources) await sh(source);
    }
    expect(await contentOf(here)).toEqual(content);
  });

  it('is tuned', async () => {
    const [lengthen = '', retention = ''] = under('Tune', 'sh');
    expect(await sh(lengthen)).toContain('New chunks of ohlcv_bars are of 30 days now');
    expect(await sh(retention)).toContain('Bars are kept for 10 years');
    for (const source of under('Tune', 'sql')) await sql(source);
    await here.stop();
    await here.start(QUIET);
    const raw = await openRawClient(here.url('wyckoff'));
    expect((await raw.query('SHOW max_locks_per_transaction')).rows).toEqual([{ max_locks_per_transaction: '1024' }]);
  });

  it('rolls back: refuses a newer database, and settles a migration that failed', async () => {
    const broken = { database: 'broken' };
    await sh('createdb broken');
    await sql(
      `CREATE SCHEMA elsewhere;
CREATE FUNCTION elsewhere.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN IF to_regclass(''public.trades'') IS NOT NULL THEN RAISE ''no trades''; END IF; END';
CREATE EVENT TRIGGER no_trades ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION elsewhere.watch()`,
      broken,
    );
    await expect(sh('npx wyckoff migrate', broken)).rejects.toThrow(/no trades[\s\S]*MIGRATION_FAILED/);
    await sql('DROP EVENT TRIGGER no_trades', broken);
    await expect(sh('npx wyckoff migrate', broken)).rejects.toThrow(/MIGRATION_FAILED_EARLIER/);
    for (const source of under('Roll back', 'sh')) await sh(source, broken);
    await sql(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('1', '', '29990101000000_later', now())",
      broken,
    );
    await expect(sh('npx wyckoff bars list', broken)).rejects.toThrow(/DATABASE_NEWER/);
  });
});

describe('in a pipeline', () => {
  it('gives the same database as the command line does', async () => {
    const at = { cluster: there, database: 'pipeline' };
    await sh('createdb pipeline; createdb compared', at);
    for (const source of under('In a pipeline', 'sql')) {
      ran.add(source);
      await sql(source.replace('DATABASE wyckoff ', 'DATABASE pipeline '), at);
      await sql(source.replace('DATABASE wyckoff ', 'DATABASE compared '), at);
    }
    const [pipeline = ''] = under('In a pipeline', 'sh');
    await sh(pipeline, at);
    await sh(pipeline.replace('npx prisma migrate deploy', 'npx wyckoff migrate'), { ...at, database: 'compared' });
    const [made, compared] = [await contentOf(there, 'pipeline'), await contentOf(there, 'compared')];
    const ours = made.dimensions!.filter(({ hypertable_name }) => !`${hypertable_name}`.startsWith('_materialized'));
    expect(new Set(ours.map(({ time_interval }) => time_interval))).toEqual(new Set(['7 days']));
    const schema = ({ rows, ...rest }: DatabaseContent) => ({
      ...rest,
      rows: rows!.filter(({ relation }) => relation !== '_prisma_migrations'),
    });
    expect(schema(made)).toEqual(schema(compared));
  });
});

describe('on a managed service', () => {
  it('stays plain where the extension may not be created, and is brought to its layout later', async () => {
    const at = { cluster: there, database: 'managed', user: 'tenant' };
    await sh('createdb managed', at);
    await sql('CREATE ROLE tenant LOGIN;\nGRANT CREATE ON SCHEMA public TO tenant', at);
    expect(await sh('npx wyckoff migrate', at)).toContain('this role may not create the extension timescaledb');
    await expect(sh('npx wyckoff roles apply', at)).rejects.toThrow(/ROLES_NOT_ALLOWED/);
    const store = await openStore({ databaseUrl: there.url('managed', 'tenant') });
    expect(store.layout).toBe('plain');
    await store.bars.upsert(minuteBars('MSFT', 100));
    await store.close();
    for (const source of under('On a managed service', 'sql')) await sql(source, at);
    for (const source of under('On a managed service', 'sh'))
      expect(await sh(source, at)).toMatch(/100 rows of ohlcv_bars moved into 1 chunk/);
  });
});

describe('the page', () => {
  it('has no command that was not run', () => {
    const rest = blocks.filter(({ source }) => !ran.has(source) && !isDocker(source) && !isRelease(source));
    expect(rest.map(({ source }) => source)).toEqual([]);
    expect(ran.size).toBeGreaterThan(20);
  });

  it('names services and volumes of compose.yaml', () => {
    const lines = blocks
      .filter(({ source }) => isDocker(source))
      .flatMap(({ source }) => source.match(/^docker .+$/gm) ?? []);
    expect(lines.length).toBeGreaterThan(4);
    const services = Object.keys(compose.services).join('|');
    const run = `run(?: --rm| --build| -T| --no-deps| --user \\w+| --entrypoint \\w+)* (?:${services})(?: .+)?`;
    const known = new RegExp(`^docker compose (?:${run}|up --detach (?:${services})|down --volumes)$`);
    expect(lines.filter((line) => !known.test(line))).toEqual([]);
  });
});
