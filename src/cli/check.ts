/** `wyckoff check lookups`: are the lookups quick, and do they find everything? */
import type { Command } from 'commander';
import type { LookupCheck } from '../check/lookups.js';
import type { LookupResult } from '../check/measure.js';
import { withDatabase } from './context.js';
import { note, say, sayJson } from './output.js';
import { renderTable } from './table.js';

const PLAN = 'how the server finds the bars';

export function registerCheckCommands(program: Command): void {
  program
    .command('check')
    .description('check what the store promises')
    .command('lookups')
    .description('time the usual lookups and a one-bar write, and count what they return')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nEach runs 50 times after a warm-up, through the store. p50, p95 and p99 are milliseconds: half, 95% and 99% of the runs took no\n' +
        'longer. It fails when the p95 is over the limit or a lookup returns another number of rows than there are. The bars that it\n' +
        'writes go to a series of their own and are removed.\n' +
        '\nExit status: 0 when all passed, 1 when not.\nExample: wyckoff check lookups --json',
    )
    .action(lookups);
}

async function lookups(options: { json?: true }): Promise<void> {
  const check = await withDatabase(async (database) => {
    const [{ checkLookups }, { sampleSeries }] = await Promise.all([
      import('../check/lookups.js'),
      import('../../seeds/load.js'),
    ]);
    return checkLookups(database.pool, await sampleSeries());
  });
  if (!check.passed) process.exitCode = 1;
  if (options.json) sayJson(check);
  else await print(check);
}

async function print({ passed, runs, series, lookups, failures }: LookupCheck): Promise<void> {
  if (series.length === 0) {
    note(`FAIL: ${failures[0]}, so there is nothing to look up.`);
    note('hint: "wyckoff seed" loads sample data, "wyckoff import FILE" your own');
    return;
  }
  say(`Each lookup ${runs} times, on ${series.join(', ')}; times in milliseconds, judged at p95.`);
  const { text, leftOut } = await renderTable(
    [
      { title: 'lookup' },
      { title: 'rows', align: 'right' },
      ...(['p50', 'p95', 'p99', 'limit'] as const).map((title) => ({ title, align: 'right' }) as const),
      { title: 'verdict' },
      { title: PLAN, optional: true },
    ],
    lookups.map(row),
  );
  say(text);
  if (leftOut.length > 0) {
    say(`${PLAN}:`);
    for (const { name, plan } of lookups) say(`  ${name}: ${plan.join('; ')}`);
  }
  for (const lookup of lookups) noteSlowRounds(lookup);
  for (const failure of failures) note(`FAIL: ${failure}`);
  if (passed) say(`All ${lookups.length} passed.`);
}

function row({ name, answers, p50, p95, p99, limit, passed, plan }: LookupResult): string[] {
  const rows = [...new Set(answers.map((answer) => answer.rows))].join(', ');
  const times = [p50, p95, p99].map((time) => time.toFixed(2));
  return [name, rows, ...times, `${limit}`, passed ? 'PASS' : 'FAIL', plan.join('; ')];
}

function noteSlowRounds({ name, limit, slowRounds }: LookupResult): void {
  if (slowRounds.length === 0) return;
  const times = slowRounds.map(({ p95 }) => p95.toFixed(1)).join(' and ');
  note(`${name}: measured again, because the p95 was ${times} ms before (limit ${limit}); is the machine busy?`);
}
