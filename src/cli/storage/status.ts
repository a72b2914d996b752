import type { Command } from 'commander';
import type { HypertableStatus, JobStatus, StorageStatus } from '../../database/layouts/status.js';
import { counted } from '../../domain/counted.js';
import { formatInstant } from '../../domain/time.js';
import { withDatabase } from '../context.js';
import { say, sayJson } from '../output.js';
import { renderTable } from '../table.js';
import { savedText, sized } from './sizes.js';

export function registerStatusCommand(storage: Command): void {
  storage
    .command('status')
    .description('chunks, sizes, compression, the policies and their runs, and what to do')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample: wyckoff storage status')
    .action(status);
}

async function status({ json }: { json?: true }): Promise<void> {
  const [found, retention] = await withDatabase(({ pool }) =>
    pool.withClient(async (client) => {
      const [{ readStorageStatus }, { readRetention }] = await Promise.all([
        import('../../database/layouts/read-status.js'),
        import('../../database/layouts/retention.js'),
      ]);
      return [await readStorageStatus(client), await readRetention(client)] as const;
    }),
  );
  if (json) return sayJson({ ...found, retention });
  const { serverVersion, extensionVersion, hypertables, tables, jobs, advice } = found;
  say(
    `PostgreSQL ${serverVersion}, ${extensionVersion ? `TimescaleDB ${extensionVersion}` : 'without TimescaleDB in this database'}`,
  );
  if (hypertables.length > 0) say((await hypertableTable(hypertables)).text);
  for (const { table, rows, bytes } of tables) say(`${table}: a plain table, ${counted(rows, 'row')}, ${sized(bytes)}`);
  for (const hypertable of hypertables) for (const line of describe(hypertable)) say(line);
  const limited = retention.filter(({ keep }) => keep !== null);
  for (const { table, keep, rows, series } of limited) {
    const next = `the next run removes ${counted(rows, 'row')} of ${counted(series, 'series', 'series')}`;
    say(`${table}: retention keeps ${keep}; ${next}`);
  }
  if (limited.length === 0) say('retention is off: everything is kept for ever');
  if (jobs.length > 0) say((await jobTable(jobs)).text);
  if (hypertables.length === 0) say('Chunks, compression and their policies do not apply to plain tables.');
  printAdvice(found);
  if (advice.length === 0) say('Nothing is to be done.');
}

function describe({
  table,
  dueChunks,
  dueBytes,
  compressAfter,
  bytesBeforeCompression,
  bytesAfterCompression,
  compressedChunks,
}: HypertableStatus) {
  const lines: string[] = [];
  if (compressedChunks > 0) {
    const less = savedText(bytesBeforeCompression, bytesAfterCompression);
    lines.push(
      `${table}: compression made ${sized(bytesAfterCompression)} of ${sized(bytesBeforeCompression)}, ${less}`,
    );
  }
  if (compressAfter !== null) {
    const next = dueChunks === 0 ? 'nothing' : `${counted(dueChunks, 'chunk')}, ${sized(dueBytes)}`;
    lines.push(`${table}: chunks are compressed after ${compressAfter}; the next run takes ${next}`);
  }
  return lines;
}

function hypertableTable(hypertables: readonly HypertableStatus[]) {
  return renderTable(
    [
      { title: 'hypertable' },
      ...['chunk', 'chunks', 'compressed', 'rows', 'rows a chunk', 'size'].map((title) => ({
        title,
        align: 'right' as const,
      })),
      { title: 'from', optional: true },
      { title: 'to', optional: true },
    ],
    hypertables.map((each) => [
      each.table,
      each.chunkInterval,
      each.chunks.toLocaleString('en-US'),
      each.compressedChunks.toLocaleString('en-US'),
      each.rows.toLocaleString('en-US'),
      each.rowsPerChunk?.toLocaleString('en-US') ?? '',
      sized(each.bytes),
      each.oldest ? formatInstant(each.oldest) : '',
      each.newest ? formatInstant(each.newest) : '',
    ]),
  );
}

function jobTable(jobs: readonly JobStatus[]) {
  const when = (at: Date | null) => (at ? formatInstant(new Date(Math.floor(at.getTime() / 1000) * 1000)) : 'never');
  return renderTable(
    ['job', 'of', 'every', 'last run', 'ended', 'next run'].map((title) => ({ title })),
    jobs.map(({ job, table, every, lastRun, lastStatus, nextRun, enabled }) => [
      job,
      table ?? '',
      every,
      when(lastRun),
      lastStatus ?? '',
      enabled ? (nextRun ? when(nextRun) : '') : 'switched off',
    ]),
  );
}

function printAdvice({ advice }: StorageStatus): void {
  for (const { what, command } of advice) {
    say(`- ${what}:`);
    say(`    ${command}`);
  }
}
