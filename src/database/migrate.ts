import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { MigrationList } from '@prisma/schema-engine-wasm/schema_engine_bg';
import type pg from 'pg';
import { ConnectionError, DatabaseError, MigrationError } from '../errors.js';
import type { ServerNotice } from './schema-engine/connection.js';
import type { SchemaEngine } from './schema-engine/engine.js';
import { migrationNames, readMigrations } from './schema-engine/migration-list.js';
import { toDatabaseError } from './sqlstate.js';

export interface MigrationOptions {
  /** `postgresql://user:password@host:port/database`; the database is created when the server does not have it. */
  readonly connectionString: string;
  /** Default: the migrations this package was published with. */
  readonly migrationsDirectory?: string | undefined;
  /** Session settings the migrations read, e.g. `{ 'wyckoff.chunk_interval': '7 days' }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** TLS, for a connection string that says nothing of it. */
  readonly ssl?: TlsOptions | undefined;
  /** What the migrations say while they run (RAISE NOTICE), such as that TimescaleDB is not there. */
  readonly onNotice?: ((notice: ServerNotice) => void) | undefined;
}

/** What became of a migration that failed or was interrupted: nothing of it is in the database, or all of it is. */
export type MigrationOutcome = 'rolled-back' | 'applied';

/** How the migrations in a database stand to those in the package. Each list is in the order of their names. */
export interface MigrationStatus {
  /** In the package, not applied yet, or just being applied by another process. */
  readonly pending: string[];
  /** Started, never finished, and nobody is at work on them. */
  readonly failed: string[];
  /** Applied, and not in the package: the database is newer than this version. */
  readonly unknown: string[];
}

/**
 * Applies the pending migrations, as `prisma migrate deploy` does: the same engine, the same `_prisma_migrations` table, the same lock.
 * Each migration is one transaction. Safe to call from several processes at once; the later ones wait and then find nothing to do.
 *
 * @returns the names of the migrations that this call applied, in order
 * @throws MigrationError `MIGRATION_FAILED` when a migration's SQL fails (nothing of that migration remains), `MIGRATION_FAILED_EARLIER`
 *   when one failed before and was not resolved, `MIGRATION_LOCKED` when another process keeps the lock for more than two minutes
 * @throws ConnectionError, AuthenticationError when the database cannot be reached
 */
export async function applyMigrations(options: MigrationOptions): Promise<{ applied: string[] }> {
  const migrationsList = await readMigrations(options.migrationsDirectory ?? packagedMigrations());
  const filters = { externalTables: [], externalEnums: [] };
  const deadline = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    try {
      return await withEngine(options, async (engine) => {
        const result = await engine.applyMigrations({ migrationsList, filters }).catch(async (error: unknown) => {
          throw hasCode(error, 'P3009') ? await failedEarlier(engine, error as DatabaseError, migrationsList) : error;
        });
        return { applied: result.appliedMigrationNames };
      });
    } catch (error) {
      if (!isLockTimeout(error) || Date.now() > deadline) throw explain(error);
      await sleep(LOCK_PAUSE_MS);
    }
  }
}

/**
 * Settles a failed migration, as `prisma migrate resolve` does: `rolled-back` makes the next `applyMigrations` try it again, `applied` says
 * that its work has been done by hand.
 *
 * @throws MigrationError `MIGRATION_NOT_RESOLVED` when there is no such migration, or it has not failed
 */
export async function resolveMigration(
  migrationName: string,
  outcome: MigrationOutcome,
  options: MigrationOptions,
): Promise<void> {
  const migrationsList = await readMigrations(options.migrationsDirectory ?? packagedMigrations());
  try {
    await withEngine(options, (engine) =>
      engine.run(async (wasm) => {
        if (outcome === 'applied') await wasm.markMigrationApplied({ migrationName, migrationsList });
        else await wasm.markMigrationRolledBack({ migrationName });
      }),
    );
  } catch (error) {
    throw explain(error);
  }
}

/** Longer than any migration of ours takes on an empty database; the engine itself gives up after 10 seconds. */
const LOCK_WAIT_MS = 120_000;
const LOCK_PAUSE_MS = 200;

