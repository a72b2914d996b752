import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type {
  ApplyMigrationsInput,
  ApplyMigrationsOutput,
  ResetInput,
} from '@prisma/schema-engine-wasm/schema_engine_bg';
import type pg from 'pg';
import { DatabaseError, MigrationError } from '../../errors.js';
import { type AdapterOptions, describeScriptError, type FailedScript, SchemaEngineAdapter } from './adapter.js';
import { loadSchemaEngineWasm, panicReason, type WasmSchemaEngine } from './wasm.js';

export interface SchemaEngineOptions extends AdapterOptions {
  /** Path and content of each Prisma schema file; only the names of its database schemas are read from them. */
  readonly datamodels?: readonly (readonly [path: string, content: string])[] | undefined;
}

/** The engine itself broke, rather than the database or a migration; no further call to it can be trusted. */
export const ENGINE_PANIC = 'SCHEMA_ENGINE_PANIC';

/** Prisma's schema engine (WebAssembly) on one connection of its own. */
export class SchemaEngine {
  readonly #engine: WasmSchemaEngine;
  readonly #adapter: SchemaEngineAdapter;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(engine: WasmSchemaEngine, adapter: SchemaEngineAdapter) {
    this.#engine = engine;
    this.#adapter = adapter;
  }

  /** @throws the `DatabaseError` subclass that fits when the database cannot be reached; its `code` is Prisma's (P1000, P1001, P1003, ...) */
  static async open(options: SchemaEngineOptions): Promise<SchemaEngine> {
    const { SchemaEngine: Engine } = await loadSchemaEngineWasm();
    const adapter = new SchemaEngineAdapter(options);
    await adapter.connection.open();
    try {
      const files = options.datamodels?.map(([path, content]): [string, string] => [path, content]);
      // An empty list makes the engine panic.
      const datamodels = files?.length ? files : undefined;
      const engine = await Engine.new({ datamodels }, ignoreLog, bindMigrationAwareSqlAdapterFactory(adapter));
      return new SchemaEngine(engine, adapter);
    } catch (error) {
      await adapter.close();
      throw translate(error);
    }
  }

  /**
   * One call at a time, in the order asked for: the engine is not reentrant.
   *
   * @throws DatabaseError with Prisma's code where it has one (P3009, P3018, ...); a `MigrationError` when a migration's SQL failed
   */
  run<T>(work: (engine: WasmSchemaEngine) => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => this.#run(work));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** Applies what is pending, after a look at what it might break over. @throws as {@link run}; UnsupportedServerError */
  applyMigrations(input: ApplyMigrationsInput): Promise<ApplyMigrationsOutput> {
    return this.run(async (wasm) => {
      await this.#adapter.prepareForMigrations();
      return wasm.applyMigrations(input);
    });
  }

  /**
   * Empties the database. The session is of no more use then: before version 2.26 one that has loaded TimescaleDB cannot make the extension
   * anew.
   */
  reset(input: ResetInput): Promise<void> {
    return this.run(async (wasm) => {
      await this.#adapter.clearSchema();
      await wasm.reset(input);
    });
  }

  /** What the server said when this migration failed; null where it was interrupted, or has not failed. */
  async failureOf(migrationName: string): Promise<string | null> {
    const [row] = await this.#query<{ logs: string | null }>(
      'SELECT logs FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL AND migration_name = $1',
      migrationName,
    );
    return row?.logs || null;
  }

  async hasRelation(name: string): Promise<boolean> {
    const [row] = await this.#query<{ there: boolean }>(
      'SELECT to_regclass(quote_ident($1)) IS NOT NULL AS there',
      name,
    );
    return row!.there;
  }

  async #query<Row extends pg.QueryResultRow>(text: string, value: string): Promise<Row[]> {
    const { rows } = await this.#adapter.connection.withClient((client) => client.query<Row>(text, [value]));
    return rows;
  }

  async #run<T>(work: (engine: WasmSchemaEngine) => Promise<T>): Promise<T> {
    this.#adapter.failedScript = undefined;
    this.#adapter.shadowFailure = undefined;
    try {
      return await work(this.#engine);
    } catch (error) {
      const { failedScript, shadowFailure } = this.#adapter;
      if (shadowFailure) throw shadowFailure;
      const translated = translate(error);
      if (failedScript && translated.code === UNCODED) throw await this.#migrationFailure(failedScript);
      throw translated;
    }
  }

  async #migrationFailure({ script, error }: FailedScript): Promise<MigrationError> {
    const { rows } = await this.#adapter.connection.pool.query<{ name: string }>(
      'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL ORDER BY started_at DESC LIMIT 1',
    );
    const name = rows[0]?.name ?? '';
    return new MigrationError(
      'P3018',
      'A migration failed to apply. New migrations cannot be applied before the error is recovered from. ' +
        'Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve\n\n' +
        `Migration name: ${name}\n\nDatabase error code: ${error.code ?? 'none'}\n\nDatabase error:\n${error.severity ?? 'ERROR'}: ${describeScriptError(script, error)}\n`,
      { ...serverFields(error), cause: error },
    );
  }

  async close(): Promise<void> {
    await this.#adapter.close();
    this.#engine.free();
  }
}

/** The engine logs every step it takes; what matters comes back as a result or an error. */
function ignoreLog(): void {}

const UNCODED = 'SCHEMA_ENGINE';

function translate(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const panic = panicReason(error);
  if (panic !== undefined) return new DatabaseError(ENGINE_PANIC, panic, { cause: error });
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : UNCODED;
  return new DatabaseError(code, error instanceof Error ? error.message : String(error), { cause: error });
}

function serverFields(error: pg.DatabaseError) {
  const { code, schema, table, column, constraint, detail } = error;
  return { sqlstate: code, schema, table, column, constraint, detail };
}
