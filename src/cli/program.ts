import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { registerAuditCommands } from './audit.js';
import { registerBarsCommands } from './bars.js';
import { registerCheckCommands } from './check.js';
import { surviveClosedPipes } from './closed-pipe.js';
import { Interruption } from './context.js';
import { registerCutoverCommands } from './cutover.js';
import { registerDatabaseCommands } from './database.js';
import { registerDeadLettersCommands } from './dead-letters.js';
import { registerDoctorCommand } from './doctor.js';
import { registerExportCommand } from './export.js';
import { reportFailure } from './failure.js';
import { registerImportCommand } from './import.js';
import { registerInspectCommand } from './inspect.js';
import { registerLedgerCommands } from './ledger/commands.js';
import { registerMigrateCommand } from './migrate.js';
import { registerRestoreCommand } from './restore.js';
import { registerRolesCommands } from './roles.js';
import { registerSeedCommand } from './seed.js';
import { registerServeCommand } from './serve.js';
import { registerStorageCommands } from './storage.js';
import { registerTraceCommand } from './trace.js';
import { registerVerifyCommand } from './verify.js';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Runs one command: `run(['bars', 'list'])`. Sets the process's exit status: 0 fine, 1 refused or a check failed, 2 wrong usage. */
export async function run(args: readonly string[]): Promise<void> {
  surviveClosedPipes();
  try {
    if (existsSync('.env')) process.loadEnvFile('.env');
    await createProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof Interruption) error.endProcess();
    else if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
    else {
      reportFailure(error);
      process.exitCode = EXIT_FAILED;
    }
  }
}

/** Commands load what they work with when they run: Prisma, DuckDB and the engine of the migrations take longer than most commands. */
export function createProgram(): Command {
  const program = new Command('wyckoff')
    .description('Market bars and the Wyckoff ledger in PostgreSQL.')
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError('(add --help to see what it takes)')
    .addHelpText(
      'after',
      '\nThe database is the one that WYCKOFF_DATABASE_URL, DATABASE_URL or DB_HOST names\n' +
        '(in the environment, or in the file .env of the current directory); without one,\n' +
        'an embedded PostgreSQL that starts by itself.\n' +
        '\nExample: wyckoff migrate && wyckoff seed && wyckoff bars latest AAPL 1d\n' +
        '\nExit status: 0 fine, 1 refused or a check failed, 2 wrong usage.',
    );
  registerMigrateCommand(program);
  registerSeedCommand(program);
  registerCheckCommands(program);
  registerDoctorCommand(program);
  registerImportCommand(program);
  registerExportCommand(program);
  registerRestoreCommand(program);
  registerInspectCommand(program);
  registerVerifyCommand(program);
  registerBarsCommands(program);
  registerCutoverCommands(program);
  registerLedgerCommands(program);
  registerTraceCommand(program);
  registerAuditCommands(program);
  registerRolesCommands(program);
  registerServeCommand(program);
  registerStorageCommands(program);
  registerDeadLettersCommands(program);
  registerDatabaseCommands(program);
  return program;
}

/** A package may import itself by name; so it works in `src` and in `dist` alike. */
function packageVersion(): string {
  const manifest = createRequire(import.meta.url)('wyckoff-store/package.json') as { readonly version: string };
  return manifest.version;
}
