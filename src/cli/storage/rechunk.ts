import type { Command } from 'commander';
import type { RechunkedTable, RechunkReport } from '../../database/layouts/rechunk.js';
import { counted } from '../../domain/counted.js';
import { withDatabase } from '../context.js';
import { say, sayJson } from '../output.js';
import { Progress } from './progress.js';

interface RechunkOptions {
  readonly interval: string;
  readonly table?: string;
  readonly json?: true;
}

export function registerRechunkCommand(storage: Command): void {
  storage
    .command('rechunk')
    .description('cut chunks to another interval, those that are there and those to come, while programs go on')
    .requiredOption('--interval <interval>', "whole hours, days or weeks, e.g. '7 days'")
    .option('--table <name>', 'one hypertable only (default: all)')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nIt goes window by window, a few chunks at a time; rows are counted and their checksums compared before each is committed. Writers of the\n' +
        'table wait while a window is worked on, readers for its last part. It may be stopped at any time: run it again, and it goes on.\n' +
        "What it has cut is compressed, so that no reader misses it; what is written to it then is compressed at the policy's next run.\n" +
        '\nExample: wyckoff storage rechunk --interval "7 days" --table ohlcv_bars',
    )
    .action(rechunk);
}

async function rechunk({ json, ...options }: RechunkOptions): Promise<void> {
  const progress = new Progress(json === true);
  try {
    const report = await withDatabase(async (database, signal) => {
      const [{ rechunk }, { readConfig }] = await Promise.all([
        import('../../database/layouts/rechunk.js'),
        import('../../config.js'),
      ]);
      return rechunk(database, {
        ...options,
        configured: readConfig().chunkInterval,
        signal,
        onProgress: ({ table, done, total }) => progress.show(`rechunking ${table}`, done, total),
      });
    });
    progress.stop();
    if (json) return sayJson(report);
    if (report.tables.length === 0) return say('There are no hypertables: plain tables have no chunks.');
    for (const table of report.tables) say(sentence(table, report.interval));
    say(`New chunks are of ${report.interval}, too. ${configurationSentence(report, options.table)}`);
  } finally {
    progress.stop();
  }
}

function sentence({ table, windows, rows, chunksBefore, chunksAfter }: RechunkedTable, interval: string): string {
  if (windows === 0) return `${table}: ${chunksBefore === 0 ? 'no chunk' : `every chunk is of ${interval} already`}.`;
  return (
    `${table}: ${counted(chunksBefore, 'chunk')} became ${counted(chunksAfter, 'chunk')} of ${interval}, ` +
    `${counted(rows, 'row')} moved in ${counted(windows, 'step')}; counts and checksums are as before.`
  );
}

/** What keeps it so: `apply` sets what is configured, for all tables alike. */
function configurationSentence({ configured, reverts, interval }: RechunkReport, table: string | undefined): string {
  if (reverts)
    return (
      `WYCKOFF_CHUNK_INTERVAL, or wyckoff.chunk_interval of the database, says ${configured}, which the next "storage apply" would set again: ` +
      `${table === undefined ? `set it to '${interval}'` : 'take it away, since it is for all tables'}.`
    );
  if (configured !== null) return 'The configuration says the same.';
  return table === undefined
    ? `Set WYCKOFF_CHUNK_INTERVAL='${interval}' for tables and databases that are made later.`
    : '"storage apply" leaves it so.';
}
