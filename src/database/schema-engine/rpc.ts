import { createInterface } from 'node:readline';
import type * as Wasm from '@prisma/schema-engine-wasm/schema_engine_bg';
import { DatabaseError } from '../../errors.js';
import { createDatabase, type ServerNotice } from './connection.js';
import { ENGINE_PANIC, SchemaEngine, type SchemaEngineOptions } from './engine.js';
import { prismaCode } from './log.js';
import type { WasmSchemaEngine } from './wasm.js';

/** The native engine's JSON-RPC code for "look into `data`". */
const SERVER_ERROR = 4466;
const METHOD_NOT_FOUND = -32601;

interface Request {
  readonly id: number;
  readonly method: string;
  readonly params?: unknown;
}

type Method = (engine: WasmSchemaEngine, params: never) => Promise<unknown>;

/** The native engine's methods, under its names, but for the two that are more here: applyMigrations and reset. */
const METHODS: Readonly<Record<string, Method>> = {
  createMigration: async (engine, params: Wasm.CreateMigrationInput) => {
    await replayMigrations(engine, params);
    return engine.createMigration(params);
  },
  dbExecute: (engine, params: Wasm.DbExecuteParams) => engine.dbExecute(params),
  debugPanic: async (engine) => engine.debugPanic(),
  devDiagnostic: (engine, params: Wasm.DevDiagnosticInput) => engine.devDiagnostic(params),
  diagnoseMigrationHistory: (engine, params: Wasm.DiagnoseMigrationHistoryInput) =>
    engine.diagnoseMigrationHistory(params),
  diff: (engine, params: Wasm.DiffParams) => engine.diff(params),
  ensureConnectionValidity: (engine, params: Wasm.EnsureConnectionValidityParams) =>
    engine.ensureConnectionValidity(params),
  evaluateDataLoss: async (engine, params: Wasm.EvaluateDataLossInput) => {
    await replayMigrations(engine, params);
    return engine.evaluateDataLoss(params);
  },
  getDatabaseVersion: (engine) => engine.version(null),
  introspect: (engine, params: Wasm.IntrospectParams) => engine.introspect(params),
  introspectSql: (engine, params: Wasm.IntrospectSqlParams) => engine.introspectSql(params),
  markMigrationApplied: (engine, params: Wasm.MarkMigrationAppliedInput) => engine.markMigrationApplied(params),
  markMigrationRolledBack: (engine, params: Wasm.MarkMigrationRolledBackInput) =>
    engine.markMigrationRolledBack(params),
  schemaPush: (engine, params: Wasm.SchemaPushInput) => engine.schemaPush(params),
};

/**
 * In the WebAssembly engine only the diagnostic calls can make a shadow database; the two above need the schema that those leave in the
 * engine's cache, and nothing is in it when `migrate dev` starts on an empty database.
 */
async function replayMigrations(engine: WasmSchemaEngine, { migrationsList, filters }: Wasm.DevDiagnosticInput) {
  await engine.devDiagnostic({ migrationsList, filters });
}