async function withEngine<T>(options: MigrationOptions, work: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  // Loaded here, so that importing the package does not load the engine.
  const { SchemaEngine } = await import('./schema-engine/engine.js');
  const { createDatabase } = await import('./schema-engine/connection.js');
  const { connectionString, settings, ssl, onNotice } = options;
  const open = () => SchemaEngine.open({ connectionString, settings, ssl, onNotice });
  const engine = await open().catch(async (error: unknown) => {
    if (!hasCode(error, 'P1003')) throw error;
    await createDatabase({ connectionString, ssl }).catch((failure: unknown) => {
      // Another process created it first.
      if (!hasCode(failure, 'P1009')) throw failure;
    });
    return open();
  });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

const STATUS_QUERY = `
  SELECT migration_name AS name, finished_at IS NOT NULL AS finished,
         finished_at IS NULL AND EXISTS (
           SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
           WHERE locktype = 'advisory' AND classid = 0 AND objid = 72707369 AND granted AND datname = current_database()
         ) AS running
  FROM _prisma_migrations
  WHERE rolled_back_at IS NULL
  ORDER BY migration_name`;

const UNDEFINED_TABLE = '42P01';

/**
 * Compares the database with a folder of migrations: one query and one folder listing, no schema engine. Not to be called inside a
 * transaction: on a database without migrations the query fails, and with it the transaction.
 */
export async function migrationStatus(
  database: Pick<pg.Pool, 'query'>,
  migrationsDirectory: string = packagedMigrations(),
): Promise<MigrationStatus> {
  const packaged = await migrationNames(migrationsDirectory);
  const rows = await database.query<{ name: string; finished: boolean; running: boolean }>(STATUS_QUERY).then(
    (result) => result.rows,
    (error: unknown) => {
      if (hasCode(error, UNDEFINED_TABLE)) return [];
      throw error;
    },
  );
  const finished = new Set(rows.filter((row) => row.finished).map((row) => row.name));
  const failed = rows.filter((row) => !row.finished && !row.running && !finished.has(row.name)).map((row) => row.name);
  return {
    pending: packaged.filter((name) => !finished.has(name) && !failed.includes(name)),
    failed,
    unknown: [...finished].filter((name) => !packaged.includes(name)),
  };
}

/** Says why an earlier migration failed, and which way out is the right one: a migration is one transaction, so all of it is there or nothing. */
async function failedEarlier(
  engine: SchemaEngine,
  cause: DatabaseError,
  migrations: MigrationList,
): Promise<MigrationError> {
  const name = /The `(.+?)` migration started/.exec(cause.message)?.[1] ?? '';
  const reason = await engine.failureOf(name);
  if (reason) {
    return new MigrationError(
      'MIGRATION_FAILED_EARLIER',
      `migration ${name} failed earlier, and nothing is applied until that is settled: ${serverMessage(reason)}`,
      {
        hint: `nothing of it is in the database; remove the cause, run ${resolveCommand(name, 'rolled-back')}, and migrate again`,
        cause,
      },
    );
  }
  const script = migrations.migrationDirectories.find(({ path }) => path === name)?.migrationFile.content;
  const made = script?.tag === 'ok' ? MADE.exec(script.value)?.[1] : undefined;
  const there = made === undefined ? undefined : await engine.hasRelation(made);
  const hints = {
    unknown:
      `it is one transaction: all of it is in the database, or nothing. Where it is, run ${resolveCommand(name, 'applied')}, ` +
      `where it is not, ${resolveCommand(name, 'rolled-back')}; then migrate again`,
    there: `${made} is there, and so is the rest of it: run ${resolveCommand(name, 'applied')}, and migrate again`,
    missing: `${made} is not there, and so nothing of it is: run ${resolveCommand(name, 'rolled-back')}, and migrate again`,
  };
  return new MigrationError(
    'MIGRATION_FAILED_EARLIER',
    `migration ${name} was interrupted earlier, and nothing is applied until that is settled`,
    { hint: hints[there === undefined ? 'unknown' : there ? 'there' : 'missing'], cause },
  );
}

/** Prisma's engines keep what the server said between words of their own and a trace of theirs. */
function serverMessage(logs: string): string {
  const [text = ''] = /ERROR: .*/s.exec(logs) ?? [logs];
  return text.split(/\n\n?(?:DbError|\s+0: )/, 1)[0]!.trim();
}

/** The first table or index that a migration makes. */
const MADE = /^CREATE (?:TABLE|(?:UNIQUE )?INDEX) "?(\w+)"?/m;

function resolveCommand(name: string, outcome: MigrationOutcome): string {
  return `\`wyckoff migrate resolve ${name} --${outcome}\``;
}

/** `prisma/migrations` of the package this file belongs to, whether it runs from `src` or from `dist/src`. */
export function packagedMigrations(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory)
      throw new MigrationError('MIGRATIONS_MISSING', 'the package has lost its migrations', {
        hint: 'install wyckoff-store again',
      });
    directory = parent;
  }
  return join(directory, 'prisma', 'migrations');
}

function explain(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  const { sqlstate, schema, table, column, constraint, detail } = error;
  const as = (code: string, message: string, hint: string) =>
    new MigrationError(code, message, { hint, cause: error, sqlstate, schema, table, column, constraint, detail });
  switch (error.code) {
    case 'P3018': {
      const name = /^Migration name: (.*)$/m.exec(error.message)?.[1] ?? '';
      const reason = error.message
        .slice(error.message.indexOf('Database error:\n') + 'Database error:\n'.length)
        .trim();
      return as(
        'MIGRATION_FAILED',
        `migration ${name} failed: ${reason}`,
        `nothing of it remains in the database; remove the cause, run ${resolveCommand(name, 'rolled-back')}, and migrate again`,
      );
    }
    case 'P1002':
      return as(
        'MIGRATION_LOCKED',
        'another process has been migrating this database for more than two minutes',
        'wait for it to end, or end it, and migrate again',
      );
    case 'P3011':
    case 'P3012':
    case 'P3008':
    case 'P3017':
      return as(
        'MIGRATION_NOT_RESOLVED',
        error.message.trim(),
        'look at the names and states in the table _prisma_migrations',
      );
    default:
      // Ways to fail to connect have Prisma's names in the engine and the store's everywhere else.
      return /^P10|^SERVER_REFUSED$/.test(error.code) && error.cause ? connectionError(error.cause) : error;
  }
}

/** Before a migration it is pg's; in the middle of one the engine has made its own of it. */
function connectionError(cause: unknown): unknown {
  const typed = toDatabaseError(cause);
  if (typed instanceof DatabaseError) return typed;
  return new ConnectionError(
    'DATABASE_UNREACHABLE',
    'the connection to the database was lost while a migration was under way',
    {
      hint: 'migrate again once the database can be reached: where the migration was interrupted, that tells what became of it',
      cause,
    },
  );
}

function isLockTimeout(error: unknown): boolean {
  return hasCode(error, 'P1002') && error instanceof Error && error.message.includes('advisory lock');
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
