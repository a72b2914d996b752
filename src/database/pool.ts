import pg from 'pg';
import type { PoolConfig } from '../config.js';
import { ConnectionError, PoolExhaustedError } from '../errors.js';
import type { Logger } from '../observability/logger.js';
import { type Client, commit, type Session } from './session.js';
import { toDatabaseError } from './sqlstate.js';
import { tlsOptions } from './tls.js';

/** How many connections there are, lie idle, and how many callers wait for one. */
export interface PoolState {
  /** Connections that are open. */
  readonly total: number;
  /** Those that nobody uses. */
  readonly idle: number;
  /** Callers that wait for one. */
  readonly waiting: number;
  /** Most that may be open. */
  readonly max: number;
}

/** What a connection needs before anything else runs on it. */
export type SessionSetup = (client: Client) => Promise<void>;

/** The one pool of a store: Prisma and our own SQL share it. */
export class Pool implements Session {
  readonly pg: pg.Pool;
  readonly #config: PoolConfig;
  #setUpSession: SessionSetup | undefined;
  readonly #log: Logger;

  constructor(databaseUrl: string, config: PoolConfig, log: Logger) {
    this.#config = config;
    this.#log = log;
    this.pg = new pg.Pool({
      connectionString: withoutTlsParameters(databaseUrl),
      max: config.maxConnections,
      min: config.minConnections,
      idleTimeoutMillis: config.idleTimeout,
      maxLifetimeSeconds: Math.ceil(config.maxLifetime / 1000),
      connectionTimeoutMillis: config.connectionTimeout,
      application_name: config.applicationName,
      keepAlive: true,
      onConnect: async (client) => {
        await this.#setUpSession?.(client);
      },
      // Every session speaks UTC and ISO, whatever the server or role is set to: values are exact text in both directions. And who waits for a lock
      // sees then what was committed meanwhile: with an older snapshot it would be overwritten, or moved away.
      options: `-c timezone=UTC -c datestyle=ISO -c default_transaction_isolation=read\\ committed -c statement_timeout=${config.statementTimeout}`,
      ssl: tlsOptions(config.tls),
    });
    // An idle connection that the server closes (a restart) is dropped by the pool; the next caller gets a new one.
    this.pg.on('error', (error) => {
      if (!this.pg.ending) log.warn({ err: error }, 'an idle connection was lost');
    });
  }

  /** Has `setUp` done first on every connection that is made from now on. */
  setUpSessions(setUp: SessionSetup): void {
    this.#setUpSession = setUp;
  }

  /** Runs `use` on a connection of its own. A connection that broke is not given back. */
  async withClient<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let broken: Error | undefined;
    const onError = (error: Error) => {
      broken ??= error;
    };
    client.on('error', onError);
    try {
      return await use(client);
    } catch (error) {
      const typed = toDatabaseError(error);
      if (!(typed instanceof ConnectionError)) throw typed;
      // A server that ends a connection between two statements says why in an event; the next statement fails without a reason.
      const reason = typed.code === 'DATABASE_UNREACHABLE' && toDatabaseError(broken);
      broken ??= error as Error;
      throw reason instanceof ConnectionError ? reason : typed;
    } finally {
      client.removeListener('error', onError);
      client.release(broken);
    }
  }

  /** Runs `use` inside a transaction on a connection of its own: committed when it answers, rolled back when it throws. */
  async transaction<T>(use: (client: Client) => Promise<T>): Promise<T> {
    return this.withClient(async (client) => {
      await client.query('BEGIN');
      try {
        const answer = await use(client);
        await commit(client);
        return answer;
      } catch (error) {
        // The server may be gone; then there is nothing to roll back and the first error is the one to tell.
        await client
          .query('ROLLBACK')
          .catch((rollbackError) => this.#log.debug({ err: rollbackError }, 'rollback failed'));
        throw error;
      }
    });
  }

  /** A connection beside the pool and its limit, which the caller ends: who listens keeps one for itself. @throws ConnectionError */
  async connectApart(): Promise<pg.Client> {
    const { connectionString, application_name, options, ssl, connectionTimeoutMillis } = this.pg.options;
    const client = new pg.Client({
      ...{ connectionString, application_name, options, ssl, connectionTimeoutMillis },
      ...{ keepAlive: true, keepAliveInitialDelayMillis: 10_000 },
    });
    client.on('error', (err) => this.#log.debug({ err }, 'a connection apart was lost'));
    try {
      await client.connect();
      return client;
    } catch (error) {
      throw toDatabaseError(error);
    }
  }

  get state(): PoolState {
    const { totalCount: total, idleCount: idle, waitingCount: waiting } = this.pg;
    return { total, idle, waiting, max: this.#config.maxConnections };
  }

  async close(): Promise<void> {
    await this.pg.end();
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.pg.connect();
    } catch (error) {
      const { total, max, waiting } = this.state;
      if (error instanceof Error && /timeout exceeded when trying to connect/.test(error.message) && total >= max) {
        const seconds = this.#config.connectionTimeout / 1000;
        const message = `no connection became free in ${seconds} s: ${total} of ${max} in use, ${waiting} more waiting`;
        const hint = 'raise DB_MAX_CONNECTIONS or DB_CONNECTION_TIMEOUT, or look for a caller that holds connections';
        throw new PoolExhaustedError('POOL_EXHAUSTED', message, { hint, cause: error });
      }
      throw toDatabaseError(error);
    }
  }
}

/** pg reads sslmode from the URL by rules of its own; ours come from the configuration, which has read it already. */
function withoutTlsParameters(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  for (const name of ['sslmode', 'sslcert', 'sslkey', 'sslrootcert', 'schema', 'connection_limit', 'pgbouncer'])
    url.searchParams.delete(name);
  return url.toString();
}
