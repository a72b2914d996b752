/** `wyckoff seed`: sample data to look at. */
import type { Command } from 'commander';
import type { SeedReport } from '../../seeds/load.js';
import type { LoadedTable } from '../../seeds/loaded-table.js';
import { withDatabase } from './context.js';
import { note, say, sayJson } from './output.js';
import { renderTable } from './table.js';

const SHOWN_IDS = 20;

export function registerSeedCommand(program: Command): void {
  program
    .command('seed')
    .description(
      'load sample data: AAPL, SPY and TSLA on the 252 trading days of 2024, made up, and a ledger that fits them',
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nRunning it again adds nothing. Bars of your own and ledger rows that were changed are left as they are.\n\nExample: wyckoff seed',
    )
    .action(seed);
}

async function seed(options: { json?: true }): Promise<void> {
  const report = await withDatabase(async (database) => {
    const { loadSeeds } = await import('../../seeds/load.js');
    return loadSeeds(database);
  });
  if (options.json) sayJson(report);
  else await print(report);
}

async function print({ tables, leftAlone }: SeedReport): Promise<void> {
  const added = tables.reduce((sum, table) => sum + table.added, 0);
  say('Sample data: AAPL, SPY and TSLA, daily bars of 2024 that were made up, and the Wyckoff ledger that fits them.');
  const { text } = await renderTable(
    [
      { title: 'table' },
      { title: 'rows', align: 'right' },
      { title: 'new', align: 'right' },
      { title: 'there before', align: 'right' },
    ],
    tables.map(({ table, rows, added, same }) => [table, `${rows}`, `${added}`, `${same}`]),
  );
  say(text);
  for (const name of leftAlone) note(`${name} holds bars that are not the sample's: nothing was written to it.`);
  for (const table of tables) noteDifferences(table);
  say(added === 0 ? 'Nothing was missing: 0 new rows.' : `Loaded ${added.toLocaleString('en-US')} new rows.`);
}

function noteDifferences({ table, reset, differing }: LoadedTable): void {
  if (reset > 0) {
    note(
      `${table}: ${reset} sample bars had other values and were set back; what they said is in ohlcv_bar_revisions.`,
    );
  }
  if (differing.length === 0) return;
  const rest = differing.length > SHOWN_IDS ? ` and ${differing.length - SHOWN_IDS} more` : '';
  const [count, verb] =
    differing.length === 1 ? ['1 sample row has', 'it was'] : [`${differing.length} sample rows have`, 'they were'];
  note(`${table}: ${count} other values in the database than in the sample, and ${verb} left so:`);
  note(`  ${differing.slice(0, SHOWN_IDS).join('\n  ')}${rest}`);
}
