import type { Command } from 'commander';
import type { CompressReport, Direction } from '../../database/layouts/compress.js';
import { counted } from '../../domain/counted.js';
import { withDatabase } from '../context.js';
import { say, sayJson } from '../output.js';
import { Progress } from './progress.js';
import { savedText, sized } from './sizes.js';

interface CompressOptions {
  readonly olderThan?: string;
  readonly json?: true;
}

export function registerCompressCommands(storage: Command): void {
  command(
    storage,
    'compress',
    'compress what ended longer ago (default: every chunk that has ended)',
    '\nExample: wyckoff storage compress --older-than "7 days"',
  );
  command(
    storage,
    'decompress',
    'undo the compression of what ended longer ago (default: of every chunk)',
    "\nThe compression policy compresses them again at its next run; to keep it from that: SELECT remove_compression_policy('ohlcv_bars');\n" +
      '\nExample: wyckoff storage decompress --older-than "30 days"',
  );
}

function command(storage: Command, direction: Direction, description: string, help: string): void {
  storage
    .command(direction)
    .description(`${direction} chunks, one after the other; it may be stopped at any time and goes on from there`)
    .option('--older-than <interval>', description)
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action((options: CompressOptions) => run(direction, options));
}

async function run(direction: Direction, { olderThan, json }: CompressOptions): Promise<void> {
  const progress = new Progress(json === true);
  try {
    const reports = await withDatabase(async (database, signal) => {
      const { compressChunks } = await import('../../database/layouts/compress.js');
      return compressChunks(database, direction, {
        olderThan,
        signal,
        onProgress: ({ table, done, total }) => progress.show(`${direction}ing ${table}`, done, total),
      });
    });
    progress.stop();
    if (json) return sayJson({ tables: reports });
    if (reports.length === 0) say('There are no hypertables: compression does not apply to plain tables.');
    for (const report of reports) say(sentence(direction, report));
  } finally {
    progress.stop();
  }
}

function sentence(direction: Direction, { table, chunks, bytesBefore, bytesAfter }: CompressReport): string {
  if (chunks === 0) return `${table}: no chunk to ${direction}.`;
  const less = direction === 'compress' ? `, ${savedText(bytesBefore, bytesAfter)}` : '';
  return `${table}: ${direction}ed ${counted(chunks, 'chunk')}, ${sized(bytesBefore)} before, ${sized(bytesAfter)} after${less}.`;
}
