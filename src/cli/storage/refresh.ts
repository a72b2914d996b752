import type { Command } from 'commander';
import type { RefreshReport } from '../../database/layouts/refresh-aggregates.js';
import { counted } from '../../domain/counted.js';
import { withDatabase } from '../context.js';
import { say, sayJson } from '../output.js';
import { Progress } from './progress.js';

export function registerRefreshCommand(storage: Command): void {
  storage
    .command('refresh')
    .description('bring the continuous aggregates up to date now; a job does it every hour')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nThe answers of bars.resample are right before it, too: days that changed are read from their 1m bars, which takes longer.\n' +
        'It may be stopped at any time and goes on from there.\n' +
        '\nExample: wyckoff storage refresh',
    )
    .action(refresh);
}

async function refresh({ json }: { json?: true }): Promise<void> {
  const progress = new Progress(json === true);
  try {
    const report = await withDatabase(async (database, signal) => {
      const { refreshAggregates } = await import('../../database/layouts/refresh-aggregates.js');
      return refreshAggregates(database, {
        signal,
        onProgress: ({ done, total }) => progress.show('refreshing the aggregates', done, total),
      });
    });
    progress.stop();
    if (json) return sayJson(report ? { aggregates: true, ...report } : { aggregates: false });
    say(
      report
        ? sentence(report)
        : 'There are no continuous aggregates: coarser bars are made of the 1m bars at every read.',
    );
  } finally {
    progress.stop();
  }
}

function sentence({ refreshed, changed, open }: RefreshReport): string {
  const parts = [refreshed === 0 ? 'no day to refresh' : `refreshed ${counted(refreshed, 'day')} (of one symbol each)`];
  if (changed > 0) parts.push(`${counted(changed, 'day')} changed meanwhile: run it again, or leave it to the job`);
  if (open > 0)
    parts.push(
      open === 1 ? '1 day that has not ended stays as it is' : `${open} days that have not ended stay as they are`,
    );
  const text = parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
