import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/database/embedded-server.js';
import { applyMigrations, migrationStatus, packagedMigrations, resolveMigration } from '../../src/database/migrate.js';
import { MigrationError } from '../../src/errors.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCHEMA = `
datasource db {
  provider = "postgresql"
}
model Bar {
  id     Int      @id
  price  Decimal  @db.Decimal(18, 8)
  grade  Grade    @default(LOW)
  tags   String[]
  parent Int?
  above  Bar?     @relation("tree", fields: [parent], references: [id], onDelete: SetNull)
  below  Bar[]    @relation("tree")
  @@index([price(sort: Desc)])
}
enum Grade {
  LOW
  HIGH
}
`;
// One of everything that the engine reads from the catalogs' "char" columns: CHECK, foreign key and their actions.
const BAR = `CREATE TYPE "Grade" AS ENUM ('LOW', 'HIGH');
CREATE TABLE "Bar" (
  "id" INTEGER NOT NULL,
  "price" DECIMAL(18,8) NOT NULL CONSTRAINT "chk_bar_price" CHECK (price > 0),
  "grade" "Grade" NOT NULL DEFAULT 'LOW',
  "tags" TEXT[],
  "parent" INTEGER,
  CONSTRAINT "Bar_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Bar_parent_fkey" FOREIGN KEY ("parent") REFERENCES "Bar" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE INDEX "Bar_price_idx" ON "Bar" ("price" DESC);
DO $$
BEGIN
  RAISE NOTICE 'interval: %; done', coalesce(current_setting('wyckoff.chunk_interval', true), 'unset');
  PERFORM 1;
END;
$$;
`;
const DOUBLE = `-- a comment; with a semicolon
CREATE FUNCTION double_it(x integer) RETURNS integer LANGUAGE plpgsql AS $body$
BEGIN
  RETURN x * 2; -- here; too
END;
$body$;
`;
const BROKEN = 'CREATE TABLE half (id integer);\nINSERT INTO nowhere VALUES (1);\n';

let server: EmbeddedServer;
let scratch: string;
let project: string;
let migrationsDirectory: string;
let connectionString: string;
let pool: pg.Pool;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'wyckoff-schema-engine-'));
  // Run as root, the server runs as another user, who has to be able to enter.
  await chmod(scratch, 0o755);
  server = await startEmbeddedServer({ dataDirectory: join(scratch, 'server') });
});

afterAll(async () => {
  await server.release();
  await rm(scratch, { recursive: true });
});

beforeEach(async () => {
  project = await mkdtemp(join(scratch, 'project-'));
  migrationsDirectory = join(project, 'prisma', 'migrations');
  await addMigration('20240101000000_bar', BAR);
  await addMigration('20240102000000_double', DOUBLE);
  await writeFile(join(migrationsDirectory, 'migration_lock.toml'), 'provider = "postgresql"\n');
  await writeFile(join(project, 'prisma', 'schema.prisma'), SCHEMA);
  await copyFile(join(ROOT, 'prisma.config.ts'), join(project, 'prisma.config.ts'));
  const url = new URL(server.url);
  url.pathname = `/engine_${randomUUID().replaceAll('-', '')}`;
  connectionString = url.href;
  pool = new pg.Pool({ connectionString, max: 1 });
});

afterEach(async () => {
  await pool.end();
});

async function addMigration(name: string, sql: string): Promise<void> {
  await mkdir(join(migrationsDirectory, name), { recursive: true });
  await writeFile(join(migrationsDirectory, name, 'migration.sql'), sql);
}

function prisma(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = {
    ...process.env,
    WYCKOFF_DATABASE_URL: connectionString,
    WYCKOFF_CHUNK_INTERVAL: '7 days',
    NO_COLOR: '1',
  };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(ROOT, 'scripts/prisma.js'), ...args],
      { cwd: project, env },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    );
  });
}

async function recorded(): Promise<unknown[]> {
  const { rows } = await pool.query(
    'SELECT migration_name, checksum, applied_steps_count, logs, finished_at IS NOT NULL AS finished FROM _prisma_migrations ORDER BY started_at',
  );
  return rows;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const applied = (migration_name: string, sql: string) => ({
  migration_name,
  checksum: sha256(sql),
  applied_steps_count: 1,
  logs: null,
  finished: true,
});

describe('applyMigrations', () => {
  it('creates the database, applies scripts whole, hands on settings and notices, and records them as Prisma does', async () => {
    const notices: string[] = [];
    const options = {
      connectionString,
      migrationsDirectory,
      settings: { 'wyckoff.chunk_interval': '30 days' },
      onNotice: (notice: { message: string }) => notices.push(notice.message),
    };
    expect(await applyMigrations(options)).toEqual({ applied: ['20240101000000_bar', '20240102000000_double'] });
    expect(notices).toEqual(['interval: 30 days; done']);
    expect((await pool.query('SELECT double_it(21) AS answer')).rows).toEqual([{ answer: 42 }]);
    expect(await recorded()).toEqual([applied('20240101000000_bar', BAR), applied('20240102000000_double', DOUBLE)]);
    expect(await applyMigrations(options)).toEqual({ applied: [] });
  });

  it('applies each migration once when two callers start together', async () => {
    const options = { connectionString, migrationsDirectory };
    const both = await Promise.all([applyMigrations(options), applyMigrations(options)]);
    expect(both.flatMap((one) => one.applied)).toEqual(['20240101000000_bar', '20240102000000_double']);
    expect(await recorded()).toHaveLength(2);
  });

  it('says which migration failed and why, leaves nothing of it, and stops until it is resolved', async () => {
    const name = '20240103000000_broken';
    await addMigration(name, BROKEN);
    const options = { connectionString, migrationsDirectory };
    const failure = await applyMigrations(options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MigrationError);
    expect(failure).toMatchObject({ code: 'MIGRATION_FAILED', sqlstate: '42P01' });
    expect(String(failure)).toContain(`migration ${name} failed: ERROR: relation "nowhere" does not exist`);
    expect(String(failure)).toContain('  2 INSERT INTO nowhere VALUES (1);');
    expect((await pool.query("SELECT to_regclass('half') AS half")).rows).toEqual([{ half: null }]);
    expect(await migrationStatus(pool, migrationsDirectory)).toEqual({ pending: [], failed: [name], unknown: [] });
    await expect(applyMigrations(options)).rejects.toMatchObject({ code: 'MIGRATION_FAILED_EARLIER' });

    await addMigration(name, BROKEN.replace('nowhere', 'half'));
    await resolveMigration(name, 'rolled-back', options);
    expect(await applyMigrations(options)).toEqual({ applied: [name] });
    await expect(resolveMigration('20240101000000_bar', 'rolled-back', options)).rejects.toMatchObject({
      code: 'MIGRATION_NOT_RESOLVED',
    });
  });

  it('records the right instants in a database of another time zone', async () => {
    const options = { connectionString, migrationsDirectory };
    await applyMigrations(options);
    const database = pg.escapeIdentifier(new URL(connectionString).pathname.slice(1));
    await pool.query(`ALTER DATABASE ${database} SET TimeZone = 'Asia/Tokyo'`);
    await addMigration('20240103000000_more', 'SELECT 1');
    await applyMigrations(options);
    // Off by nine hours where the session's zone is not UTC.
    const { rows } = await pool.query(
      "SELECT abs(extract(epoch FROM now() - finished_at)) < 3600 AS right FROM _prisma_migrations WHERE migration_name LIKE '%more'",
    );
    expect(rows).toEqual([{ right: true }]);
  });

  it('refuses a folder that is not there', async () => {
    const missing = join(project, 'nothing');
    await expect(applyMigrations({ connectionString, migrationsDirectory: missing })).rejects.toMatchObject({
      code: 'MIGRATIONS_MISSING',
    });
  });

  it('passes a connection failure on as the store names it', async () => {
    const url = new URL(connectionString);
    url.password = 'wrong';
    await expect(applyMigrations({ connectionString: url.href, migrationsDirectory })).rejects.toMatchObject({
      code: 'AUTHENTICATION_FAILED',
    });
    url.port = '1';
    await expect(applyMigrations({ connectionString: url.href, migrationsDirectory })).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
    });
  });
});

describe('migrationStatus', () => {
  it('tells pending from applied from unknown', async () => {
    await applyMigrations({ connectionString, migrationsDirectory });
    const newer = '20990101000000_newer';
    await addMigration('20240104000000_more', 'SELECT 1');
    await pool.query(
      'INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ($1, $1, $1, now())',
      [newer],
    );
    expect(await migrationStatus(pool, migrationsDirectory)).toEqual({
      pending: ['20240104000000_more'],
      failed: [],
      unknown: [newer],
    });
  });

  it('takes a database that was never migrated for all pending', async () => {
    const untouched = new pg.Pool({ connectionString: server.url });
    const names = ['20240101000000_bar', '20240102000000_double'];
    expect(await migrationStatus(untouched, migrationsDirectory)).toEqual({ pending: names, failed: [], unknown: [] });
    await untouched.end();
  });

  it('takes a migration that somebody is applying for pending', async () => {
    await applyMigrations({ connectionString, migrationsDirectory });
    await pool.query("UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name LIKE '%double'");
    await pool.query('SELECT pg_advisory_lock(72707369)');
    const names = ['20240102000000_double'];
    expect(await migrationStatus(pool, migrationsDirectory)).toEqual({ pending: names, failed: [], unknown: [] });
    await pool.query('SELECT pg_advisory_unlock(72707369)');
    expect(await migrationStatus(pool, migrationsDirectory)).toEqual({ pending: [], failed: names, unknown: [] });
  });

  it('finds the migrations this package has', () => {
    expect(packagedMigrations()).toBe(join(ROOT, 'prisma', 'migrations'));
  });
});

describe('the Prisma command line', () => {
  it('deploys with the record that applyMigrations leaves', async () => {
    const deploy = await prisma('migrate', 'deploy');
    expect(deploy).toMatchObject({ code: 0 });
    expect(deploy.stdout).toContain('NOTICE: interval: 7 days; done');
    expect(await recorded()).toEqual([applied('20240101000000_bar', BAR), applied('20240102000000_double', DOUBLE)]);
    expect(await applyMigrations({ connectionString, migrationsDirectory })).toEqual({ applied: [] });
    expect(await prisma('migrate', 'status')).toMatchObject({ code: 0 });
  });

  it('finds no drift, finds drift, and leaves no shadow database', async () => {
    await applyMigrations({ connectionString, migrationsDirectory });
    const diff = (...from: string[]) =>
      prisma('migrate', 'diff', ...from, '--to-schema', 'prisma', '--exit-code', '--script');
    expect(await diff('--from-migrations', 'prisma/migrations')).toMatchObject({ code: 0 });
    expect(await diff('--from-config-datasource')).toMatchObject({ code: 0 });
    await writeFile(join(project, 'prisma', 'more.prisma'), 'model More {\n  id Int @id\n}\n');
    const drift = await diff('--from-migrations', 'prisma/migrations');
    expect(drift.code).toBe(2);
    expect(drift.stdout).toContain('CREATE TABLE "More"');
    const shadows = await pool.query("SELECT datname FROM pg_database WHERE datname LIKE '%shadow%'");
    expect(shadows.rows).toEqual([]);
  });

  it('makes a migration from a changed schema on an empty database', async () => {
    await writeFile(join(project, 'prisma', 'more.prisma'), 'model More {\n  id Int @id\n}\n');
    expect(await prisma('migrate', 'dev', '--name', 'more')).toMatchObject({ code: 0 });
    const [, , third] = (await recorded()) as { migration_name: string }[];
    expect(third?.migration_name).toMatch(/^\d{14}_more$/);
    const script = await readFile(join(migrationsDirectory, third?.migration_name ?? '', 'migration.sql'), 'utf8');
    expect(script).toContain('CREATE TABLE "More"');
    expect(await prisma('migrate', 'reset', '--force')).toMatchObject({ code: 0 });
    expect(await recorded()).toHaveLength(3);
  });

  it('reports a failed migration and resolves it', async () => {
    await addMigration('20240103000000_broken', BROKEN);
    const deploy = await prisma('migrate', 'deploy');
    expect(deploy.code).toBe(1);
    expect(deploy.stderr).toContain('P3018');
    expect(deploy.stderr).toContain('ERROR: relation "nowhere" does not exist');
    const again = await prisma('migrate', 'deploy');
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('P3009');
    expect(await prisma('migrate', 'resolve', '--applied', '20240103000000_broken')).toMatchObject({ code: 0 });
    expect(await prisma('migrate', 'status')).toMatchObject({ code: 0 });
  });

  it('ends with an error when the engine breaks', async () => {
    await applyMigrations({ connectionString, migrationsDirectory });
    vi.stubEnv('FORCE_PANIC_SCHEMA_ENGINE', '1');
    const broken = await prisma('migrate', 'status');
    vi.unstubAllEnvs();
    expect(broken.code).not.toBe(0);
    expect(broken.stderr).toContain('debugPanic');
  });

  it('gives Prisma’s codes for a server that cannot be used', async () => {
    const url = new URL(connectionString);
    url.password = 'wrong';
    connectionString = url.href;
    const refused = await prisma('migrate', 'deploy');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('P1000');
    url.port = '1';
    connectionString = url.href;
    const unreachable = await prisma('migrate', 'status');
    expect(unreachable).toMatchObject({ code: 1 });
    expect(unreachable.stderr).toContain('P1001');
  });
});
