import { randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  ColumnTypeEnum,
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { DatabaseError } from '../../errors.js';
import { clearSchema } from './clear-schema.js';
import { type ConnectionOptions, type ServerNotice, SingleConnection, schemaOf, withDatabase } from './connection.js';
import { type Obstacle, prepareForTimescale } from './timescale.js';

export interface AdapterOptions extends ConnectionOptions {
  /** An existing database that may be emptied, for servers on which this user may not create one. */
  readonly shadowConnectionString?: string | undefined;
}

/** A script the server refused, kept because the engine passes on only a summary of the error. */
export interface FailedScript {
  readonly script: string;
  readonly error: pg.DatabaseError;
}

/**
 * What Prisma's schema engine reaches the database through: `@prisma/adapter-pg` with four mends. Its `executeScript` splits at every `;`,
 * which breaks function bodies and DO blocks; it does not know the type "char" of the system catalogs, which the engine reads constraints and foreign keys by; its shadow database is the
 * database itself when a connection string is given; and it drops that database before it has left it.
 */
export class SchemaEngineAdapter implements SqlMigrationAwareDriverAdapterFactory {
  readonly provider = 'postgres';
  readonly adapterName = '@prisma/adapter-pg';
  readonly connection: SingleConnection;
  failedScript: FailedScript | undefined;
  /** What kept the shadow database from being made; it says more than the engine's error does. */
  shadowFailure: DatabaseError | undefined;
  readonly #options: AdapterOptions;
  readonly #shadows = new Set<() => Promise<void>>();

  /** Why TimescaleDB is hidden from the migrations. */
  #obstacle: Obstacle | undefined;

  constructor(options: AdapterOptions) {
    this.#options = options;
    const { onNotice } = options;
    this.connection = new SingleConnection({
      ...options,
      onNotice: onNotice && ((notice) => onNotice(this.#reword(notice))),
    });
  }

  /** To be called before migrations run. @throws UnsupportedServerError where they would break over a TimescaleDB that cannot be used */
  async prepareForMigrations(): Promise<void> {
    const { onNotice: _, ...silent } = this.#options;
    this.#obstacle = await prepareForTimescale(this.connection, () => new SingleConnection(silent));
  }

  /** Removes what this role has in the schema; what is left is for the engine's own reset. */
  clearSchema(): Promise<void> {
    const schema = schemaOf(this.#options.connectionString) ?? 'public';
    return this.connection.withClient((client) => clearSchema(client, schema));
  }

  /** What is hidden is not installed, as the migrations see it. */
  #reword(notice: ServerNotice): ServerNotice {
    if (!this.#obstacle || !notice.message.startsWith('TimescaleDB is not installed: ')) return notice;
    const { message, hint } = this.#obstacle;
    return { ...notice, severity: 'WARNING', message: `${message}: ohlcv_bars stays a plain table`, hint };
  }

  async connect(): Promise<SqlDriverAdapter> {
    return this.#adapt(this.connection, (failure) => {
      this.failedScript = failure;
    });
  }

  async connectToShadowDb(): Promise<SqlDriverAdapter> {
    const { connectionString, shadowConnectionString, settings, ssl } = this.#options;
    if (shadowConnectionString !== undefined) {
      const open = () => new SingleConnection({ connectionString: shadowConnectionString, settings, ssl });
      await emptyDatabase(open(), schemaOf(shadowConnectionString) ?? 'public');
      const shadow = open();
      this.#shadows.add(() => shadow.close());
      await shadow.open();
      await prepareForTimescale(shadow, open);
      return this.#adapt(shadow);
    }
    const name = `prisma_migrate_shadow_db_${randomUUID()}`;
    await this.connection.pool.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`).catch((error: unknown) => {
      this.shadowFailure = shadowFailure(error);
      throw this.shadowFailure;
    });
    const open = () => new SingleConnection({ connectionString: withDatabase(connectionString, name), settings, ssl });
    const shadow = open();
    const drop = async () => {
      if (!this.#shadows.delete(drop)) return;
      await shadow.close();
      // FORCE: extensions such as TimescaleDB keep a worker connected to every database they are in.
      await this.connection.pool.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
    };
    this.#shadows.add(drop);
    await prepareForTimescale(shadow, open);
    return this.#adapt(shadow, undefined, drop);
  }

  async close(): Promise<void> {
    for (const drop of this.#shadows) await drop();
    await this.connection.close();
  }

  async #adapt(
    connection: SingleConnection,
    onFailure?: (failure: FailedScript) => void,
    dispose: () => Promise<void> = () => connection.close(),
  ): Promise<SqlDriverAdapter> {
    const { pool } = connection;
    const schema = schemaOf(pool.options.connectionString ?? '');
    const charColumns = noteCharColumns(pool);
    const adapter = await new PrismaPg(pool, schema === undefined ? {} : { schema }).connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    return Object.assign<SqlDriverAdapter, Pick<SqlDriverAdapter, 'queryRaw' | 'executeScript' | 'dispose'>>(adapter, {
      async queryRaw(query) {
        const result = await queryRaw(query);
        const { columnTypes } = result;
        for (const index of charColumns.get(result.rows) ?? []) columnTypes[index] = ColumnTypeEnum.Character;
        return result;
      },
      /** One simple query, so one implicit transaction: a script that fails leaves nothing behind. */
      async executeScript(script) {
        try {
          await pool.query(script);
        } catch (error) {
          if (!(error instanceof pg.DatabaseError)) throw error;
          onFailure?.({ script, error });
          throw serverError(script, error);
        }
      },
      dispose,
    });
  }
}

/** In a session of its own: one that has loaded TimescaleDB cannot make the extension anew before version 2.26. */
async function emptyDatabase(connection: SingleConnection, schema: string): Promise<void> {
  await connection.open();
  try {
    await connection.withClient((client) => clearSchema(client, schema));
    const name = pg.escapeIdentifier(schema);
    await connection.pool.query(`DROP SCHEMA IF EXISTS ${name} CASCADE; CREATE SCHEMA ${name}`);
  } finally {
    await connection.close();
  }
}

const CHAR_OID = 18;
const TEXT_OID = 25;

/** Has the pool call "char" text, which adapter-pg lets pass, and tells by a result's rows which columns those were. */
function noteCharColumns(pool: pg.Pool): WeakMap<object, number[]> {
  const columns = new WeakMap<object, number[]>();
  const query: (config: pg.QueryArrayConfig) => Promise<pg.QueryArrayResult | pg.QueryArrayResult[]> =
    pool.query.bind(pool);
  Object.assign(pool, {
    query: async (config: pg.QueryArrayConfig) => {
      const result = await query(config);
      // A text of several statements has several results, and nobody reads their rows.
      if (Array.isArray(result)) return result;
      const found = result.fields.flatMap((field, index) => (field.dataTypeID === CHAR_OID ? [index] : []));
      for (const index of found) Object.assign(result.fields[index] ?? {}, { dataTypeID: TEXT_OID });
      if (found.length > 0) columns.set(result.rows, found);
      return result;
    },
  });
  return columns;
}

/** The server's error word for word: given its code, the engine would make `No such table: x` of it. */
function serverError(script: string, error: pg.DatabaseError): DriverAdapterError {
  return new DriverAdapterError({
    kind: 'postgres',
    code: '',
    severity: error.severity ?? 'ERROR',
    message: describeScriptError(script, error),
    detail: undefined,
    column: undefined,
    hint: undefined,
  });
}

const LINES_BEFORE = 5;

/** What the server said, with the lines of the script that it points at. */
export function describeScriptError(script: string, error: pg.DatabaseError): string {
  const parts = [error.message];
  if (error.detail) parts.push(`DETAIL: ${error.detail}`);
  if (error.hint) parts.push(`HINT: ${error.hint}`);
  if (error.where) parts.push(`CONTEXT: ${error.where}`);
  const position = Number(error.position ?? 0);
  if (position > 0) {
    // The server counts characters from 1, not UTF-16 units.
    const line = [...script].slice(0, position - 1).filter((character) => character === '\n').length;
    const first = Math.max(0, line - LINES_BEFORE);
    const excerpt = script.split('\n').slice(first, line + 1);
    parts.push(
      '',
      'Position:',
      ...excerpt.map((text, index) => `${String(first + index + 1).padStart(3)} ${text}`.trimEnd()),
    );
  }
  return parts.join('\n');
}

function shadowFailure(error: unknown): DatabaseError {
  const reason = error instanceof Error ? error.message : String(error);
  return new DatabaseError(
    'P3014',
    'Prisma Migrate could not create the shadow database. Please make sure the database user has permission to create databases. ' +
      `Read more about the shadow database (and workarounds) at https://pris.ly/d/migrate-shadow\n\nOriginal error: ${reason}`,
    { cause: error, sqlstate: error instanceof pg.DatabaseError ? error.code : undefined },
  );
}
