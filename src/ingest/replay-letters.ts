import type { Pool } from '../database/pool.js';
import { UnitsOfWork } from '../database/unit-of-work.js';
import type { Json } from '../domain/json.js';
import type { Logger } from '../observability/logger.js';
import { takeBatch } from './batch.js';
import { writeGroups } from './batch-writer.js';
import type { DeadLetter, DeadLetters } from './dead-letters.js';
import { type Entry, groupOf, newEntry } from './entry.js';
import { Fifo } from './fifo.js';
import { KINDS } from './kinds/kinds.js';
import { Origin } from './origin.js';
import { writeApart } from './write-apart.js';

/** Letters a transaction. */
const BATCH = 1_000;

export interface ReplayedLetters {
  /** In their tables, and no dead letters any more. */
  readonly written: readonly DeadLetter[];
  /** Refused again, and left as they are; in the order in which they were given, as `written`. */
  readonly refused: readonly { readonly letter: DeadLetter; readonly error: unknown }[];
}

/**
 * Writes dead letters through their repositories, oldest first, and takes exactly those out of the file that went in. Where the process dies
 * between the two, they are written again by the next replay, which changes nothing unless somebody has changed the row in between.
 *
 * @throws ConnectionError and whatever else is no fault of the rows; what was written until then is out of the file
 */
export async function replayDeadLetters(
  pool: Pool,
  log: Logger,
  deadLetters: DeadLetters,
  letters: readonly DeadLetter[],
): Promise<ReplayedLetters> {
  const units = new UnitsOfWork(pool, log);
  const origin = new Origin('', false);
  const queue = new Fifo<Entry>();
  for (const [number, letter] of letters.entries()) queue.push(entryOf(letter, number, origin));
  const written: DeadLetter[] = [];
  const refused = new Map<number, unknown>();
  while (queue.length > 0) {
    const batch = takeBatch(queue, BATCH);
    await writeApart(
      batch,
      (part) => units.run({}, (unit) => unit.transaction((client) => writeGroups(client, part))),
      async (refusals) => {
        for (const { entry, error } of refusals) {
          entry.dead = true;
          refused.set(entry.number, error);
        }
      },
    );
    const done = batch.filter(({ dead }) => !dead).map(({ number }) => letters[number]!);
    await deadLetters.remove(new Set(done.map(({ id }) => id)));
    written.push(...done);
  }
  // What names its rows is refused before what has to be found by halves.
  const inOrder = [...refused].sort(([a], [b]) => a - b);
  return { written, refused: inOrder.map(([number, error]) => ({ letter: letters[number]!, error })) };
}

function entryOf({ kind: name, options, rows: encoded }: DeadLetter, number: number, origin: Origin): Entry {
  const kind = KINDS[name];
  const rows = encoded.map((row) => kind.decode({ ...(row as object) } as Json)); // the letter stays as it is
  return newEntry(groupOf(kind, options), rows, [], 0).placed(origin, number, 0);
}
