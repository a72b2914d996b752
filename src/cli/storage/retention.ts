import type { Command } from 'commander';
import type { Retention } from '../../database/layouts/retention.js';
import { counted } from '../../domain/counted.js';
import { formatInstant } from '../../domain/time.js';
import { withDatabase } from '../context.js';
import { note, say, sayJson } from '../output.js';

interface Options {
  readonly table?: string;
  readonly json?: true;
}

const BARS = 'ohlcv_bars';

export function registerRetentionCommands(storage: Command): void {
  const retention = storage.command('retention').description('how long rows are kept (for ever, unless it is set)');
  retention
    .command('set')
    .description('keep the rows of a table for an interval, or "forever"; nothing is removed before the next run')
    .argument('<interval>', "e.g. '10 years', or forever")
    .option('--table <name>', 'ohlcv_bars, trades, quotes, order_book_snapshots or indicators', BARS)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nIt is kept in the database, where the daily job reads it, so that every program and every machine goes by the same.\n' +
        '\nExample: wyckoff storage retention set "10 years" && wyckoff storage retention set "90 days" --table order_book_snapshots',
    )
    .action(set);
  retention
    .command('show')
    .description('what is set, and what the next run would remove')
    .option('--table <name>', 'one table only (default: all)')
    .option('--json', 'print one JSON object')
    .action(show);
  retention
    .command('run')
    .description('remove what is older, now')
    .option('--table <name>', 'one table only (default: all)')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nRows go, and the former values of bars, by chunks where the layout has them; the audit trail keeps an event for each series.\n' +
        'On TimescaleDB a job does this once a day; elsewhere let cron run it.',
    )
    .action(run);
}

async function set(interval: string, { table = BARS, json }: Options): Promise<void> {
  const keep = interval.trim().toLowerCase() === 'forever' ? null : interval;
  const retention = await withDatabase(async ({ pool }) => {
    const { setRetention } = await import('../../database/layouts/retention.js');
    return setRetention(pool, table, keep, await actorName());
  });
  if (json) sayJson(retention);
  else for (const line of retentionLines(retention)) say(line);
}

async function show({ table, json }: Options): Promise<void> {
  const tables = await withDatabase(async ({ pool }) => {
    const { readRetention } = await import('../../database/layouts/retention.js');
    return pool.withClient((client) => readRetention(client, table));
  });
  if (json) sayJson({ tables });
  else for (const line of tables.flatMap(retentionLines)) say(line);
}

async function run({ table, json }: Options): Promise<void> {
  const tables = await withDatabase(async ({ pool }, signal) => {
    const { runRetention } = await import('../../database/layouts/retention.js');
    return runRetention(pool, {
      ...{ table, actor: await actorName(), signal },
      onProgress: (name, before) => {
        if (!json) note(`${name}: removed what was before ${formatInstant(before)}`);
      },
    });
  });
  if (json) return sayJson({ tables });
  if (tables.length === 0) {
    return say(`Retention is off: ${table ?? 'everything'} is kept for ever. "wyckoff storage retention set" sets it.`);
  }
  for (const { table: name, series } of tables) {
    for (const one of series) {
      const parts = [name, one.symbol, one.timeframe, one.name].filter((part) => part !== '');
      say(`${parts.join(' ')}: ${counted(one.rows, 'row')} removed`);
    }
    if (series.length === 0) say(`${name}: nothing was that old, nothing was removed.`);
  }
}

function retentionLines({ table, keep, setBy, setAt, cutoff, rows, series, lastRemoval }: Retention): string[] {
  const last = lastRemoval ? ` Rows were removed last on ${lastRemoval.toISOString().slice(0, 10)}.` : '';
  if (keep === null) return [`${table}: kept for ever.${last}`];
  return [
    `${table}: kept for ${keep}, set by ${setBy} on ${formatInstant(setAt!).slice(0, 10)}.${last}`,
    `  A run now removes what is before ${formatInstant(cutoff!)}: ${counted(rows, 'row')} of ${counted(series, 'series', 'series')}.`,
  ];
}

async function actorName(): Promise<string> {
  const { readConfig } = await import('../../config.js');
  return readConfig().pool.applicationName;
}
