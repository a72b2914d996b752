import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { DatabaseError } from '../../errors.js';
import { createDatabase, SingleConnection } from './connection.js';
import { ENGINE_PANIC } from './engine.js';
import { log, logError } from './log.js';
import { SchemaEngineServer } from './rpc.js';
import { migrationSettings } from './settings.js';
import { loadSchemaEngineWasm, panicReason } from './wasm.js';

/** Past this, a statement that does not end no longer keeps the process from ending; the native engine waits as long. */
const SHUTDOWN_MS = 4000;

/**
 * The native schema engine's command line, as the Prisma CLI calls it through PRISMA_SCHEMA_ENGINE_BINARY.
 *
 * @returns the exit code
 */
export async function runSchemaEngine(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      version: { type: 'boolean', short: 'V' },
      datamodels: { type: 'string', short: 'd', multiple: true },
      datasource: { type: 'string' },
      'enabled-preview-features': { type: 'string' },
      'extension-types': { type: 'string' },
    },
  });
  const { version } = await loadSchemaEngineWasm();
  if (values.version) {
    process.stdout.write(`schema-engine-cli ${version()}\n`);
    return 0;
  }
  // The CLI parses stderr as JSON lines; a warning of Node's own would break that.
  process.removeAllListeners('warning');
  const datasource: { url?: string; shadowDatabaseUrl?: string } = JSON.parse(values.datasource ?? '{}');
  const [group, command] = positionals;
  if (group === 'cli') {
    log('INFO', { message: 'Starting schema engine CLI', git_hash: version() });
    return runCommand(command, datasource.url);
  }
  log('INFO', { message: 'Starting schema engine RPC server', git_hash: version() });
  const server = new SchemaEngineServer({
    connectionString: datasource.url || undefined,
    shadowConnectionString: datasource.shadowDatabaseUrl || undefined,
    datamodels: await Promise.all(
      (values.datamodels ?? []).map(async (path) => [path, await readFile(path, 'utf8')] as const),
    ),
    settings: migrationSettings(process.env),
    input: process.stdin,
    output: process.stdout,
  });
  stopOnSignals(server);
  exitOnCrash(server);
  await server.serve();
  return 0;
}

async function runCommand(command: string | undefined, url: string | undefined): Promise<number> {
  try {
    if (!url) throw new DatabaseError('P1012', 'No datasource URL is configured, and this command needs a database.');
    log('INFO', { message: await execute(command, url) });
    return 0;
  } catch (error) {
    logError(error instanceof DatabaseError ? error : new DatabaseError('', String(error)));
    return 1;
  }
}

async function execute(command: string | undefined, url: string): Promise<string> {
  switch (command) {
    case 'can-connect-to-database': {
      const connection = new SingleConnection({ connectionString: url });
      await connection.open();
      await connection.close();
      return 'Connection successful';
    }
    case 'create-database':
      return `Database '${await createDatabase({ connectionString: url })}' was successfully created.`;
    default:
      throw new DatabaseError('', `Unknown command: ${command ?? '(none)'}`);
  }
}

/**
 * A panic inside the WebAssembly leaves its promise open and surfaces as an uncaught exception. Exit codes as the native engine's: 101
 * for a panic, 1 for anything else.
 */
function exitOnCrash(server: SchemaEngineServer): void {
  process.once('uncaughtException', (error) => {
    const reason = panicReason(error);
    const crash = reason === undefined ? error : new DatabaseError(ENGINE_PANIC, reason, { cause: error });
    log('ERROR', { message: crash.message, is_panic: reason !== undefined, backtrace: error.stack ?? '' });
    server.abandon(crash);
    process.exit(reason === undefined ? 1 : 101);
  });
}

function stopOnSignals(server: SchemaEngineServer): void {
  const stop = () => {
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    void server.close().finally(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}
