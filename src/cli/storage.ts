/** `wyckoff storage`: how the bars lie on disk. */
import type { Command } from 'commander';
import { registerApplyCommand } from './storage/apply.js';
import { registerCompressCommands } from './storage/compress.js';
import { registerRechunkCommand } from './storage/rechunk.js';
import { registerRefreshCommand } from './storage/refresh.js';
import { registerRetentionCommands } from './storage/retention.js';
import { registerStatusCommand } from './storage/status.js';

export function registerStorageCommands(program: Command): void {
  const storage = program
    .command('storage')
    .description('how the bars lie on disk: chunks, compression, aggregates and retention');
  registerApplyCommand(storage);
  registerStatusCommand(storage);
  registerCompressCommands(storage);
  registerRefreshCommand(storage);
  registerRechunkCommand(storage);
  registerRetentionCommands(storage);
}
