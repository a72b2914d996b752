/** docs/deployment.md: each command and each statement of it that can run here is run, as it stands there. */
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/index.js';
import { type DatabaseContent, readContent } from '../setup/database-content.js';
import { compose } from '../setup/docker-files.js';
import { writeEveryKind } from '../setup/every-kind.js';
import { minuteBars } from '../setup/minute-bars.js';
import { openRawClient } from '../setup/raw-client.js';
import { LOSSES } from './deployment-losses.js';
import {
  blocks,
  closeServers,
  contentOf,
  folder,
  here,
  isDocker,
  isRelease,
  openServers,
  QUIET,
  ran,
  runJobs,
  sh,
  sql,
  there,
  under,
} from './deployment-page.js';

beforeAll(openServers);
afterAll(closeServers);

/** The restore of the page, on the other server. */
async function restore(layout: 'plain' | 'timescale'): Promise<void> {
  const at = { cluster: there };
  await sh('dropdb --if-exists --force wyckoff', at);
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

describe('with Docker', () => {
  it('has passwords that containers may read and nobody else', async () => {
    const place = join(folder, 'infrastructure/docker');
    await mkdir(place, { recursive: true });
    const [secrets = ''] = under('With Docker', 'sh');
    await sh(`umask 077\n${secrets}`);
    ran.add(secrets);
    expect((await stat(join(place, 'secrets'))).mode & 0o777).toBe(0o700);
    const paths = Object.entries(parseEnv(await readFile(join(place, '.env'), 'utf8')));
    const wanted = Object.values(compose.secrets).map(({ file }) => /\w+_FILE/.exec(file)![0]);
    expect(paths.map(([name]) => name).sort()).toEqual(wanted.sort());
    for (const [, path] of paths) {
      expect((await stat(join(place, path!))).mode & 0o777).toBe(0o644);
      expect(await readFile(join(place, path!), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
    }
  });
});

describe('on a server of your own, without TimescaleDB', () => {
  it('installs, and lets programs in', async () => {
    for (const source of under('On a server of your own', 'sh')) expect(await sh(source)).toContain('Made the roles');
    for (const source of under('On a server of your own', 'sql')) await sql(source);
    await sh('npx wyckoff seed'); // has the ledger
    await writeEveryKind(here.url('wyckoff'));
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
    // The days to refresh count as changed once more, since the aggregates are new.
    const before = (await contentOf(here)).rows!.filter(({ relation }) => relation !== 'bar_aggregate_changes');
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
    // Days that do not end while the test runs, also at midnight.
    const now = Math.floor(Date.now() / 60_000) * 60_000;
    await store.bars.upsert(
      minuteBars('NOW', 2).map((bar, at) => ({ ...bar, timestamp: new Date(now + at * 86_400_000) })),
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

  it.each(LOSSES)('a restore without %s would not be equal', async (_, statement, part) => {
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
    expect(await sh(retention)).toContain('ohlcv_bars: kept for 10 years');
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
      // The one row of cutovers has the instant of its making, and an id of its own.
      rows: rows!
        .filter(({ relation }) => relation !== '_prisma_migrations')
        .map((row) => (row.relation === 'cutovers' ? { ...row, hash: null } : row)),
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
