import type { Config } from '../config.js';
import { AuthenticationError } from '../errors.js';
import { createLogger, type Logger } from '../observability/logger.js';
import type { EmbeddedServer } from './embedded-server.js';
import { checkHealth, type Health, requireMigrations, requireSupportedServer } from './health.js';
import { detectLayout, type Layout } from './layouts/layout.js';
import {
  applyMigrations,
  type MigrationOptions,
  type MigrationOutcome,
  migrationStatus,
  resolveMigration,
} from './migrate.js';
import { Pool } from './pool.js';
import type { Prisma } from './prisma.js';
import type { ServerNotice } from './schema-engine/connection.js';
import type { Client } from './session.js';
import { tlsOptions } from './tls.js';

/**
 * What to do about migrations when a database is opened: refuse it while any is missing, apply what is missing, or take it as it is (to
 * migrate it later).
 */
export type MigrationPolicy = 'require' | 'apply' | 'ignore';

/** A database that is open: the server (embedded or configured), one pool, Prisma on it, and how the bars are stored. */
export class Database {
  readonly log: Logger;
  readonly pool: Pool;
  /** Whether the server is the embedded one. */
  readonly embedded: boolean;
  readonly config: Config;
  readonly #url: string;
  readonly #server: EmbeddedServer | undefined;
  #layout: Layout | undefined;
  #prisma: Promise<Prisma> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(config: Config, log: Logger, url: string, server: EmbeddedServer | undefined) {
    this.log = log;
    this.pool = new Pool(url, config.pool, log);
    this.embedded = server !== undefined;
    this.config = config;
    this.#url = url;
    this.#server = server;
  }

  /**
   * @throws ConnectionError, AuthenticationError, UnsupportedServerError, MigrationError, EmbeddedServerError, MissingDependencyError; what
   *   had been opened is closed again
   */
  static async open(config: Config, migrations?: MigrationPolicy): Promise<Database> {
    const log = createLogger(config.logLevel);
    const server = config.databaseUrl === undefined ? await startServer(config, log) : undefined;
    const database = new Database(config, log, config.databaseUrl ?? server!.url, server);
    try {
      await database.#check(migrations ?? (server ? 'apply' : 'require'));
      log.info(
        { pool: database.pool.state, embedded: database.embedded, layout: database.#layout?.name },
        'database opened',
      );
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  get layout(): Layout {
    if (!this.#layout) throw new TypeError('the database has not been migrated yet');
    return this.#layout;
  }

  /** Prisma on the store's pool; made when first asked for, since its engine takes a moment to load. */
  prisma(): Promise<Prisma> {
    this.#prisma ??= import('./prisma.js').then(({ createPrisma }) => createPrisma(this.pool));
    return this.#prisma;
  }

  health(): Promise<Health> {
    return checkHealth(this.pool);
  }

  /**
   * Applies the migrations of this package that the database lacks; answers their names. `onNotice` hears what they say while they run.
   * @throws MigrationError, also where the database has migrations that this version does not know
   */
  async migrate(onNotice?: (notice: ServerNotice) => void): Promise<string[]> {
    // A database that cannot work as it is would fail in the middle of a migration, which somebody then has to resolve by hand.
    await this.#detectLayout().catch((error) => {
      if (!(error instanceof AuthenticationError) || error.code !== 'DATABASE_MISSING') throw error;
    });
    const { applied } = await applyMigrations({
      ...this.#migrationOptions(),
      onNotice: (notice) => {
        this.log.info({ notice }, 'migration notice');
        onNotice?.(notice);
      },
    });
    requireMigrations(await migrationStatus(this.pool.pg));
    await this.#detectLayout();
    return applied;
  }

  /** Settles a migration that failed or was interrupted, so that {@link migrate} goes on. @throws MigrationError MIGRATION_NOT_RESOLVED */
  resolveMigration(migrationName: string, outcome: MigrationOutcome): Promise<void> {
    return resolveMigration(migrationName, outcome, this.#migrationOptions());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #check(migrations: MigrationPolicy): Promise<void> {
    try {
      await this.pool.withClient(requireSupportedServer);
    } catch (error) {
      // Migrating creates the database where the server does not have it.
      if (migrations === 'require' || !(error instanceof AuthenticationError) || error.code !== 'DATABASE_MISSING')
        throw error;
      if (migrations === 'apply') await this.migrate();
      return;
    }
    if (migrations === 'ignore') return;
    const status = await migrationStatus(this.pool.pg);
    if (
      migrations === 'apply' &&
      status.failed.length === 0 &&
      status.unknown.length === 0 &&
      status.pending.length > 0
    ) {
      await this.migrate();
      return;
    }
    requireMigrations(status);
    await this.#detectLayout();
  }

  #migrationOptions(): MigrationOptions {
    const { chunkInterval, pool } = this.config;
    return {
      connectionString: this.#url,
      settings: chunkInterval ? { 'wyckoff.chunk_interval': chunkInterval } : {},
      ssl: tlsOptions(pool.tls),
    };
  }

  async #detectLayout(): Promise<void> {
    await this.pool.withClient((client) => this.#setUpSession(client, true));
    this.pool.setUpSessions((client) => this.#setUpSession(client, this.#layout?.name === 'plain'));
  }

  /** Plain tables are looked at anew by every connection: `wyckoff storage apply` changes them under a process that keeps running. */
  async #setUpSession(client: Client, detect: boolean): Promise<void> {
    if (detect) this.#layout = await detectLayout(client);
    await this.#layout?.setUpSession(client);
  }

  async #close(): Promise<void> {
    const prisma = await this.#prisma;
    await prisma?.$disconnect();
    await this.pool.close();
    await this.#server?.release();
  }
}

async function startServer(config: Config, log: Logger): Promise<EmbeddedServer> {
  const { startEmbeddedServer } = await import('./embedded-server.js');
  return startEmbeddedServer({
    dataDirectory: config.dataDirectory,
    onStart: ({ created, port, version }) => log.info({ created, port, version }, 'embedded server started'),
  });
}
