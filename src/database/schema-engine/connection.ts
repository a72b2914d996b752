import type { ConnectionOptions as TlsOptions } from 'node:tls';
import pg from 'pg';
import { AuthenticationError, ConnectionError, DatabaseError } from '../../errors.js';
import { toDatabaseError } from '../sqlstate.js';

/** A message the server sends beside its results, such as a NOTICE raised in a migration. */
export interface ServerNotice {
  /** `NOTICE`, `WARNING`, `INFO`, ... */
  readonly severity: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
}

export interface ConnectionOptions {
  readonly connectionString: string;
  /** Session settings made before anything else runs, e.g. `{ 'wyckoff.chunk_interval': '7 days' }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** TLS, for a connection string that says nothing of it. */
  readonly ssl?: TlsOptions | undefined;
  readonly onNotice?: ((notice: ServerNotice) => void) | undefined;
}

/** adapter-pg writes and reads times as if every session were in UTC. */
const SESSION = { TimeZone: 'UTC', DateStyle: 'ISO' };
const APPLICATION_NAME = 'wyckoff-store migrate';

/** One connection behind a pool's face: the engine's advisory lock and its settings live in the session, so there must be only one. */
export class SingleConnection {
  readonly pool: pg.Pool;
  readonly #clients = new Set<pg.ClientBase>();

  constructor({ connectionString, settings, ssl, onNotice }: ConnectionOptions) {
    const schema = schemaOf(connectionString);
    const session = {
      ...SESSION,
      ...(schema === undefined ? {} : { search_path: pg.escapeIdentifier(schema) }),
      ...settings,
    };
    this.pool = new pg.Pool({
      connectionString: withLibpqTls(connectionString),
      ...(ssl === undefined ? {} : { ssl }),
      max: 1,
      idleTimeoutMillis: 0,
      application_name: APPLICATION_NAME,
      onConnect: async (client) => {
        this.#clients.add(client);
        if (onNotice) client.on('notice', (notice) => onNotice(describeNotice(notice)));
        for (const [name, value] of Object.entries(session)) {
          await client.query('SELECT set_config($1, $2, false)', [name, value]);
        }
      },
    });
    // A lost idle connection shows in the next query; an 'error' event nobody listens to would end the process.
    this.pool.on('error', () => undefined);
  }

  /** Connects now. @throws the `DatabaseError` subclass that fits, its `code` the one Prisma gives this failure (P1000, P1001, ...). */
  async open(): Promise<void> {
    try {
      (await this.pool.connect()).release();
    } catch (error) {
      await this.close();
      throw connectionFailure(error, this.pool.options.connectionString ?? '');
    }
  }

  /** Lends the one client there is: nobody else gets it before `use` has ended. */
  async withClient<T>(use: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    try {
      return await use(client);
    } finally {
      client.release();
    }
  }

  /** Ends the session even while a statement waits in it, as one for the advisory lock does. */
  async close(): Promise<void> {
    if (this.pool.ended || this.pool.ending) return;
    if (this.pool.idleCount < this.pool.totalCount) {
      for (const client of this.#clients) if (client instanceof pg.Client) void client.end().catch(() => undefined);
    }
    await this.pool.end();
  }
}

/** Prisma's `?schema=` parameter. */
export function schemaOf(connectionString: string): string | undefined {
  return URL.canParse(connectionString)
    ? (new URL(connectionString).searchParams.get('schema') ?? undefined)
    : undefined;
}

/** `sslmode=require` as in libpq and in Prisma: encrypted, not verified. pg alone would verify, and warn about it. */
function withLibpqTls(connectionString: string): string {
  if (!URL.canParse(connectionString)) return connectionString;
  const url = new URL(connectionString);
  if (url.searchParams.has('sslmode')) url.searchParams.set('uselibpqcompat', 'true');
  return url.href;
}

/** The same server, user and parameters with another database. */
export function withDatabase(connectionString: string, database: string): string {
  const url = new URL(connectionString);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}

/** The database's name in a connection string; the user's name when it has none, as in libpq. */
export function databaseOf(connectionString: string): string {
  return new pg.Client({ connectionString }).database ?? '';
}

/** Databases that are there to connect to when the wanted one is not; the third is what some hosts offer instead. */
const MAINTENANCE_DATABASES = ['postgres', 'template1', 'defaultdb'];

/**
 * `CREATE DATABASE`, sent through a database that is always there.
 *
 * @returns the name of the new database
 * @throws DatabaseError P1009 when it exists already, or what the server or the way to it said
 */
export async function createDatabase({ connectionString, ssl }: ConnectionOptions): Promise<string> {
  const name = databaseOf(connectionString);
  let failure: unknown;
  for (const maintenance of MAINTENANCE_DATABASES) {
    const connection = new SingleConnection({
      connectionString: withoutSchema(withDatabase(connectionString, maintenance)),
      ssl,
    });
    try {
      await connection.open();
      await connection.pool.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
      return name;
    } catch (error) {
      if (!(error instanceof DatabaseError && ['P1003', 'P1010'].includes(error.code)))
        throw creationFailure(error, name);
      failure = error;
    } finally {
      await connection.close();
    }
  }
  throw failure;
}

function withoutSchema(connectionString: string): string {
  const url = new URL(connectionString);
  url.searchParams.delete('schema');
  return url.href;
}

function creationFailure(error: unknown, name: string): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  // 23505: two sessions created it in the same moment and this one came second.
  if (error.code === '42P04' || error.code === '23505') {
    return new DatabaseError('P1009', `Database \`${name}\` already exists on the database server`, { cause: error });
  }
  return new DatabaseError('P3000', `Failed to create database: ${error.message}`, {
    cause: error,
    sqlstate: error.code,
  });
}

