import type { Command } from 'commander';
import { counted } from '../../domain/counted.js';
import { withDatabase } from '../context.js';
import { say, sayJson } from '../output.js';
import { Progress } from './progress.js';

const PHASES = { read: 'reading', move: 'moving', verify: 'verifying' } as const;

export function registerApplyCommand(storage: Command): void {
  storage
    .command('apply')
    .description('bring the database to its layout: hypertables with compression, where the server has TimescaleDB')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nBars that are there already move into the hypertable, in one transaction: they are counted and their checksums compared,\n' +
        'and where the command is ended in the middle, all is as before. Programs that use the bars wait until it is done.\n' +
        'It needs room on the disk for the bars twice more. Running it again changes nothing.\n' +
        '\nWYCKOFF_CHUNK_INTERVAL sets how long a chunk is (1 day where it is not set); where the bars are in chunks already, it is for new ones.\n' +
        '\nExample: WYCKOFF_CHUNK_INTERVAL="7 days" wyckoff storage apply',
    )
    .action(apply);
}

async function apply({ json }: { json?: true }): Promise<void> {
  const progress = new Progress(json === true);
  try {
    const report = await withDatabase(async ({ pool }, signal) => {
      const [{ applyStorage }, { readConfig }] = await Promise.all([
        import('../../database/layouts/apply.js'),
        import('../../config.js'),
      ]);
      return applyStorage(pool, {
        chunkInterval: readConfig().chunkInterval,
        signal,
        onProgress: ({ table, phase, done, total }) => progress.show(`${PHASES[phase]} ${table}`, done, total),
      });
    });
    progress.stop();
    if (json) return sayJson(report);
    if (report.layout === 'plain') {
      say('The server has no TimescaleDB: the layout is plain, and its tables are as the migrations made them.');
      say('Chunks and compression do not apply there; retention does.');
      return;
    }
    for (const change of report.changes) say(`${change.charAt(0).toUpperCase()}${change.slice(1)}.`);
    for (const { table, rows, chunks } of report.moved)
      say(
        `${counted(rows, 'row')} of ${table} moved into ${counted(chunks, 'chunk')}; count and checksum are as before.`,
      );
    if (report.earlierSessions > 0)
      say(
        `${counted(report.earlierSessions, 'other session')} of the database were open: a store goes on with plain settings, rightly but more slowly, until its ` +
          'connections are replaced (within DB_MAX_LIFETIME, 30 minutes by default). Restart it to have the new ones at once.',
      );
    if (report.changes.length === 0) say('The database has its layout already: nothing was changed.');
    say('Look at it: wyckoff storage status');
  } finally {
    progress.stop();
  }
}
