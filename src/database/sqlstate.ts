import { DatabaseError as ServerError } from 'pg';
import {
  AuthenticationError,
  ConnectionError,
  ConstraintError,
  DatabaseError,
  type ServerErrorFields,
  StatementTimeoutError,
  TransactionConflictError,
  UnsupportedServerError,
  WyckoffError,
} from '../errors.js';

type Kind = new (
  code: string,
  message: string,
  options: ServerErrorFields & { hint?: string | undefined; cause?: unknown },
) => DatabaseError;

interface Meaning {
  readonly kind: Kind;
  readonly code: string;
  readonly hint?: string;
}

/** By SQLSTATE, or by its class (the first two characters). https://www.postgresql.org/docs/current/errcodes-appendix.html */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  '08': { kind: ConnectionError, code: 'CONNECTION_LOST' },
  '57P01': { kind: ConnectionError, code: 'SERVER_SHUTTING_DOWN' },
  '57P02': { kind: ConnectionError, code: 'SERVER_CRASHED' },
  '57P03': { kind: ConnectionError, code: 'SERVER_STARTING' },
  '53300': {
    kind: ConnectionError,
    code: 'TOO_MANY_CONNECTIONS',
    hint: 'lower DB_MAX_CONNECTIONS or raise max_connections',
  },
  '28': { kind: AuthenticationError, code: 'AUTHENTICATION_FAILED', hint: 'check the user and the password' },
  '3D000': {
    kind: AuthenticationError,
    code: 'DATABASE_MISSING',
    hint: 'check the database name in the URL; `wyckoff migrate` creates the database',
  },
  '23505': { kind: ConstraintError, code: 'UNIQUE_VIOLATION' },
  '23514': { kind: ConstraintError, code: 'CHECK_VIOLATION' },
  '23503': { kind: ConstraintError, code: 'FOREIGN_KEY_VIOLATION' },
  '23001': { kind: ConstraintError, code: 'RESTRICT_VIOLATION' },
  '23502': { kind: ConstraintError, code: 'NOT_NULL_VIOLATION' },
  '40': { kind: TransactionConflictError, code: 'TRANSACTION_CONFLICT', hint: 'run the transaction again' },
  '57014': {
    kind: StatementTimeoutError,
    code: 'STATEMENT_CANCELLED',
    hint: 'DB_STATEMENT_TIMEOUT limits how long a statement may run',
  },
  '55P03': { kind: StatementTimeoutError, code: 'LOCK_TIMEOUT' },
  '42P01': { kind: DatabaseError, code: 'TABLE_MISSING', hint: 'run `wyckoff migrate`' },
  '42501': {
    kind: DatabaseError,
    code: 'PERMISSION_DENIED',
    hint: 'reading needs the role wyckoff_readonly, writing wyckoff_app, maintenance wyckoff_owner: `wyckoff roles apply` makes them, GRANT gives them',
  },
  // A library that an extension of this database was made for is not on the server: the loader of TimescaleDB answers every first statement so.
  '58P01': {
    kind: UnsupportedServerError,
    code: 'SERVER_LIBRARY_MISSING',
    hint:
      'where it is of timescaledb, the extension in this database is of another version than the library: an administrator runs ' +
      'ALTER EXTENSION timescaledb UPDATE; in this database, as the first statement of a new session (psql -X)',
  },
  '53100': { kind: DatabaseError, code: 'DISK_FULL' },
};

const NETWORK_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);
/** What pg says without a code when a socket closes under it. */
const LOST_CONNECTION =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout expired)/i;
/** What it says, likewise, when the server asks for a password and there is none, or one that the two do not agree on. */
const NO_PASSWORD = /^SASL: |^Password must be/;
/** ...and when there is no TLS on the other side. A certificate that is not trusted has a code of Node's. */
const NO_TLS = /support SSL connections|establishing an SSL connection/;
const BAD_CERTIFICATE = /CERT|^ERR_(SSL|TLS)_|^UNABLE_TO_|^EPROTO$/;

/** The typed error for whatever pg threw. Errors that are ours already, and errors that are no database's, come back as they are. */
export function toDatabaseError(error: unknown): unknown {
  if (error instanceof WyckoffError || !(error instanceof Error)) return error;
  if (error instanceof ServerError) return fromServer(error);
  if (error instanceof AggregateError && error.errors.length > 0) return toDatabaseError(error.errors[0]);
  const code = 'code' in error ? String(error.code) : '';
  if (NETWORK_ERRORS.has(code) || LOST_CONNECTION.test(error.message)) {
    return new ConnectionError('DATABASE_UNREACHABLE', `the database cannot be reached: ${error.message}`, {
      hint: 'is the server running, and are host and port right? `wyckoff db status` tells of the embedded one',
      cause: error,
    });
  }
  if (NO_TLS.test(error.message) || BAD_CERTIFICATE.test(code)) {
    return new ConnectionError('TLS_FAILED', `no encrypted connection to the database: ${error.message}`, {
      hint: 'DB_SSL_MODE says how to encrypt and what to verify, DB_SSL_CA names the authority of the certificate',
      cause: error,
    });
  }
  if (NO_PASSWORD.test(error.message)) {
    return new AuthenticationError('AUTHENTICATION_FAILED', `the server asks for a password: ${error.message}`, {
      hint: 'give the password in the URL or in DB_PASSWORD',
      cause: error,
    });
  }
  return error;
}

/** FATAL ends the session, whatever it says: that an administrator has updated TimescaleDB under it, for one. A new one may do. */
const SESSION_ENDED: Meaning = { kind: ConnectionError, code: 'SESSION_ENDED' };

/** TimescaleDB's limit of rows that one write may decompress, which sessions that know of hypertables do without. */
const DECOMPRESSION_LIMIT = /^tuple decompression limit exceeded/;
const SESSION_OUTDATED: Meaning = {
  kind: ConnectionError,
  code: 'SESSION_OUTDATED',
  hint: 'try again on a new connection: this one was opened before "wyckoff storage apply" made hypertables',
};

function fromServer(error: ServerError): DatabaseError {
  const sqlstate = error.code ?? '';
  const unnamed = error.severity === 'FATAL' ? SESSION_ENDED : { kind: DatabaseError, code: 'DATABASE_ERROR' };
  const meaning = DECOMPRESSION_LIMIT.test(error.message)
    ? SESSION_OUTDATED
    : (MEANINGS[sqlstate] ?? MEANINGS[sqlstate.slice(0, 2)] ?? unnamed);
  return new meaning.kind(meaning.code, error.message, {
    sqlstate,
    schema: error.schema,
    table: error.table,
    column: error.column,
    constraint: error.constraint,
    detail: error.detail,
    hint: meaning.hint ?? error.hint,
    cause: error,
  });
}
