/** `wyckoff dead-letters`: rows that the database refused when they were written live. */
import type { Command } from 'commander';
import { counted } from '../domain/counted.js';
import type { DeadLetter } from '../ingest/dead-letters.js';
import { withDatabase } from './context.js';
import { note, say, sayJson } from './output.js';
import { type Column, renderTable } from './table.js';

interface Options {
  readonly directory?: string;
  readonly all?: true;
  readonly json?: true;
}

const TABLE: readonly Column[] = [
  { title: 'time' },
  { title: 'kind' },
  { title: 'symbol' },
  { title: 'at', optional: true },
  { title: 'code' },
  { title: 'tries', align: 'right', optional: true },
  { title: 'id' },
];

export function registerDeadLettersCommands(program: Command): void {
  const letters = program
    .command('dead-letters')
    .description('rows that the database refused when they were written live: look at them, bring them in, drop them')
    .addHelpText(
      'after',
      '\nThey are in dead-letters.ndjson, one a line, in the folder ingest of WYCKOFF_DATA_DIR (default: .wyckoff).\n' +
        '\nExample: wyckoff dead-letters list && wyckoff dead-letters replay',
    );
  const command = (name: string) =>
    letters
      .command(name)
      .option('--directory <folder>', 'where they are, when the store was opened with ingest.directory')
      .option('--json', 'print one JSON object');
  command('list').description('print them, oldest first').action(list);
  command('replay')
    .description('write them, when what the database refused is mended; those that go in are dead letters no more')
    .argument('[ids...]', 'these alone; default: all')
    .addHelpText(
      'after',
      '\nA row takes the place of what is stored for its instant, also where that is newer than the dead letter.\n' +
        'Exit status: 0 all went in, 1 some were refused again.',
    )
    .action(replay);
  command('drop')
    .description('throw them away')
    .argument('[ids...]', 'these')
    .option('--all', 'all of them')
    .addHelpText('after', '\nExit status: 0 they are gone, 1 one of the ids is not there; then nothing is dropped.')
    .action(drop);
}

async function list(options: Options): Promise<void> {
  const file = await open(options);
  const letters = await file.list();
  if (options.json) {
    sayJson({ file: file.path, letters });
    return;
  }
  if (letters.length === 0) {
    say(`No dead letters in ${file.path}.`);
    return;
  }
  const { text, leftOut } = await renderTable(TABLE, letters.map(cells));
  say(text);
  if (leftOut.length > 0) note(`Left out for want of room: ${leftOut.join(', ')}; --json has everything.`);
  note(`${counted(letters.length, 'dead letter')} in ${file.path}; --json tells why each was refused.`);
}

async function replay(ids: readonly string[], options: Options): Promise<void> {
  const file = await open(options);
  const letters = await chosen(await file.list(), ids);
  const { written, refused } = await withDatabase(async (database) => {
    const { replayDeadLetters } = await import('../ingest/replay-letters.js');
    return replayDeadLetters(database.pool, database.log, file, letters);
  });
  if (refused.length > 0) process.exitCode = 1;
  const reasons = refused.map(({ letter, error }) => ({ id: letter.id, reason: reasonOf(error) }));
  if (options.json) {
    sayJson({ written: written.map(({ id }) => id), refused: reasons });
    return;
  }
  say(`${counted(written.length, 'dead letter')} went in, ${refused.length} refused again.`);
  for (const { id, reason } of reasons) note(`  ${id}: ${reason}`);
}

async function drop(ids: readonly string[], options: Options, command: Command): Promise<void> {
  if (ids.length > 0 === (options.all === true)) command.error('error: name the ids, or say --all');
  const file = await open(options);
  const letters = await chosen(await file.list(), ids);
  await file.remove(new Set(letters.map(({ id }) => id)));
  if (options.json) sayJson({ dropped: letters.map(({ id }) => id) });
  else say(`Dropped ${counted(letters.length, 'dead letter')}.`);
}

/** @throws NotFoundError */
async function chosen(letters: readonly DeadLetter[], ids: readonly string[]): Promise<readonly DeadLetter[]> {
  if (ids.length === 0) return letters;
  const wanted = new Set(ids);
  const found = letters.filter(({ id }) => wanted.has(id));
  if (found.length === wanted.size) return found;
  const { NotFoundError } = await import('../errors.js');
  const missing = ids.filter((id) => !found.some((letter) => letter.id === id));
  throw new NotFoundError('DEAD_LETTER_MISSING', `no dead letter ${missing.join(', ')}`, {
    hint: '`wyckoff dead-letters list` prints the ids',
  });
}

function cells({ time, kind, code, attempts, id, rows }: DeadLetter): string[] {
  const [first] = rows as readonly { readonly symbol?: string; readonly timestamp?: string }[];
  return [time, kind, first?.symbol ?? '', first?.timestamp ?? '', code, String(attempts), id];
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function open({ directory }: Options) {
  const [{ DeadLetters }, { ingestDirectory }, { readConfig }] = await Promise.all([
    import('../ingest/dead-letters.js'),
    import('../ingest/settings.js'),
    import('../config.js'),
  ]);
  return new DeadLetters(directory ?? ingestDirectory(readConfig().dataDirectory));
}
