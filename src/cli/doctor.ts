/** `wyckoff doctor`: is the database what this version expects? */
import type { Command } from 'commander';
import type { Difference, DoctorReport, Group } from '../database/doctor/report.js';
import { EmbeddedServerError } from '../errors.js';
import { withDatabase } from './context.js';
import { say, sayJson } from './output.js';

/** Differences of one group that are printed; --json has all. */
const SHOWN = 20;

export function registerDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('compare the database with what this version expects, and say how to mend each difference')
    .option('--full', 'hold every series against its rows, not twenty of each catalog at random')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nIt looks at versions, migrations, tables, constraints, indexes, functions, triggers, hypertables and their jobs, grants, the catalogs\n' +
        'of the series, settings, clocks and disk room. It reads only, in read-only transactions. What the user may not see is told as not checked.\n' +
        '\nA mend is one line: a command, or SQL that ends with a semicolon, which the owner of the tables runs in psql. Look at the database\n' +
        'again after mending: what one difference hides shows then.\n' +
        '\nExit status: 0 when nothing differs, 1 when something does.\nExample: wyckoff doctor --full',
    )
    .action(doctor);
}

async function doctor(options: { full?: true; json?: true }): Promise<void> {
  const { readConfig } = await import('../config.js');
  const config = readConfig();
  if (config.databaseUrl === undefined) await requireEmbeddedDatabase(config.dataDirectory);
  const report = await withDatabase(async (database) => {
    const { examine } = await import('../database/doctor/examine.js');
    return examine(database, { config, full: options.full === true });
  }, 'ignore');
  if (!report.passed) process.exitCode = 1;
  if (options.json) sayJson(report);
  else print(report);
}

/** To look is not to make. */
async function requireEmbeddedDatabase(dataDirectory: string): Promise<void> {
  const { embeddedServerStatus } = await import('../database/embedded-server.js');
  const status = await embeddedServerStatus({ dataDirectory });
  if (status.state !== 'absent') return;
  throw new EmbeddedServerError('EMBEDDED_ABSENT', `there is no database in ${status.dataDirectory} yet`, {
    hint: '"wyckoff migrate" makes it; another one is named by WYCKOFF_DATABASE_URL',
  });
}

function print({ serverVersion, extensionVersion, embedded, database, user, groups }: DoctorReport): void {
  const timescale = extensionVersion === null ? '' : ` with TimescaleDB ${extensionVersion}`;
  say(
    `${embedded ? 'The embedded PostgreSQL' : 'PostgreSQL'} ${serverVersion}${timescale}, database ${database}, as ${user}.`,
  );
  const width = Math.max(...groups.map(({ name }) => name.length));
  const verdicts = groups.map(verdict);
  const verdictWidth = Math.max(...verdicts.map((text) => text.length));
  for (const [at, group] of groups.entries()) {
    const { name, checked, differences, warnings, notChecked } = group;
    say(`${name.padEnd(width)}  ${verdicts[at]!.padEnd(verdictWidth)}  ${checked}`.trimEnd());
    printAll('-', differences);
    printAll('- warning:', warnings);
    for (const reason of notChecked) say(`  not checked: ${reason}`);
  }
  say(conclusion(groups));
  if (groups.some(({ status }) => status === 'differs')) say('Mend from the top down, and look again: wyckoff doctor');
}

function verdict({ status, differences }: Group): string {
  if (status === 'differs') return differences.length === 1 ? '1 difference' : `${differences.length} differences`;
  return status === 'passed' ? 'ok' : 'not checked';
}

function printAll(mark: string, differences: readonly Difference[]): void {
  for (const { object, expected, found, meaning, mend } of differences.slice(0, SHOWN)) {
    say(`  ${mark} ${object}`);
    say(`      expected  ${expected}`);
    say(`      found     ${found}`);
    say(`      means     ${meaning}`);
    say(`      mend      ${mend}`);
  }
  const rest = differences.length - SHOWN;
  if (rest > 0) say(`  and ${rest.toLocaleString('en-US')} more: --json has all`);
}

function conclusion(groups: readonly Group[]): string {
  const count = (of: (group: Group) => number) => groups.reduce((sum, group) => sum + of(group), 0);
  const [differences, warnings, unseen] = [
    count((group) => group.differences.length),
    count((group) => group.warnings.length),
    count((group) => group.notChecked.length),
  ];
  const parts = [
    differences === 0 ? 'Nothing differs' : differences === 1 ? '1 difference' : `${differences} differences`,
    ...(warnings > 0 ? [warnings === 1 ? '1 warning' : `${warnings} warnings`] : []),
    ...(unseen > 0 ? [`${unseen} not checked`] : []),
  ];
  return `${parts.join(', ')}.`;
}
