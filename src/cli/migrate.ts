/** `wyckoff migrate`: brings the database's tables up to this version. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Config } from '../config.js';
import type { ServerNotice } from '../database/schema-engine/connection.js';
import { withDatabase } from './context.js';
import { say, sayJson } from './output.js';

export function registerMigrateCommand(program: Command): void {
  const command = program
    .command('migrate')
    .description('create the tables, or bring them up to this version, in the configured database or the embedded one')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nThe same migrations and the same _prisma_migrations table as "prisma migrate deploy". Running it again changes nothing.\n' +
        '\nExample: WYCKOFF_DATABASE_URL=postgresql://wyckoff:secret@localhost:5432/wyckoff wyckoff migrate',
    )
    .action(migrate);
  command
    .command('resolve')
    .description(
      'settle a migration that failed or was interrupted; "wyckoff migrate" says which, and goes on afterwards',
    )
    .argument('<migration>', 'its name')
    .addOption(new Option('--rolled-back', 'nothing of it is in the database: it is tried again').conflicts('applied'))
    .option('--applied', 'all of it is in the database')
    .addHelpText(
      'after',
      '\nA migration is one transaction: where the server refused it, nothing of it is there. As "prisma migrate resolve".\n' +
        '\nExample: wyckoff migrate resolve 20261121122000_time_series --rolled-back',
    )
    .action(resolveFailed);
}

async function resolveFailed(
  name: string,
  { applied, rolledBack }: { applied?: true; rolledBack?: true },
  command: Command,
): Promise<void> {
  if (!applied && !rolledBack)
    command.error("error: one of '--rolled-back' and '--applied' says what became of it", { exitCode: 2 });
  await withDatabase((database) => database.resolveMigration(name, applied ? 'applied' : 'rolled-back'), 'ignore');
  say(`Migration ${name} counts as ${applied ? 'applied' : 'rolled back'} now.`);
  say('Next: "wyckoff migrate".');
}

async function migrate(options: { json?: true }): Promise<void> {
  await withDatabase(async (database) => {
    const notices: ServerNotice[] = [];
    const applied = await database.migrate((notice) => notices.push(notice));
    const { serverVersion } = await database.health();
    const { name: layout, extensionVersion } = database.layout;
    if (options.json) {
      sayJson({
        applied,
        notices,
        ...{ embedded: database.embedded, serverVersion, layout, timescaledb: extensionVersion ?? null },
      });
      return;
    }
    const { readConfig } = await import('../config.js');
    say(
      `Database: ${database.embedded ? 'the embedded PostgreSQL' : 'PostgreSQL'} ${serverVersion} ${place(readConfig())}.`,
    );
    if (applied.length === 0) say('The tables are up to date: no migration was missing.');
    else
      say(`Applied ${applied.length === 1 ? '1 migration' : `${applied.length} migrations`}: ${applied.join(', ')}.`);
    for (const { message, hint } of notices) {
      say(`${message}.`);
      if (hint) say(`  ${hint}`);
    }
    say(
      layout === 'timescale'
        ? `Storage: TimescaleDB ${extensionVersion}; ohlcv_bars is a hypertable.`
        : 'Storage: plain PostgreSQL tables, which is all the store needs; TimescaleDB would add compression.',
    );
    if (applied.length > 0) say('Next: "wyckoff seed" loads sample data, "wyckoff import FILE" your own.');
  }, 'ignore');
}

/** Without user and password. */
function place({ databaseUrl, dataDirectory }: Config): string {
  if (databaseUrl === undefined) return `with its data in ${resolve(dataDirectory)}`;
  const { host, pathname } = new URL(databaseUrl);
  return `at ${host}${pathname}`;
}
