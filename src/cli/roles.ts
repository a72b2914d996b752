/** `wyckoff roles`: who may do what in the database. */
import type { Command } from 'commander';
import type { GrantDifference } from '../database/grants.js';
import type { RolesReport } from '../database/roles.js';
import { withDatabase } from './context.js';
import { say, sayJson } from './output.js';
import { renderTable } from './table.js';

export function registerRolesCommands(program: Command): void {
  program
    .command('roles')
    .description('the roles of the database and their rights')
    .command('apply')
    .description('make the roles wyckoff_owner, wyckoff_app and wyckoff_readonly, or set their rights right')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nNobody logs in as one of them: users are made their members. Rights that are missing are granted and those too many taken\n' +
        'away, in one transaction; running it again changes nothing. Run it again after a migration that makes tables.\n' +
        '\nIt needs a superuser, or a user with CREATEROLE that owns the database and its tables.\n' +
        'PUBLIC, which is every user of the server, loses its rights on the tables and functions, TEMPORARY on the database and\n' +
        'CREATE in the schema. It keeps CONNECT and USAGE, which show nobody a row and which backups and exporters rely on.\n' +
        '\nExample: wyckoff roles apply',
    )
    .action(apply);
}

async function apply(options: { json?: true }): Promise<void> {
  const report = await withDatabase(async (database) => {
    const { applyRoles } = await import('../database/roles.js');
    return applyRoles(database.pool);
  });
  if (options.json) sayJson(report);
  else await print(report);
}

async function print(report: RolesReport): Promise<void> {
  const { TABLE_GRANTS, GRANTED_ROLES } = await import('../database/role-grants.js');
  const { text } = await renderTable(
    ['table', ...GRANTED_ROLES].map((title) => ({ title })),
    Object.entries(TABLE_GRANTS).map(([table, grants]) => [
      table,
      ...GRANTED_ROLES.map((role) => grants[role].join(' ')),
    ]),
  );
  say(text);
  const { created, transferred, kept, formerOwners, mended, databaseOwner } = report;
  if (created.length > 0) say(`Made the roles ${created.join(', ')}.`);
  if (transferred.length > 0)
    say(`wyckoff_owner owns ${transferred.length === 1 ? '1 object' : `${transferred.length} objects`} more now.`);
  for (const table of kept)
    say(
      `${table.replace(/^\w+ /, '')} stays its owner's: only a superuser can give a hypertable away. Its rights are set.`,
    );
  const taken = mended.filter(({ extra }) => extra.length > 0);
  for (const difference of taken) say(`Took away: ${sentence(difference)}.`);
  const granted = mended.filter(({ missing }) => missing.length > 0).length;
  if (granted > 0) say(`Granted what was missing in ${granted === 1 ? '1 place' : `${granted} places`}.`);
  if (created.length + transferred.length + mended.length === 0) say('All of it was so already: nothing was changed.');
  for (const user of formerOwners) {
    say(
      `${user} owned the tables and is a member of wyckoff_owner now, so that it can do what it could before. For a program, less is enough:`,
    );
    say(`  GRANT wyckoff_app TO "${user}"; REVOKE wyckoff_owner FROM "${user}";`);
  }
  if (databaseOwner !== null)
    say(
      `${databaseOwner} owns the database, and so may drop what is in it. To take that away: ALTER DATABASE ... OWNER TO an administrator.`,
    );
  say('Next, for each program or person:');
  say("  CREATE ROLE trader LOGIN PASSWORD '...' IN ROLE wyckoff_app;      -- or wyckoff_readonly");
  say('  GRANT wyckoff_app TO a_user_that_is_there;');
}

function sentence({ kind, object, role, extra }: GrantDifference): string {
  if (kind === 'MEMBERSHIP') return `the membership of ${role} in ${object}`;
  return `${extra.join(', ')} on ${kind.toLowerCase()} ${object} from ${role}`;
}
