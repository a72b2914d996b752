/** `wyckoff trace`: the whole story of one idea. */
import type { Command } from 'commander';
import { readIdStartArgument } from './ledger/options.js';

export function registerTraceCommand(program: Command): void {
  program
    .command('trace')
    .description(
      'the whole story of one idea in time order: from the range and its patterns to signals, fills and exits',
    )
    .argument('<correlation-id>', 'the id that its events share, or the start of it', readIdStartArgument)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nThe show commands name the correlation ids of a row, "wyckoff audit list" those of events. Times are UTC.\n' +
        '\nExit status: 0 fine, 1 where there is no such story or its chain of hashes does not verify.\n' +
        'Example: wyckoff trace 23e04748',
    )
    .action(async (start: string, options: { json?: true }) => {
      const { trace } = await import('./ledger/trace.js');
      await trace(start, options);
    });
}
