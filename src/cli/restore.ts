/** `wyckoff restore`: the ledger of an export, verbatim. */
import type { Command } from 'commander';

export function registerRestoreCommand(program: Command): void {
  program.command('restore');
}
