/** `wyckoff restore`: the ledger of an export, verbatim. */
import type { Command } from 'commander';
import type { RestoreProgress } from '../transfer/restore/restorer.js';
import { withStore } from './context.js';
import { note, say, sayJson } from './output.js';

export function registerRestoreCommand(program: Command): void {
  program
    .command('restore')
    .description(
      'bring the ledger of an export into an empty one, verbatim: ids, instants, versions and the audit trail',
    )
    .argument('<directory>', 'what "wyckoff export ledger --format ndjson" wrote, alone or with the market data')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nIt needs the owner of the tables, and is one transaction: writers of the ledger wait, readers see nothing of it before the end.\n' +
        'What was restored is held against the files line by line, and the audit chains are verified, before it is committed. It writes no event of\n' +
        'its own: the audit trail has the digest that it had. Market data are brought by "wyckoff import", before or after it.\n' +
        '\nExample: wyckoff restore backup\n' +
        '\nExit status: 0 restored, 1 refused (nothing was written), 2 wrong usage.',
    )
    .action(restore);
}

async function restore(directory: string, { json }: { json?: true }): Promise<void> {
  const onProgress = json ? undefined : tellFiles();
  const result = await withStore((store, signal) => store.files.restoreLedger({ directory, signal, onProgress }));
  if (json) return sayJson(result);
  const { rows, auditDigest, seconds } = result;
  for (const [kind, count] of Object.entries(rows)) say(`${kind}: ${counted(count)}`);
  say(`Restored in ${seconds.toFixed(1)} s, and verified. Digest of the audit trail: ${auditDigest}`);
}

/** On stderr, so that the report can be piped. */
function tellFiles(): (progress: RestoreProgress) => void {
  let current = '';
  return ({ kind, phase, total }) => {
    if (current === kind + phase) return;
    current = kind + phase;
    note(`${phase === 'write' ? 'writing' : 'comparing'} ${kind}, ${counted(total)} rows`);
  };
}

function counted(value: number): string {
  return value.toLocaleString('en-US');
}