export interface ServerOptions extends Omit<SchemaEngineOptions, 'connectionString' | 'onNotice'> {
  /** The configured database; `db execute` brings its own with the request. */
  readonly connectionString: string | undefined;
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** Prisma's schema engine as its CLI knows it: newline-delimited JSON-RPC until the input ends. */
export class SchemaEngineServer {
  readonly #options: ServerOptions;
  readonly #engines = new Map<string, Promise<SchemaEngine>>();
  readonly #unanswered = new Set<number>();
  #printed = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** Answers until the input ends. */
  async serve(): Promise<void> {
    const answers = new Set<Promise<void>>();
    for await (const line of createInterface({ input: this.#options.input })) {
      const message: Partial<Request> = JSON.parse(line);
      // Without a method it is the CLI's receipt for something printed.
      if (message.method === undefined || message.id === undefined) continue;
      const answer = this.#answer({ id: message.id, method: message.method, params: message.params });
      answers.add(answer);
      void answer.finally(() => answers.delete(answer));
    }
    await Promise.all(answers);
    await this.close();
  }

  /** Ends every session, waiting statements included. */
  async close(): Promise<void> {
    const engines = await Promise.allSettled(this.#engines.values());
    this.#engines.clear();
    for (const engine of engines) if (engine.status === 'fulfilled') await engine.value.close();
  }

  /** Answers what is still open with `error`. The CLI takes a request that is never answered for a success. */
  abandon(error: Error): void {
    for (const id of this.#unanswered) this.#send({ id, error: describe(error) });
    this.#unanswered.clear();
  }

  async #answer({ id, method, params }: Request): Promise<void> {
    this.#unanswered.add(id);
    const answer = await this.#call(method, params).then(
      (result) => ({ id, result: result ?? null }),
      (error: unknown) => ({ id, error: describe(error) }),
    );
    if (this.#unanswered.delete(id)) this.#send(answer);
  }

  async #call(name: string, params: unknown): Promise<unknown> {
    const url = requestedUrl(params) ?? this.#options.connectionString;
    if (url === undefined)
      throw new DatabaseError('P1012', 'No datasource URL is configured, and this command needs a database.');
    if (name === 'createDatabase') return { databaseName: await createDatabase({ connectionString: url }) };
    // What arrives is the CLI's request for this very method; its shape is the contract between the two.
    if (name === 'applyMigrations')
      return (await this.#engine(url)).applyMigrations(params as Wasm.ApplyMigrationsInput);
    if (name === 'reset') return this.#reset(url, params as Wasm.ResetInput);
    const method = METHODS[name];
    if (!method) throw new UnknownMethod(name);
    const engine = await this.#engine(url);
    const result = await engine.run((wasm) => method(wasm, params as never));
    return name === 'diff' ? this.#printDiff(result as Wasm.DiffResult) : result;
  }

  /** What comes after it comes in another session. */
  async #reset(url: string, params: Wasm.ResetInput): Promise<void> {
    const engine = await this.#engine(url);
    await engine.reset(params);
    this.#engines.delete(url);
    await engine.close();
  }

  /** As the native engine does, so that the CLI's `--output` can catch it. */
  #printDiff({ exitCode, stdout }: Wasm.DiffResult): Wasm.DiffResult {
    if (stdout) this.#print(stdout.replace(/\n$/, ''));
    return { exitCode, stdout: null };
  }

  #engine(connectionString: string): Promise<SchemaEngine> {
    const open = this.#engines.get(connectionString);
    if (open) return open;
    const { datamodels, settings, shadowConnectionString } = this.#options;
    const onNotice = ({ severity, message, hint }: ServerNotice) =>
      this.#print(`${severity}: ${message}${hint ? `\nHINT: ${hint}` : ''}`);
    const engine = SchemaEngine.open({ connectionString, shadowConnectionString, datamodels, settings, onNotice });
    this.#engines.set(connectionString, engine);
    engine.catch(() => this.#engines.delete(connectionString));
    return engine;
  }

  #print(content: string): void {
    this.#printed += 1;
    this.#send({ id: this.#printed, method: 'print', params: { content } });
  }

  #send(message: object): void {
    this.#options.output.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }
}

class UnknownMethod extends Error {}

/** `db execute` and connection checks name their database themselves. */
function requestedUrl(params: unknown): string | undefined {
  const { datasourceType, datasource } = (params ?? {}) as {
    datasourceType?: Wasm.DbExecuteDatasourceType;
    datasource?: Wasm.DatasourceParam;
  };
  if (datasourceType?.tag === 'url') return datasourceType.url;
  return datasource?.tag === 'ConnectionString' ? datasource.url : undefined;
}

function describe(error: unknown) {
  if (error instanceof UnknownMethod) return { code: METHOD_NOT_FOUND, message: `Method not found: ${error.message}` };
  const reason = error instanceof Error ? error.message : String(error);
  const message = error instanceof DatabaseError && error.hint ? `${reason}\n\n${error.hint}` : reason;
  const code = error instanceof DatabaseError ? prismaCode(error) : undefined;
  const is_panic = error instanceof DatabaseError && error.code === ENGINE_PANIC;
  return {
    code: SERVER_ERROR,
    // Of a panic the CLI shows this text, of any other error the one in `data`.
    message: is_panic ? message : 'An error happened. Check the data field for details.',
    data:
      code === undefined ? { is_panic, message, backtrace: null } : { is_panic, message, meta: {}, error_code: code },
  };
}