function describeNotice(notice: {
  severity?: string | undefined;
  message?: string | undefined;
  detail?: string | undefined;
  hint?: string | undefined;
}): ServerNotice {
  return {
    severity: notice.severity ?? 'NOTICE',
    message: notice.message ?? '',
    detail: notice.detail,
    hint: notice.hint,
  };
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'EACCES',
]);
/** Starting up, shutting down, out of connections, crashed: the server answers, and cannot serve. */
const UNAVAILABLE = new Set(['57P01', '57P02', '57P03', '53300']);

/** Words and codes as Prisma's own engine has them, because the Prisma CLI decides by them (P1003: create the database). */
function connectionFailure(cause: unknown, connectionString: string): DatabaseError {
  if (cause instanceof DatabaseError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  if (code === 'ERR_INVALID_URL' || !URL.canParse(connectionString)) {
    // The reason would repeat the connection string, and with it the password.
    return new DatabaseError(
      'P1013',
      'The provided database string is invalid. It must look like `postgresql://user:password@host:5432/database`.',
    );
  }
  const { host, port, user } = new pg.Client({ connectionString });
  const address = `${host}:${port}`;
  switch (code) {
    case '28P01':
      return new AuthenticationError(
        'P1000',
        `Authentication failed against database server, the provided database credentials for \`${user}\` are not valid.\n\nPlease make sure to provide valid database credentials for the database server at \`${address}\`.`,
        { cause, sqlstate: code },
      );
    case '3D000':
      return new AuthenticationError('P1003', `Database \`${databaseOf(connectionString)}\` does not exist`, {
        cause,
        sqlstate: code,
      });
    case '28000':
    case '42501':
      return new AuthenticationError(
        'P1010',
        `User \`${user}\` was denied access on the database \`${databaseOf(connectionString)}\`: ${reason}`,
        { cause, sqlstate: code },
      );
  }
  if (/SSL|TLS|certificate/i.test(`${code} ${reason}`)) {
    return new ConnectionError('P1011', `Error opening a TLS connection: ${reason}`, { cause });
  }
  if (code === 'ETIMEDOUT') {
    return new ConnectionError(
      'P1002',
      `The database server at \`${address}\` was reached but timed out.\n\nPlease try again.`,
      { cause },
    );
  }
  if (UNREACHABLE.has(code) || UNAVAILABLE.has(code) || !(cause instanceof pg.DatabaseError)) {
    return new ConnectionError(
      'P1001',
      `Can't reach database server at \`${address}\`\n\nPlease make sure your database server is running at \`${address}\`.\n\n${reason}`,
      { cause },
    );
  }
  const { hint } = toDatabaseError(cause) as DatabaseError;
  return new DatabaseError('SERVER_REFUSED', hint ? `${reason}\n\n${hint}` : reason, { cause, sqlstate: code });
}
