import { type ConfigOptions, readConfig } from './config.js';
import { Database, type MigrationPolicy } from './database/database.js';
import type { Health } from './database/health.js';
import { BarRepository } from './repositories/bars/bar-repository.js';
import type { FileImport, ImportOptions } from './transfer/importer.js';

export interface StoreOptions extends ConfigOptions {
  /**
   * `require` (refuse a database that lacks migrations), `apply` (bring it up to date) or `ignore` (take it as it is, for
   * {@link Store.migrate}). Default: `apply` for the embedded server, whose data are the store's own; `require` for a configured database.
   */
  readonly migrations?: MigrationPolicy;
}

/** An open store. Everything opened is closed by {@link close}. */
export class Store {
  readonly bars: BarRepository;
  readonly #database: Database;
  readonly #actor: string;

  /** `actor` is who the audit trail names for what this store does by itself. */
  constructor(database: Database, actor: string) {
    this.#database = database;
    this.#actor = actor;
    this.bars = new BarRepository(database.pool, actor);
  }

  /** How the database stores the bars: in a plain table, or in TimescaleDB's chunks. */
  get layout(): 'plain' | 'timescale' {
    return this.#database.layout.name;
  }

  /**
   * Imports bars from files, one after the other, each in a transaction of its own: all its bars go in, or none. A file that cannot be
   * imported does not keep the others out; its result has the error. Importing a file again changes nothing.
   *
   * @throws MissingDependencyError without `@duckdb/node-api`, which reads the files
   */
  async importFiles(options: ImportOptions): Promise<FileImport[]> {
    const { importFiles } = await import('./transfer/importer.js');
    return importFiles({ session: this.#database.pool, actor: this.#actor }, options);
  }

  /** One round trip: its latency in milliseconds, the server's version, the pool. @throws ConnectionError */
  health(): Promise<Health> {
    return this.#database.health();
  }

  /** Applies the migrations that the database lacks, as `prisma migrate deploy` does; answers their names. @throws MigrationError */
  migrate(): Promise<string[]> {
    return this.#database.migrate();
  }

  /** Closes every connection, and the embedded server where this was its last user. May be called twice. */
  close(): Promise<void> {
    return this.#database.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Opens the store: at the database that the options or the environment name (WYCKOFF_DATABASE_URL, DATABASE_URL, or DB_HOST and the rest;
 * `.env.example` has them all), otherwise at the embedded PostgreSQL, which is started if need be.
 *
 * @throws ConfigError, ConnectionError, AuthenticationError, UnsupportedServerError, MigrationError, EmbeddedServerError
 */
export async function openStore(options: StoreOptions = {}): Promise<Store> {
  const { migrations, ...rest } = options;
  const config = readConfig(rest);
  return new Store(await Database.open(config, migrations), config.pool.applicationName);
}
